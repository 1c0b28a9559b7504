import { describe, expect, test } from 'vitest';
import { deliverAhead, type Effect, persist, RefusedInputError, send } from '../../../statecharts/actor.ts';
import { type RaftRecord, raftServer } from '../../../statecharts/raft.ts';
import { earlierGrantMs, leaseLengthMs, mostDrift } from '../../../statecharts/replication/lease.ts';
import {
  candidateWith,
  contextWith,
  fileOf,
  leaderWith,
  loyalWith,
  matches,
  members,
  n1,
  n2,
  n3,
  type ServerState,
} from './bench.ts';

/** A leader whose leases are of 400 ms. */
const leaseLeader = (): ServerState => leaderWith({ term: 4, leaseMs: 400 });
const read = (id: number, atMs: number) => ({ type: 'read', id, byLease: true, atMs }) as const;
const plainRead = (id: number, atMs: number) => ({ type: 'read', id, atMs }) as const;
const following = (state: ServerState, ...happenings: readonly Parameters<typeof raftServer.step>[1][]): ServerState =>
  happenings.reduce((at, happening) => raftServer.step(at, happening).state, state);
/** An answer that grants a lease of 400 ms besides. */
const grantedBy = (...answer: Parameters<typeof matches>) => ({ ...matches(...answer), grantsMs: 400 });
/** What a server with the first entry alone answers to an append that tells of none. */
const answerTo = ({ term, round }: { readonly term: number; readonly round: number }) =>
  ({ type: 'appendReply', term, matches: true, index: 0, hintIndex: 0, hintTerm: 0, round }) as const;
const answers = (effects: readonly Effect[]) => effects.filter(({ type }) => type === 'deliver');
const readable = (id: number) => deliverAhead({ type: 'readable', id, index: 2 });
/** The round that began at 1,000 was answered by a majority, at 1,300. */
const held = (): ServerState =>
  following(leaseLeader(), plainRead(1, 1_000), { ...grantedBy(n2, 4, 2, 1), atMs: 1_300 });

describe('a lease of a leader (§6.4.1)', () => {
  test('answers reads at once, without a message', () => {
    const { effects, rules } = raftServer.step(held(), read(2, 1_399));
    expect(effects).toEqual([readable(2)]);
    expect(rules).toEqual(['Raft §6.4.1']);
  });

  test('lasts from when the round began, however late its answers came', () => {
    const { effects, rules } = raftServer.step(held(), read(2, 1_400));
    expect(answers(effects)).toEqual([]);
    expect(rules).toEqual(['Raft §6.4']);
  });

  test('is not there before a majority has answered', () => {
    const state = following(leaseLeader(), plainRead(1, 1_000));
    expect(answers(raftServer.step(state, read(2, 1_001)).effects)).toEqual([]);
  });

  test.each([
    ['grants none', undefined],
    ['grants it for less', 399],
  ])('counts no follower that %s, as one that was told otherwise does', (_, grantsMs) => {
    const answer = { ...matches(n2, 4, 2, 1), ...(grantsMs === undefined ? {} : { grantsMs }), atMs: 1_010 };
    const answered = following(leaseLeader(), plainRead(1, 1_000), answer);
    expect(answers(raftServer.step(answered, read(2, 1_011)).effects)).toEqual([]);
    // What was granted lasts as long as it does; such an answer renews nothing.
    const asked = following(held(), plainRead(2, 1_350), { ...answer, round: 2, atMs: 1_360 });
    expect(answers(raftServer.step(asked, read(3, 1_399)).effects)).toEqual([readable(3)]);
    expect(answers(raftServer.step(asked, read(3, 1_400)).effects)).toEqual([]);
    const other = following(asked, { ...grantedBy(n3, 4, 2, 2), atMs: 1_370 });
    expect(answers(raftServer.step(other, read(3, 1_400)).effects)).toEqual([readable(3)]);
  });

  test('counts no round that was answered without a grant, whatever an earlier one says that comes later', () => {
    const asked = following(held(), plainRead(2, 1_350), { ...matches(n2, 4, 2, 2), atMs: 1_360 });
    const late = following(asked, { ...grantedBy(n2, 4, 2, 1), atMs: 1_370 });
    expect(answers(raftServer.step(late, read(3, 1_400)).effects)).toEqual([]);
  });

  test('counts who differs from the leader in its log, as it is as loyal', () => {
    const differs = { ...grantedBy(n2, 4, 2, 1), matches: false, hintIndex: 1, hintTerm: 0, atMs: 1_010 };
    const answered = following(leaseLeader(), plainRead(1, 1_000), differs);
    expect(answers(raftServer.step(answered, read(2, 1_011)).effects)).toEqual([readable(2)]);
  });

  test('is renewed by a later round, and not by an answer to an earlier one', () => {
    const renewed = following(held(), plainRead(2, 1_350), { ...grantedBy(n3, 4, 2, 2), atMs: 1_380 });
    expect(answers(raftServer.step(renewed, read(3, 1_749)).effects)).toEqual([readable(3)]);
    const late = following(held(), plainRead(2, 1_350), { ...grantedBy(n3, 4, 2, 1), atMs: 1_380 });
    expect(answers(raftServer.step(late, read(3, 1_400)).effects)).toEqual([]);
  });

  test('is not used for a read that asks for more', () => {
    expect(answers(raftServer.step(held(), plainRead(2, 1_001)).effects)).toEqual([]);
  });

  test('is none where there are none', () => {
    const state = following(leaderWith({ term: 4 }), plainRead(1, 1_000), { ...grantedBy(n2, 4, 2, 1), atMs: 1_001 });
    expect(state.snapshot.context.leadership?.lease).toBeNull();
    expect(answers(raftServer.step(state, read(2, 1_002)).effects)).toEqual([]);
  });

  test('does not answer before the leader knows what is committed', () => {
    const elected = raftServer.step(candidateWith({ term: 4, leaseMs: 400 }), {
      type: 'voteReply',
      from: n2,
      term: 4,
      granted: true,
    }).state;
    const answered = following(elected, { timer: 'heartbeatInterval' }, { ...grantedBy(n2, 4, 1, 1), atMs: 10 });
    expect(answered.snapshot.context.leadership?.lease?.untilMs).toBe(400);
    const { effects } = raftServer.step(answered, read(1, 11));
    expect(effects).toEqual([deliverAhead({ type: 'refused', id: 1, reason: 'not-ready', leader: n1 })]);
  });

  test('ends with the reign', () => {
    const deposed = following(held(), {
      type: 'append',
      from: n2,
      term: 5,
      previousIndex: 2,
      previousTerm: 4,
      entries: [],
      commitIndex: 2,
      round: 0,
      atMs: 1_310,
    });
    expect(raftServer.step(deposed, read(2, 1_311)).effects).toEqual([
      deliverAhead({ type: 'refused', id: 2, reason: 'not-leader', leader: n2 }),
    ]);
  });

  test('is void once another server was told to stand, until the term is over, even if nothing comes of it (§3.10)', () => {
    const told = following(held(), { type: 'handOver', id: 7, to: n2, atMs: 1_301 });
    expect(answers(raftServer.step(told, read(2, 1_302)).effects)).toEqual([]);
    const goesOn = following(told, { timer: 'handOverTimeout' }, plainRead(3, 2_000), {
      ...grantedBy(n2, 4, 2, 2),
      atMs: 2_010,
    });
    expect(answers(raftServer.step(goesOn, read(4, 2_011)).effects)).toEqual([]);
  });

  test('begins anew when the members change (§4.1)', () => {
    const joining = 'n4/raft.server/kv';
    const begun = following(held(), plainRead(2, 1_350));
    const replace = { type: 'replace', id: 7, leaving: n3, joining, places: { n4: 'host:1' }, atMs: 1_360 } as const;
    const changed = following(begun, replace, { ...grantedBy(n2, 4, 3, 2), atMs: 1_370 });
    expect(changed.snapshot.context.configuration.learners).toEqual([joining]);
    expect(answers(raftServer.step(changed, read(3, 1_371)).effects)).toEqual([]);
    const again = following(changed, plainRead(4, 1_400), { ...grantedBy(n2, 4, 3, 3), atMs: 1_410 });
    expect(answers(raftServer.step(again, read(5, 1_411)).effects)).toMatchObject([{ output: { id: 5 } }]);
  });

  test('keeps no more rounds than it may still need', () => {
    let state = leaseLeader();
    for (let id = 1; id <= 20; id += 1) state = following(state, { timer: 'heartbeatInterval' });
    state = following(state, plainRead(1, 1_000));
    expect(state.snapshot.context.leadership?.lease?.begun).toEqual([{ round: 21, atMs: 1_000 }]);
  });
});

describe('a follower that answers its leader (§6.4.1)', () => {
  const heartbeat = {
    type: 'append',
    from: n2,
    term: 4,
    previousIndex: 2,
    previousTerm: 4,
    entries: [],
    commitIndex: 0,
    round: 3,
  } as const;
  const answerOf = (state: ServerState, message: Parameters<typeof raftServer.step>[1]) =>
    raftServer.step(state, message).effects.at(-1);
  const follower = (leaseMs: number | null, terms = [4]) => loyalWith({ term: 4, terms, leaseMs });

  test('says for how long it grants, and nothing where there are no leases', () => {
    const agreed = matches(n2, 4, 2, 3);
    const { from: _, ...message } = agreed;
    expect(answerOf(follower(400), heartbeat)).toEqual(send(n2, { ...message, grantsMs: 400 }));
    expect(answerOf(follower(null), heartbeat)).toEqual(send(n2, message));
  });

  test('says it when its log differs, too', () => {
    const message = { type: 'appendReply', term: 4, matches: false, index: 2, round: 3, grantsMs: 400 };
    expect(answerOf(follower(400, []), heartbeat)).toMatchObject({ to: n2, message });
  });

  test('grants nothing to a leader whose term is over', () => {
    const answer = answerOf(follower(400), { ...heartbeat, term: 3 });
    expect(answer).toMatchObject({ message: { type: 'appendReply', term: 4, matches: false } });
    expect(answer).not.toHaveProperty('message.grantsMs');
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '400', null])(
    'is not heard where it says that it grants %s',
    (grantsMs) => {
      const { from: _, ...answer } = matches(n2, 4, 2, 3);
      const odd = { ...answer, grantsMs };
      expect(() => raftServer.parseMessage(odd)).toThrow(RefusedInputError);
      const sound = { ...answer, grantsMs: 400 };
      expect(raftServer.parseMessage(sound)).toEqual(sound);
      expect(raftServer.parseMessage(answer)).toEqual(answer);
    },
  );
});

describe('a server that may have promised a leader to elect no other (§6.4.1)', () => {
  const vote = { type: 'vote', from: n3, term: 5, lastIndex: 9, lastTerm: 4 } as const;
  const birth = { self: n1, input: { voters: [n1, n2, n3], leaseMs: 400 } };
  const restarted = (input = birth.input): ServerState => {
    const records = [{ type: 'term-and-vote', term: 4, votedFor: null }] as const;
    return raftServer.start(raftServer.recover(records), { self: n1, input }).state;
  };

  test('votes for none when it starts anew, until a promise would be over', () => {
    const state = restarted();
    expect(raftServer.step(state, vote).effects).toEqual([]);
    expect(raftServer.step(state, { ...vote, type: 'preVote' }).effects).toEqual([]);
    const over = following(state, { timer: 'minElectionTimeout' });
    expect(raftServer.step(over, vote).effects).toMatchObject([
      { type: 'persist' },
      { type: 'persist' },
      { type: 'send', message: { type: 'voteReply', granted: true } },
    ]);
  });

  test('votes where the leader has asked for the election, as no lease outlasts that (§3.10)', () => {
    const { effects } = raftServer.step(restarted(), { ...vote, isAskedFor: true });
    expect(effects.at(-1)).toMatchObject({ type: 'send', message: { type: 'voteReply', granted: true } });
  });

  test('votes at once in its first life, and where there are no leases', () => {
    const isBound = (state: ServerState): boolean => state.snapshot.context.isBound;
    expect(contextWith().isBound).toBe(false);
    expect(isBound(raftServer.start(raftServer.recover([]), birth).state)).toBe(false);
    const { leaseMs: _, ...without } = birth.input;
    const records = [{ type: 'term-and-vote', term: 4, votedFor: null }] as const;
    const state = raftServer.start(raftServer.recover(records), { self: n1, input: without }).state;
    expect(raftServer.step(state, vote).effects.at(-1)).toMatchObject({ message: { granted: true } });
  });
});

describe('a server that is told of shorter leases than in an earlier life, or of none (§6.4.1)', () => {
  const vote = { type: 'vote', from: n3, term: 5, lastIndex: 9, lastTerm: 4 } as const;
  const heartbeat = {
    type: 'append',
    from: n2,
    term: 4,
    previousIndex: 0,
    previousTerm: 0,
    entries: [],
    commitIndex: 0,
    round: 3,
  } as const;
  const grantWritten = (grantsMs: number) =>
    persist({ type: 'term-and-vote', term: 4, votedFor: null, grantsMs } as const);
  const restarted = (leaseMs: number | null, records: readonly RaftRecord[] = [grantWritten(400).record]) => {
    const input = { voters: [n1, n2, n3], ...(leaseMs === null ? {} : { leaseMs }) };
    return raftServer.start(raftServer.recover(records), { self: n1, input }).state;
  };
  const timersOf = (state: ServerState) => raftServer.timers(state).map(({ delay }) => delay);

  test('has written down what it grants before it first says so, and not again', () => {
    const follower = loyalWith({ term: 4, terms: [4], leaseMs: 400 });
    const { effects, state } = raftServer.step(follower, heartbeat);
    expect(effects).toMatchObject([grantWritten(400), { type: 'send', message: { grantsMs: 400 } }]);
    expect(raftServer.step(state, heartbeat).effects).toMatchObject([{ type: 'send', message: { grantsMs: 400 } }]);
    const without = loyalWith({ term: 4, terms: [4] });
    expect(raftServer.step(without, heartbeat).effects).toMatchObject([{ type: 'send' }]);
  });

  test.each([null, 399])('votes for none, nor stands, until what it granted is over: now %s', (leaseMs) => {
    const state = restarted(leaseMs);
    expect(timersOf(state)).toEqual(['earlierGrant']);
    expect(raftServer.step(state, vote).effects).toEqual([]);
    expect(raftServer.step(state, { ...vote, type: 'preVote' }).effects).toEqual([]);
    const { effects, state: over } = raftServer.step(state, { timer: 'earlierGrant' });
    expect(effects).toEqual([grantWritten(leaseMs ?? 0)]);
    // Loyal as if it had just heard its leader, which it may have.
    expect(raftServer.step(over, vote).effects).toEqual([]);
    const votes = raftServer.step(following(over, { timer: 'minElectionTimeout' }), vote);
    expect(votes.effects.at(-1)).toMatchObject({ message: { type: 'voteReply', granted: true } });
  });

  test.each([null, 200])(
    'takes what its leader sends meanwhile, which makes it wait no longer and no less',
    (leaseMs) => {
      const { effects, state } = raftServer.step(restarted(leaseMs), heartbeat);
      const granted = leaseMs === null ? {} : { grantsMs: leaseMs };
      expect(effects).toEqual([send(n2, { ...answerTo(heartbeat), ...granted })]);
      expect(timersOf(state)).toEqual(['earlierGrant']);
      expect(raftServer.step(state, vote).effects).toEqual([]);
    },
  );

  test('votes where the leader has asked for the election', () => {
    const { effects } = raftServer.step(restarted(null), { ...vote, isAskedFor: true });
    expect(effects.at(-1)).toMatchObject({ message: { type: 'voteReply', granted: true } });
  });

  test('waits no longer than ever where it grants as much as before, or where that was over', () => {
    expect(timersOf(restarted(400))).toContain('minElectionTimeout');
    expect(timersOf(restarted(400))).not.toContain('earlierGrant');
    const over = restarted(null, [grantWritten(400).record, grantWritten(0).record]);
    expect(raftServer.step(over, vote).effects.at(-1)).toMatchObject({ message: { granted: true } });
  });

  test('remembers it across elections and snapshots', () => {
    const elections = [grantWritten(400).record, { type: 'term-and-vote', term: 4, votedFor: n2 } as const];
    expect(timersOf(restarted(null, elections))).toEqual(['earlierGrant']);
    const full = loyalWith({
      term: 4,
      terms: [4],
      commitIndex: 2,
      leaseMs: 400,
      grantedMs: 400,
      limits: { retainBytes: 0 },
    });
    const { effects } = raftServer.step(full, { type: 'compact', index: 2, file: fileOf(2) });
    const snapshot = { index: 2, term: 4, members, file: fileOf(2) };
    const place = { term: 4, votedFor: null, baseIndex: 2, baseTerm: 4, entries: [] };
    const compacted = { type: 'snapshot', ...place, snapshot, grantsMs: 400 } as const;
    expect(effects).toMatchObject([{ type: 'persist', record: compacted }]);
    expect(timersOf(restarted(null, [compacted]))).toEqual(['earlierGrant']);
  });

  test('waits until no clock within any bound shows that the lease goes on', () => {
    for (const grantedMs of [1, 98, 497, 9_998]) {
      const shortestMs = earlierGrantMs({ grantedMs, leaseMs: null, isBound: true }) / (1 + mostDrift);
      expect(shortestMs).toBeGreaterThan(grantedMs / (1 - mostDrift));
    }
  });
});

describe('the length of a lease', () => {
  test('is such that it ends before any promise, whatever clocks do within their bound', () => {
    for (const promiseMs of [100, 500, 10_000]) {
      for (const drift of [0, 0.000_5, 0.05, 0.3]) {
        const longestLeaseMs = leaseLengthMs(promiseMs, drift) / (1 - drift);
        const shortestPromiseMs = promiseMs / (1 + drift);
        expect(longestLeaseMs).toBeLessThan(shortestPromiseMs);
      }
    }
    expect(leaseLengthMs(500, 0)).toBe(498);
    expect(leaseLengthMs(500, 0.05)).toBe(450);
  });
});
