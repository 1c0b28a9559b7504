import { describe, expect, test } from 'vitest';
import { type Address, deliverAhead, type Effect, persist } from '../../../statecharts/actor.ts';
import type { PaxosRecord } from '../../../statecharts/paxos/log/messages.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import {
  acceptedBy,
  at,
  beatOf,
  durable,
  fileOf,
  followerWith,
  leaderWith,
  n1,
  n2,
  n3,
  type ServerState,
  sentTo,
  snapshotOf,
  voters,
} from './server-bench.ts';

type Happening = Parameters<typeof paxosServer.step>[1];
const following = (state: ServerState, ...happenings: readonly Happening[]): ServerState =>
  happenings.reduce((it, happening) => paxosServer.step(it, happening).state, state);
const answers = (effects: readonly Effect[]) => effects.filter(({ type }) => type === 'deliver');
const readable = (id: number) => deliverAhead({ type: 'readable', id, index: 1 });
const read = (id: number, atMs: number) => ({ type: 'read', id, byLease: true, atMs }) as const;
const plainRead = (id: number, atMs: number) => ({ type: 'read', id, atMs }) as const;
const timersOf = (state: ServerState) => paxosServer.timers(state).map(({ delay }) => delay);

const grantedBy = (...answer: Parameters<typeof acceptedBy>) => ({ ...acceptedBy(...answer), grantsMs: 300 });

/** A leader whose leases are of 300 ms; its round 1, in which it took office, counts for none. */
const leaseLeader = (): ServerState => leaderWith({ leaseMs: 300 });
/** The round that began at 1,000 was answered by n2, at 1,200. */
const held = (): ServerState =>
  following(leaseLeader(), plainRead(1, 1_000), { ...grantedBy(n2, 1, 1, 2), atMs: 1_200 });

describe('a lease of a leader (Paxos Made Live §5.2)', () => {
  test('answers reads at once, without a message', () => {
    const { effects, rules } = paxosServer.step(held(), read(2, 1_299));
    expect(effects).toEqual([readable(2)]);
    expect(rules).toEqual(['Paxos Made Live §5.2']);
  });

  test('lasts from when the round began, however late its answers came, and then others are asked', () => {
    const { effects } = paxosServer.step(held(), read(2, 1_300));
    expect(answers(effects)).toEqual([]);
    expect(sentTo(n3, effects)).toMatchObject([{ type: 'accept', round: 3 }]);
  });

  test('is not there before enough acceptors have answered', () => {
    const state = following(leaseLeader(), plainRead(1, 1_000));
    expect(answers(paxosServer.step(state, read(2, 1_001)).effects)).toEqual([]);
  });

  test.each([
    ['grants none', undefined],
    ['grants it for less', 299],
  ])('counts no acceptor that %s, as one that was told otherwise does', (_, grantsMs) => {
    const answer = { ...acceptedBy(n2, 1, 1, 2), ...(grantsMs === undefined ? {} : { grantsMs }), atMs: 1_010 };
    const answered = following(leaseLeader(), plainRead(1, 1_000), answer);
    expect(answers(paxosServer.step(answered, read(2, 1_011)).effects)).toEqual([]);
    // What was granted lasts as long as it does; such an answer renews nothing.
    const asked = following(held(), plainRead(2, 1_250), { ...answer, round: 3, atMs: 1_260 });
    expect(answers(paxosServer.step(asked, read(3, 1_299)).effects)).toEqual([readable(3)]);
    expect(answers(paxosServer.step(asked, read(3, 1_300)).effects)).toEqual([]);
    const other = following(asked, { ...grantedBy(n3, 1, 1, 3), atMs: 1_270 });
    expect(answers(paxosServer.step(other, read(3, 1_300)).effects)).toEqual([readable(3)]);
  });

  test('is renewed by a later round, and not by an answer to an earlier one', () => {
    const renewed = following(held(), plainRead(2, 1_250), { ...grantedBy(n3, 1, 1, 3), atMs: 1_280 });
    expect(answers(paxosServer.step(renewed, read(3, 1_549)).effects)).toEqual([readable(3)]);
    const late = following(held(), plainRead(2, 1_250), { ...grantedBy(n3, 1, 1, 2), atMs: 1_280 });
    expect(answers(paxosServer.step(late, read(3, 1_300)).effects)).toEqual([]);
  });

  test('is not used for a read that asks for more, and is none where there are none', () => {
    expect(answers(paxosServer.step(held(), plainRead(2, 1_001)).effects)).toEqual([]);
    const without = following(leaderWith(), plainRead(1, 1_000), { ...acceptedBy(n2, 1, 1, 2), atMs: 1_001 });
    expect(answers(paxosServer.step(without, read(2, 1_002)).effects)).toEqual([]);
  });

  test('is void once another server was told to stand, as long as the ballot lasts, even if nothing comes of it', () => {
    const told = following(held(), { type: 'handOver', id: 7, to: n2, atMs: 1_201 });
    expect(answers(paxosServer.step(told, read(2, 1_202)).effects)).toEqual([]);
    const goesOn = following(told, { timer: 'handOverTimeout' }, plainRead(3, 2_000), {
      ...grantedBy(n2, 1, 1, 3),
      atMs: 2_010,
    });
    expect(answers(paxosServer.step(goesOn, read(4, 2_011)).effects)).toEqual([]);
  });

  describe('when the members change (Stoppable Paxos §3)', () => {
    const n4: Address = 'n4/paxos.server/kv';
    const places = { n4: 'h:1' };
    /** Two of n1, n2, n3 grant, and two of n1, n3, n4: n2, the only one that has, leaves, and n4 comes. */
    const swap = { leaving: n2, joining: n4 };
    const { configuration } = leaseLeader().snapshot.context;
    const swapping = { ...configuration, learners: [n4], change: swap, places };
    /** Round 2 began at 1,000, was answered by n2, and is followed at 1,250 by round 3, which is under way. */
    const granted = (): ServerState =>
      following(
        leaderWith({ leaseMs: 300, configuration: swapping }),
        acceptedBy(n3, 1),
        plainRead(1, 1_000),
        { ...grantedBy(n2, 1, 1, 2), atMs: 1_200 },
        plainRead(2, 1_250),
      );
    /** The learner has caught up, so the stop-sign is proposed, in slot 2. */
    const stopped = (): ServerState => following(granted(), { ...grantedBy(n4, 1, 1, 2), atMs: 1_251 }, durable(1, 2));
    /** It is chosen with n3, which has not answered round 3. */
    const changed = (): ServerState => following(stopped(), { ...grantedBy(n3, 2, 2, 2), atMs: 1_252 });

    test('goes on while that is not chosen, as those who granted it decide until then', () => {
      expect(stopped().snapshot.context.leadership?.isStopped).toBe(true);
      expect(answers(paxosServer.step(stopped(), read(3, 1_299)).effects)).toEqual([readable(3)]);
    });

    test('is over at once when that is chosen', () => {
      const { configuration: next, leadership } = changed().snapshot.context;
      expect(next).toMatchObject({ index: 2, voters: [n1, n3, n4] });
      expect(leadership?.lease).toMatchObject({ begun: [], untilMs: null, isVoid: false });
      expect(answers(paxosServer.step(changed(), read(3, 1_253)).effects)).toEqual([]);
    });

    /** Round 4 told it, and was answered by n3; so round 5 began with the next read, at 1,260. */
    const asked = (): ServerState =>
      following(changed(), { ...grantedBy(n3, 2, 2, 4), atMs: 1_255 }, plainRead(3, 1_260));

    test('counts no round that began before, whoever answers it, and nobody who has left', () => {
      const before = following(changed(), { ...grantedBy(n4, 2, 2, 3), atMs: 1_254 });
      expect(answers(paxosServer.step(before, read(3, 1_255)).effects)).toEqual([]);
      expect(answers(paxosServer.step(asked(), read(4, 1_261)).effects)).toEqual([]);
      const left = following(asked(), { ...grantedBy(n2, 2, 2, 5), atMs: 1_270 });
      expect(answers(paxosServer.step(left, read(4, 1_271)).effects)).toEqual([]);
    });

    test.each([n3, n4])(
      'is held again once %s, who decides from then on, has answered a round that began later',
      (member) => {
        const again = following(asked(), { ...grantedBy(member, 2, 2, 5), atMs: 1_270 });
        expect(answers(paxosServer.step(again, read(4, 1_559)).effects)).toMatchObject([
          { output: { id: 4, index: 2 } },
        ]);
        expect(answers(paxosServer.step(again, read(4, 1_560)).effects)).toEqual([]);
      },
    );
  });

  test('counts as many grantors as every quorum of phase 1 has one of (Flexible Paxos §4)', () => {
    const others: readonly Address[] = ['n4/paxos.server/kv', 'n5/paxos.server/kv'];
    const { configuration, leadership } = leaseLeader().snapshot.context;
    // Any two of five promise: so no two are left out once four have granted, this leader among them.
    const flexible = { ...configuration, voters: [...voters, ...others], sizes: { phase1Size: 2, phase2Size: 4 } };
    if (leadership === null) throw new Error('expected a leader');
    const [one] = leadership.followers;
    if (one === undefined) throw new Error('expected followers');
    const joined = others.map((server) => ({ ...one, server }));
    const { value, context } = leaseLeader().snapshot;
    const leader = paxosServer.at(value, {
      ...context,
      configuration: flexible,
      leadership: { ...leadership, followers: [...leadership.followers, ...joined] },
    });
    const answersOf = (...grantors: readonly Address[]) => {
      const granting = grantors.map((from) => ({ ...grantedBy(from, 1, 1, 2), atMs: 1_010 }));
      return answers(paxosServer.step(following(leader, plainRead(1, 1_000), ...granting), read(2, 1_011)).effects);
    };
    expect(answersOf(n2, n3)).toEqual([]);
    expect(answersOf(n2, n3, ...others.slice(1))).toEqual([readable(2)]);
  });
});

describe('an acceptor that has answered its leader (Paxos Made Live §5.2)', () => {
  const mine = at(1, n2);
  const prepare = { type: 'prepare', from: n3, ballot: at(2, n3), index: 2 } as const;
  const heartbeat = { type: 'accept', from: n2, ballot: mine, index: 2, entries: [], committed: 1, round: 5 } as const;
  const granted = (): ServerState => following(followerWith({ leaseMs: 300 }), heartbeat);
  const promised = persist({ type: 'promise', ballot: at(2, n3) });

  test('promises no later ballot, and says nothing, until its grant is over by its own clock', () => {
    expect(timersOf(granted())).toContain('leaseGrant');
    expect(paxosServer.step(granted(), prepare).effects).toEqual([]);
    const over = following(granted(), { timer: 'leaseGrant' });
    expect(paxosServer.step(over, prepare).effects[0]).toEqual(promised);
  });

  test('says for how long it grants, and nothing where there are no leases', () => {
    const answer = { type: 'accepted', ballot: mine, index: 1, upTo: 1, round: 5 };
    const { effects } = paxosServer.step(followerWith({ leaseMs: 300 }), heartbeat);
    expect(sentTo(n2, effects)).toEqual([{ ...answer, grantsMs: 300 }]);
    expect(sentTo(n2, paxosServer.step(followerWith(), heartbeat).effects)).toEqual([answer]);
  });

  test('promises where the leader at that very ballot has asked for it, and not where an earlier one has', () => {
    expect(paxosServer.step(granted(), { ...prepare, askedBy: mine }).effects[0]).toEqual(promised);
    expect(paxosServer.step(granted(), { ...prepare, askedBy: at(0, n2) }).effects).toEqual([]);
  });

  test('does not stand itself meanwhile', () => {
    const heard = following(granted(), beatOf(n2, false), beatOf(n3, false), { timer: 'electionRound' });
    expect(heard.snapshot.hasTag('follower')).toBe(true);
    const over = following(heard, { timer: 'leaseGrant' }, { timer: 'electionRound' });
    expect(over.snapshot.hasTag('candidate')).toBe(true);
  });

  test('stands at once where its leader tells it to, and says who asked', () => {
    const { effects } = paxosServer.step(granted(), { type: 'standNow', from: n2, ballot: mine });
    expect(sentTo(n3, effects)).toEqual([{ type: 'prepare', ballot: at(2, n1), index: 2, askedBy: mine }]);
  });

  test('grants nothing to a leader whose ballot is over, nor where there are no leases', () => {
    const late = following(followerWith({ leaseMs: 300 }), { ...heartbeat, ballot: at(0, n2) });
    expect(timersOf(late)).not.toContain('leaseGrant');
    const without = following(followerWith(), heartbeat);
    expect(timersOf(without)).not.toContain('leaseGrant');
    expect(paxosServer.step(without, prepare).effects[0]).toEqual(promised);
  });

  test('waits as long when it starts anew, but in its first life or where there are no leases', () => {
    const started = (leaseMs: number | undefined, isFirst = false): ServerState => {
      const records = isFirst ? [] : [persist({ type: 'promise', ballot: mine } as const).record];
      const input = { voters, ...(leaseMs === undefined ? {} : { leaseMs }) };
      return paxosServer.start(paxosServer.recover(records), { self: n1, input }).state;
    };
    expect(timersOf(started(300))).toContain('leaseGrant');
    expect(paxosServer.step(started(300), prepare).effects).toEqual([]);
    expect(paxosServer.step(following(started(300), { timer: 'leaseGrant' }), prepare).effects[0]).toEqual(promised);
    expect(timersOf(started(300, true))).not.toContain('leaseGrant');
    expect(timersOf(started(undefined))).not.toContain('leaseGrant');
  });
});

describe('an acceptor that is told of shorter leases than in an earlier life, or of none (Paxos Made Live §5.2)', () => {
  const mine = at(1, n2);
  const prepare = { type: 'prepare', from: n3, ballot: at(2, n3), index: 2 } as const;
  const heartbeat = { type: 'accept', from: n2, ballot: mine, index: 2, entries: [], committed: 1, round: 5 } as const;
  const promised = persist({ type: 'promise', ballot: at(2, n3) });
  const grantWritten = (grantsMs: number) => persist({ type: 'promise', ballot: mine, grantsMs } as const);
  const restarted = (leaseMs: number | null, records: readonly PaxosRecord[] = [grantWritten(300).record]) => {
    const input = { voters, ...(leaseMs === null ? {} : { leaseMs }) };
    return paxosServer.start(paxosServer.recover(records), { self: n1, input }).state;
  };

  test('has written down what it grants before it first says so, and not again', () => {
    const { effects, state } = paxosServer.step(followerWith({ promised: mine, leaseMs: 300 }), heartbeat);
    expect(effects).toMatchObject([grantWritten(300), { type: 'send', message: { grantsMs: 300 } }]);
    expect(paxosServer.step(state, heartbeat).effects).toMatchObject([{ type: 'send', message: { grantsMs: 300 } }]);
  });

  test.each([null, 299])('promises nothing, nor stands, until what it granted is over: now %s', (leaseMs) => {
    const state = following(restarted(leaseMs), beatOf(n2, false), beatOf(n3, false));
    expect(timersOf(state)).toContain('earlierGrant');
    expect(paxosServer.step(state, prepare).effects).toEqual([]);
    expect(following(state, { timer: 'electionRound' }).snapshot.hasTag('follower')).toBe(true);
    const { effects, state: over } = paxosServer.step(state, { timer: 'earlierGrant' });
    expect(effects).toEqual([grantWritten(leaseMs ?? 0)]);
    // As if it had just granted one, which it may have.
    expect(paxosServer.step(over, prepare).effects).toEqual([]);
    expect(paxosServer.step(following(over, { timer: 'leaseGrant' }), prepare).effects[0]).toEqual(promised);
  });

  test.each([null, 200])(
    'takes what its leader sends meanwhile, which makes it wait no longer and no less',
    (leaseMs) => {
      const state = following(restarted(leaseMs), heartbeat);
      expect(timersOf(state)).toContain('earlierGrant');
      expect(timersOf(state)).not.toContain('leaseGrant');
      expect(paxosServer.step(state, prepare).effects).toEqual([]);
    },
  );

  test('waits no longer than ever where it grants as much as before, or where that was over', () => {
    expect(timersOf(restarted(300))).not.toContain('earlierGrant');
    const over = restarted(null, [grantWritten(300).record, grantWritten(0).record]);
    expect(paxosServer.step(over, prepare).effects[0]).toEqual(promised);
  });

  test('remembers it across snapshots', () => {
    const full = followerWith({
      promised: mine,
      commitIndex: 1,
      leaseMs: 300,
      grantedMs: 300,
      limits: { retainBytes: 0 },
    });
    const { effects } = paxosServer.step(full, { type: 'compact', index: 1, file: fileOf(1) });
    const compacted = {
      type: 'snapshot',
      promised: mine,
      snapshot: snapshotOf(1),
      baseIndex: 1,
      grantsMs: 300,
    } as const;
    expect(effects).toMatchObject([{ type: 'persist', record: compacted }]);
    expect(timersOf(restarted(null, [compacted]))).toContain('earlierGrant');
  });
});
