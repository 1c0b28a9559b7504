import { describe, expect, test } from 'vitest';
import { deliverAhead, persist, send } from '../../../statecharts/actor.ts';
import {
  foundingMembers,
  RaftBootstrapError,
  RaftInvariantError,
  type RaftRecord,
  raftServer,
} from '../../../statecharts/raft.ts';
import { fetchSnapshot } from '../../../statecharts/transfer.ts';
import {
  bytes,
  command,
  fileOf,
  first,
  followerWith,
  loyalWith,
  members,
  n1,
  n2,
  n3,
  noop,
  stranger,
  voters,
  written,
} from './bench.ts';

const heartbeat = { type: 'append', from: n2, previousIndex: 1, previousTerm: 0, entries: [], commitIndex: 0 } as const;
const yes = (term: number, index: number, round = 0) =>
  send(n2, { type: 'appendReply', term, matches: true, index, hintIndex: 0, hintTerm: 0, round });

describe('a life of a server', () => {
  const birth = { self: n1, input: { voters: [n3, n1, n2] } };

  test('begins with the voters as the first entry of the log, the same on every server (Raft §4.1)', () => {
    const { effects, state } = raftServer.start(raftServer.recover([]), birth);
    expect(effects).toEqual([written([first])]);
    expect(raftServer.roleAt(state)).toBe('follower');
    expect(state.snapshot.context.configuration.voters).toEqual([n1, n2, n3]);
  });

  test('does not begin without a vote of its own', () => {
    const input = { voters: [n2, n3] };
    expect(() => raftServer.start(raftServer.recover([]), { self: n1, input })).toThrow(RaftBootstrapError);
  });

  test("begins where the last one ended: later entries replace earlier ones, and its voters are the log's", () => {
    const records: RaftRecord[] = [
      { type: 'entries', entries: [first] },
      { type: 'term-and-vote', term: 2, votedFor: n2 },
      { type: 'entries', entries: [command(2, 1), command(3, 1)] },
      { type: 'entries', entries: [command(2, 2)] },
    ];
    const remembered = raftServer.recover(records);
    const { effects, state } = raftServer.start(remembered, { self: n1, input: { voters: [] } });
    expect(effects).toEqual([]);
    const { configuration, log, term, votedFor } = state.snapshot.context;
    expect([term, votedFor, log.lastIndex, log.lastTerm, configuration.voters]).toEqual([2, n2, 2, 2, voters]);
  });

  test('restores its application from the snapshot first (Raft §5.1)', () => {
    const snapshot = { index: 3, term: 2, members, file: fileOf(3) };
    const entries = [command(3, 2), command(4, 2)];
    const record: RaftRecord = {
      type: 'snapshot',
      term: 4,
      votedFor: null,
      snapshot,
      baseIndex: 2,
      baseTerm: 1,
      entries,
    };
    const { effects, state } = raftServer.start(raftServer.recover([record]), birth);
    expect(effects).toEqual([deliverAhead({ type: 'snapshotInstalled', index: 3, term: 2, file: fileOf(3) })]);
    expect(state.snapshot.context).toMatchObject({ term: 4, commitIndex: 3, configuration: { voters } });
    expect(state.snapshot.context.log.lastIndex).toBe(4);
  });
});

describe('a follower votes (RequestVote, Figure 3.1)', () => {
  const vote = { type: 'vote', from: n2, term: 3, lastIndex: 3, lastTerm: 2 } as const;
  const granted = send(n2, { type: 'voteReply', term: 3, granted: true });
  const denied = send(n2, { type: 'voteReply', term: 3, granted: false });
  const written = persist({ type: 'term-and-vote', term: 3, votedFor: n2 });
  const left = { index: 1, ...members, retired: [stranger] };

  test.each([
    ['1. not in a term that is over', { term: 3 }, { term: 2 }, [denied]],
    ['2. once written down, for a log as good as its own (§3.6.1)', { term: 3, terms: [1, 2] }, {}, [written, granted]],
    ['2. for a log of a later last term', { term: 3, terms: [1, 1, 1, 1] }, {}, [written, granted]],
    ['2. not for a log of an earlier last term', { term: 3, terms: [3] }, {}, [denied]],
    ['2. not for a shorter log of the same term', { term: 3, terms: [1, 2, 2] }, {}, [denied]],
    ['2. not when it voted for another', { term: 3, votedFor: n3 }, {}, [denied]],
    ['2. again for the same, without writing again', { term: 3, votedFor: n2 }, {}, [granted]],
    [
      'all servers: in a later term, which it takes over first (§3.3)',
      { term: 2, votedFor: n3 },
      {},
      [persist({ type: 'term-and-vote', term: 3, votedFor: null }), written, granted],
    ],
    [
      '3. for one that the own configuration does not name yet (§4.1)',
      { term: 3 },
      { from: stranger },
      [persist({ type: 'term-and-vote', term: 3, votedFor: stranger }), { ...granted, to: stranger }],
    ],
    [
      'not for one that has left the cluster (§4.2.3)',
      { term: 2, configuration: left, commitIndex: 1 },
      { from: stranger },
      [],
    ],
  ])('%s', (_, context, message, effects) => {
    expect(raftServer.step(followerWith(context), { ...vote, ...message }).effects).toEqual(effects);
  });

  test('granting restarts the election timeout, denying does not (Rules for Followers)', () => {
    const restarts = (votedFor: typeof n2 | typeof n3) =>
      raftServer.step(followerWith({ term: 3, votedFor }), vote).timers.length > 0;
    expect([restarts(n2), restarts(n3)]).toEqual([true, false]);
  });
});

describe('a follower answers pre-votes (§9.6)', () => {
  const preVote = { type: 'preVote', from: n2, term: 4, lastIndex: 3, lastTerm: 2 } as const;
  test.each([
    ['yes for a later term and a log as good', { term: 3, terms: [1, 2] }, true],
    ['yes even if it voted in its own term', { term: 3, votedFor: n3 }, true],
    ['no for a worse log', { term: 3, terms: [1, 3] }, false],
    ['no for a term that is not later', { term: 4 }, false],
  ])('%s', (_, context, isGranted) => {
    const state = followerWith(context);
    const { effects, snapshot, timers } = raftServer.step(state, preVote);
    const reply = { type: 'preVoteReply', term: context.term, forTerm: 4, granted: isGranted };
    expect(effects).toEqual([send(n2, reply)]);
    expect(snapshot.context).toEqual(state.snapshot.context);
    expect(timers).toEqual([]);
  });
});

describe('a follower that has just heard its leader is loyal (§4.2.3)', () => {
  test.each([
    ['pre-vote', { type: 'preVote', from: n3, term: 9, lastIndex: 99, lastTerm: 8 } as const],
    ['vote of a later term', { type: 'vote', from: n3, term: 9, lastIndex: 99, lastTerm: 8 } as const],
    ['vote of its term', { type: 'vote', from: n3, term: 3, lastIndex: 99, lastTerm: 8 } as const],
  ])('and ignores a %s', (_, message) => {
    const state = loyalWith({ term: 3 });
    const step = raftServer.step(state, message);
    expect(step.effects).toEqual([]);
    expect(step.snapshot.context).toEqual(state.snapshot.context);
  });

  test('until the least election timeout is over; the election timeout goes on meanwhile', () => {
    const step = raftServer.step(loyalWith({ term: 3 }), { timer: 'minElectionTimeout' });
    expect(step.snapshot.value).toEqual({ follower: { listening: 'free' } });
    expect(step.timers.map(({ timer }) => timer.delay)).toEqual(['minElectionTimeout']);
    expect(raftServer.timers(step.state).map(({ delay }) => delay)).toEqual(['electionTimeout']);
    const vote = { type: 'vote', from: n3, term: 9, lastIndex: 99, lastTerm: 8 } as const;
    expect(raftServer.step(step.state, vote).effects.at(-1)).toMatchObject({ message: { granted: true } });
  });

  test('and becomes so by an append, which restarts both timers', () => {
    const step = raftServer.step(followerWith({ term: 3 }), { ...heartbeat, term: 3, round: 0 });
    expect(step.snapshot.value).toEqual({ follower: { listening: 'loyal' } });
    expect(step.snapshot.context.leader).toBe(n2);
    expect(
      raftServer
        .timers(step.state)
        .map(({ delay }) => delay)
        .sort(),
    ).toEqual(['electionTimeout', 'minElectionTimeout']);
  });
});

describe('a follower appends (AppendEntries, Figure 3.1)', () => {
  const append = { ...heartbeat, term: 3, round: 5 };
  const no = (index: number, hintIndex: number, hintTerm: number) =>
    send(n2, { type: 'appendReply', term: 3, matches: false, index, hintIndex, hintTerm, round: 5 });

  test.each([
    ['1. refuses a term that is over, and says which it is', { terms: [] }, { ...append, term: 2 }, [no(1, 1, 0)]],
    [
      '2. refuses a gap, and says where its log ends',
      { terms: [1] },
      { ...append, previousIndex: 7, previousTerm: 3 },
      [no(7, 2, 1)],
    ],
    [
      '2. refuses a conflict, and passes over the terms that the leader cannot have there (§3.5)',
      { terms: [1, 2, 2, 2] },
      { ...append, previousIndex: 4, previousTerm: 1 },
      [no(4, 2, 1)],
    ],
    [
      "3. replaces entries that contradict the leader's, and what follows them",
      { terms: [1, 2, 2] },
      { ...append, previousIndex: 2, previousTerm: 1, entries: [noop(3, 3)] },
      [written([noop(3, 3)]), yes(3, 3, 5)],
    ],
    [
      '4. appends only what it does not have',
      { terms: [1, 1] },
      { ...append, entries: [command(2, 1, 2), command(3, 1, 3), command(4, 3, 4)] },
      [written([command(4, 3, 4)]), yes(3, 4, 5)],
    ],
    [
      '4. keeps what a late append does not know of',
      { terms: [1, 1, 1] },
      { ...append, entries: [command(2, 1, 2)] },
      [yes(3, 2, 5)],
    ],
    [
      '5. commits what the leader has, as far as the logs are known to be equal',
      { terms: [1, 1, 1] },
      { ...append, previousIndex: 3, previousTerm: 1, commitIndex: 99 },
      [deliverAhead({ type: 'committed', entries: [first, command(2, 1, 2), command(3, 1, 3)] }), yes(3, 3, 5)],
    ],
    [
      'takes what is compacted for equal',
      { terms: [1, 1, 1], baseIndex: 3, snapshot: { index: 3, term: 1, members, file: fileOf(3) } },
      { ...append, entries: [command(2, 1, 2), command(3, 1, 3), command(4, 1, 4), command(5, 3)] },
      [written([command(5, 3)]), yes(3, 5, 5)],
    ],
  ])('%s', (_, context, message, effects) => {
    expect(raftServer.step(followerWith({ term: 3, ...context }), message).effects).toEqual(effects);
  });

  test('delivers a committed entry once, however often it hears of it', () => {
    const message = { ...append, commitIndex: 1 };
    const once = raftServer.step(followerWith({ term: 3 }), message);
    expect(once.effects).toHaveLength(2);
    expect(raftServer.step(once.state, message).effects).toEqual([yes(3, 1, 5)]);
  });

  test('of a later term, which it takes over first (§3.3)', () => {
    const { effects, snapshot } = raftServer.step(loyalWith({ term: 2, votedFor: n3 }), append);
    expect(effects).toEqual([persist({ type: 'term-and-vote', term: 3, votedFor: null }), yes(3, 1, 5)]);
    expect(snapshot.context).toMatchObject({ term: 3, votedFor: null, leader: n2 });
  });

  test('of a leader that its configuration does not name (§4.1)', () => {
    const { effects } = raftServer.step(followerWith({ term: 3 }), { ...append, from: stranger });
    expect(effects).toMatchObject([{ to: stranger, message: { matches: true } }]);
  });

  test('but stops rather than give up a committed entry (§3.6.3)', () => {
    const state = followerWith({ term: 3, terms: [1], commitIndex: 2 });
    expect(() => raftServer.step(state, { ...append, entries: [noop(2, 3)] })).toThrow(RaftInvariantError);
  });

  test('asks for compaction once, when what is committed takes too much', () => {
    const limits = { compactBeyondBytes: 80 };
    const message = { ...append, previousIndex: 3, previousTerm: 1, commitIndex: 3 };
    const { effects, state } = raftServer.step(followerWith({ term: 3, terms: [1, 1, 1], limits }), message);
    expect(effects[1]).toEqual(deliverAhead({ type: 'compactionDue', index: 3, logSizeBytes: 98 }));
    const next = { ...append, previousIndex: 4, previousTerm: 1, commitIndex: 4 };
    expect(raftServer.step(state, next).effects.map((it) => it.type)).toEqual(['deliver', 'send']);
  });

  test('but not before the log is a quarter of the snapshot that it follows (§5.1.2)', () => {
    const limits = { compactBeyondBytes: 50 };
    const message = { ...append, previousIndex: 4, previousTerm: 1, commitIndex: 4 };
    const outputsAfter = (sizeBytes: number) => {
      const snapshot = { index: 1, term: 0, members, file: fileOf(1, sizeBytes) };
      const { effects } = raftServer.step(followerWith({ term: 3, terms: [1, 1, 1], limits, snapshot }), message);
      return effects.flatMap((it) => (it.type === 'deliver' ? it.output.type : []));
    };
    expect(outputsAfter(4 * 99 - 1)).toEqual(['committed', 'compactionDue']);
    expect(outputsAfter(4 * 99)).toEqual(['committed']);
  });
});

describe('a follower that hears nothing (Rules for Followers)', () => {
  test('asks whether it would be elected', () => {
    const { effects, snapshot, rules } = raftServer.step(followerWith({ term: 3, terms: [2] }), {
      timer: 'electionTimeout',
    });
    expect(snapshot.hasTag('pre-candidate')).toBe(true);
    expect(snapshot.context).toMatchObject({ term: 3, votedFor: null, leader: null });
    const question = { type: 'preVote', term: 4, lastIndex: 2, lastTerm: 2 };
    expect(effects).toEqual([send(n2, question), send(n3, question)]);
    expect(rules).toEqual(['Raft §9.6']);
  });

  test('goes on waiting if it does not vote (§4.2.2)', () => {
    const configuration = { index: 1, ...foundingMembers([n2, n3]) };
    const step = raftServer.step(followerWith({ configuration }), { timer: 'electionTimeout' });
    expect(step.snapshot.hasTag('follower')).toBe(true);
    expect(raftServer.timers(step.state)).toHaveLength(1);
  });
});

describe('a follower asked by an application', () => {
  test.each([{ type: 'propose', id: 7, commands: [bytes(1)] } as const, { type: 'read', id: 7 } as const])(
    'refuses to $type and names the leader (§6.2)',
    (request) => {
      const refused = { type: 'refused', id: 7, reason: 'not-leader', leader: n2 };
      expect(raftServer.step(loyalWith(), request).effects).toEqual([deliverAhead(refused)]);
      const { leader: _, ...unknown } = refused;
      expect(raftServer.step(followerWith(), request).effects).toEqual([deliverAhead(unknown)]);
    },
  );

  test('compacts up to the snapshot, but for what slow followers may want (§5.1)', () => {
    const limits = { retainBytes: 40 };
    const state = followerWith({ term: 3, votedFor: n3, terms: [1, 1, 1], commitIndex: 3, limits });
    const { effects, snapshot } = raftServer.step(state, { type: 'compact', index: 3, file: fileOf(3) });
    const taken = { index: 3, term: 1, members, file: fileOf(3) };
    const record = { type: 'snapshot', term: 3, votedFor: n3, snapshot: taken, baseIndex: 2, baseTerm: 1, entries: [] };
    expect(effects).toEqual([{ ...persist(record), checkpoint: true, keepsAbove: 2 }]);
    expect(snapshot.context.log.baseIndex).toBe(2);
  });

  test.each([
    ['of entries that are not committed', 4],
    ['that is no news', 2],
  ])('ignores a snapshot %s', (_, index) => {
    const snapshot = { index: 2, term: 1, members, file: fileOf(2) };
    const state = followerWith({ term: 3, terms: [1, 1, 1], commitIndex: 3, snapshot });
    expect(raftServer.step(state, { type: 'compact', index, file: fileOf(8) }).effects).toEqual([]);
  });
});

describe('a follower takes a snapshot (InstallSnapshot, Figure 5.3)', () => {
  const file = fileOf(5);
  const offer = { type: 'installSnapshot', from: n2, term: 3, lastIndex: 5, lastTerm: 2, members, file } as const;
  const id = `${file.name} from ${n2} in term 3`;
  const said = (standing: 'fetching' | 'failed' | 'installed') =>
    send(n2, { type: 'snapshotReply', term: 3, lastIndex: 5, standing });
  const whole = { type: 'performed', id, result: { type: 'done', value: undefined } } as const;
  const failed = { type: 'performed', id, result: { type: 'refused', error: 'gone' } } as const;
  const fetching = (wanted: Parameters<typeof followerWith>[0]) => raftServer.step(followerWith(wanted), offer);

  test('1. not of a term that is over', () => {
    const { effects } = raftServer.step(followerWith({ term: 3 }), { ...offer, term: 2 });
    expect(effects).toEqual([said('failed')]);
  });

  test('2 to 5. by fetching its file, once, and says so while it is on its way', () => {
    const begun = fetching({ term: 3, terms: [1] });
    expect(begun.effects).toEqual([fetchSnapshot(id, n2, file)]);
    expect(begun.snapshot.context).toMatchObject({ leader: n2 });
    expect(raftServer.step(begun.state, { ...offer, lastIndex: 9 }).effects).toEqual([said('fetching')]);
  });

  test('6 to 8. when it is whole and durable it replaces a log that does not agree', () => {
    const step = raftServer.step(fetching({ term: 3, terms: [1] }).state, whole);
    const snapshot = { index: 5, term: 2, members, file };
    const record = { type: 'snapshot', term: 3, votedFor: null, snapshot, baseIndex: 5, baseTerm: 2, entries: [] };
    expect(step.effects).toEqual([
      deliverAhead({ type: 'snapshotInstalled', index: 5, term: 2, file }),
      { ...persist(record), checkpoint: true },
      said('installed'),
    ]);
    expect(step.snapshot.context).toMatchObject({ commitIndex: 5, incoming: null, leader: n2 });
    expect(raftServer.step(step.state, offer).effects).toEqual([said('installed')]);
  });

  test('6. keeps what follows it in a log that agrees, and its records', () => {
    const { effects, snapshot } = raftServer.step(fetching({ term: 3, terms: [1, 1, 1, 2, 2] }).state, whole);
    const { log, commitIndex } = snapshot.context;
    expect([log.baseIndex, log.lastIndex, commitIndex]).toEqual([5, 6, 5]);
    expect(effects[1]).toMatchObject({ checkpoint: true, keepsAbove: 5 });
  });

  test('7. gives up a log that has another entry where the snapshot ends', () => {
    const step = raftServer.step(fetching({ term: 3, terms: [1, 1, 1, 1, 1, 1] }).state, whole);
    const { log, commitIndex } = step.snapshot.context;
    expect([log.baseIndex, log.baseTerm, log.lastIndex, commitIndex]).toEqual([5, 2, 5, 5]);
  });

  test('a transfer that fails is told, and begun again when the leader repeats itself', () => {
    const step = raftServer.step(fetching({ term: 3 }).state, failed);
    expect(step.effects).toEqual([said('failed')]);
    expect(raftServer.step(step.state, offer).effects).toEqual([fetchSnapshot(id, n2, file)]);
  });

  test("another leader's snapshot takes the place of the one that is on its way", () => {
    const { state } = fetching({ term: 3 });
    const other = raftServer.step(state, { ...offer, term: 4, from: n3 });
    expect(other.effects.at(-1)).toEqual(fetchSnapshot(`${file.name} from ${n3} in term 4`, n3, file));
    expect(raftServer.step(other.state, failed).effects).toEqual([]);
  });

  test('one that is committed here by the time it has come changes nothing', () => {
    const { state } = fetching({ term: 3, terms: [1, 1, 1, 2, 2] });
    const append = { type: 'append', from: n2, term: 3, entries: [], round: 1 } as const;
    const caughtUp = raftServer.step(state, { ...append, previousIndex: 6, previousTerm: 2, commitIndex: 6 });
    expect(raftServer.step(caughtUp.state, whole).effects).toEqual([said('installed')]);
  });

  test('one that comes to a server which does not follow any more is of no use', () => {
    const { state } = raftServer.step(fetching({ term: 3 }).state, { timer: 'electionTimeout' });
    const step = raftServer.step(state, whole);
    expect(step.effects).toEqual([]);
    expect(step.snapshot.context.incoming).toBeNull();
  });
});
