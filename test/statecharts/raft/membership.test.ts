import { describe, expect, test } from 'vitest';
import { type Address, deliverAhead, type Effect } from '../../../statecharts/actor.ts';
import { isQuorum, reachedBy } from '../../../statecharts/quorum.ts';
import { quorumOf } from '../../../statecharts/raft/configuration.ts';
import { afterJoint, jointly } from '../../../statecharts/raft/joint.ts';
import type { RaftRecord } from '../../../statecharts/raft/messages.ts';
import { type Entry, type Members, raftServer } from '../../../statecharts/raft.ts';
import { withLearner, withoutLearner } from '../../../statecharts/replication/members.ts';
import {
  bytes,
  command,
  fileOf,
  first,
  followerWith,
  free,
  leaderWith,
  matches,
  members,
  n1,
  n2,
  n3,
  newLeaderWith,
  noop,
  type ServerState,
} from './bench.ts';

const n4: Address = 'n4/raft.server/kv';
const n5: Address = 'n5/raft.server/kv';
const term = 4;
const places = { n4: '127.0.0.1:4804' };
const replace = (leaving: Address, joining: Address = n4, id = 9) =>
  ({ type: 'replace', id, leaving, joining, places }) as const;
/** Where n2 and n4 would be one place. */
const shared = { ...places, n2: places.n4 };

const learning = (leaving: Address): Members => withLearner(members, { leaving, joining: n4, places });
const joint = (leaving: Address): Members => jointly(learning(leaving));
const replaced = (leaving: Address): Members => afterJoint(joint(leaving));
const configuration = (index: number, said: Members, inTerm = term): Entry => ({
  index,
  term: inTerm,
  kind: 'configuration',
  members: said,
});

type Happening = Parameters<typeof raftServer.step>[1];
const taking = (state: ServerState, ...happenings: Happening[]): ServerState =>
  happenings.reduce((it, happening) => raftServer.step(it, happening).state, state);
const durable = (index: number) => ({ type: 'durable', from: n1, term, index }) as const;
const written = (effects: readonly Effect[]) =>
  effects.flatMap((it) => (it.type === 'persist' && it.record.type === 'entries' ? [it.record] : []));
const delivered = (effects: readonly Effect[]) => effects.flatMap((it) => (it.type === 'deliver' ? [it.output] : []));
const sentTo = (server: Address, effects: readonly Effect[]) =>
  effects.flatMap((it) => (it.type === 'send' && it.to === server ? [it.message] : []));
const votersOf = ({ snapshot }: ServerState) => snapshot.context.configuration;

/** The leader whose log ends with entry 2, that replaces `leaving` by n4. */
const begun = (leaving: Address): ServerState => taking(leaderWith({ term }), replace(leaving));
/** The same, in its joint configuration, entry 4. */
const inJoint = (leaving: Address): ServerState =>
  taking(begun(leaving), durable(3), matches(n2, term, 3), matches(n4, term, 3));

describe('a quorum (§4.3)', () => {
  test('of a joint configuration is a majority of the voters before and of those after', () => {
    const both = quorumOf(joint(n3));
    expect(isQuorum(both, [n1, n3])).toBe(false);
    expect(isQuorum(both, [n1, n4])).toBe(false);
    expect(isQuorum(both, [n1, n2])).toBe(true);
    expect(isQuorum(both, [n1, n3, n4])).toBe(true);
    const reached = new Map<string, number>([
      [n1, 5],
      [n2, 1],
      [n3, 9],
      [n4, 3],
    ]);
    expect(reachedBy(both, (voter) => reached.get(voter) ?? 0)).toBe(3);
  });

  test('does not count learners (§4.2.1)', () => {
    expect(isQuorum(quorumOf(learning(n3)), [n1, n4])).toBe(false);
    expect(reachedBy(quorumOf(learning(n3)), (voter) => (voter === n4 || voter === n1 ? 9 : 1))).toBe(1);
  });
});

describe('a leader that is asked to replace a server', () => {
  test('lets the newcomer learn the log first, without a vote (§4.2.1)', () => {
    const { effects, snapshot, rules } = raftServer.step(leaderWith({ term }), replace(n3));
    expect(delivered(effects)).toEqual([{ type: 'reconfiguring', id: 9, term, index: 3 }]);
    expect(written(effects)).toEqual([{ type: 'entries', entries: [configuration(3, learning(n3))] }]);
    expect(snapshot.context.configuration).toEqual({ ...learning(n3), index: 3 });
    expect(sentTo(n2, effects)).toMatchObject([{ type: 'append', entries: [{ index: 3 }] }]);
    expect(sentTo(n4, effects)).toMatchObject([{ type: 'append', previousIndex: 2 }]);
    expect(rules).toEqual(['Raft §4.1', 'Raft §4.2.1']);
  });

  test('does not count what the learner holds', () => {
    const state = taking(begun(n3), durable(3), matches(n4, term, 3));
    expect(state.snapshot.context.commitIndex).toBe(2);
    expect(taking(state, matches(n3, term, 3)).snapshot.context.commitIndex).toBe(3);
  });

  test.each([
    ['before it has committed an entry of its own term (§4.1)', newLeaderWith({ term }), replace(n3), 'not-ready'],
    ['while another change is under way (§4.1)', begun(n3), replace(n2, n5), 'change-under-way'],
    [
      'while the newcomer learns, although that is committed (§4.2.1)',
      taking(begun(n3), durable(3), matches(n2, term, 3)),
      replace(n2, n5),
      'change-under-way',
    ],
    ['while a configuration is joint (§4.1)', inJoint(n3), replace(n2, n5), 'change-under-way'],
    ['that does not vote', leaderWith({ term }), replace(n5), 'not-a-voter'],
    ['by one that takes part already', leaderWith({ term }), replace(n3, n2), 'already-a-member'],
    ['by one that has left before', retiring(n4), replace(n3), 'retired'],
    ['by one of which nobody knows where it is', leaderWith({ term }), { ...replace(n3), places: {} }, 'no-place'],
    ['by one that is where one is that stays', leaderWith({ term }), { ...replace(n3), places: shared }, 'place-taken'],
  ])('refuses a change %s, and appends nothing', (_, state, asked, reason) => {
    expect(raftServer.step(state, asked).effects).toEqual([
      deliverAhead({ type: 'notReconfigured', id: 9, reason, leader: n1 }),
    ]);
  });

  test('lets the newcomer be where the one is that leaves', () => {
    const { effects } = raftServer.step(leaderWith({ term }), { ...replace(n2), places: shared });
    expect(delivered(effects)).toEqual([{ type: 'reconfiguring', id: 9, term, index: 3 }]);
  });

  test('says who leads, where it does not lead itself', () => {
    expect(raftServer.step(followerWith({ leader: n2 }), replace(n3)).effects).toEqual([
      deliverAhead({ type: 'notReconfigured', id: 9, reason: 'not-leader', leader: n2 }),
    ]);
  });
});

/** A leader of the three servers, from whom `server` has left long ago. */
function retiring(server: Address): ServerState {
  return leaderWith({ term, configuration: { ...members, index: 1, retired: [server] } });
}

describe('a learner catches up in rounds (§4.2.1)', () => {
  const state = begun(n3);

  test('the last of which was short enough: then the configuration is joint (§4.3)', () => {
    const caughtUp = taking(state, durable(3), matches(n2, term, 3));
    const { effects, rules } = raftServer.step(caughtUp, matches(n4, term, 3));
    expect(written(effects)).toEqual([{ type: 'entries', entries: [configuration(4, joint(n3))] }]);
    expect(rules).toContain('Raft §4.3');
  });

  test('and waits, once it has, for the configuration that lets it learn to be committed (§4.1)', () => {
    const waiting = taking(state, matches(n4, term, 3));
    expect(votersOf(waiting).index).toBe(3);
    expect(votersOf(taking(waiting, durable(3), matches(n2, term, 3)))).toEqual({ ...joint(n3), index: 4 });
  });

  test('begins another round, with what has come meanwhile, where one was too long', () => {
    const late = taking(state, durable(3), matches(n2, term, 3), { timer: 'catchUpRound' });
    const proposed = taking(late, { type: 'propose', id: 1, commands: [bytes(7)] }, matches(n4, term, 3));
    expect(votersOf(proposed).index).toBe(3);
    expect(proposed.snapshot.context.leadership?.catchUp).toMatchObject({ round: 2, targetIndex: 4 });
    expect(votersOf(taking(proposed, matches(n4, term, 4)))).toEqual({ ...joint(n3), index: 5 });
  });

  test('is given up when it makes no headway, and the members stay who they were', () => {
    const late = taking(state, durable(3), matches(n2, term, 3), { timer: 'catchUpRound' });
    const { effects, state: over } = raftServer.step(late, { timer: 'catchUpPatience' });
    expect(withoutLearner(learning(n3))).toEqual(members);
    expect(written(effects)).toEqual([{ type: 'entries', entries: [configuration(4, members)] }]);
    expect(over.snapshot.context.leadership?.followers.map(({ server }) => server)).toEqual([n2, n3]);
  });

  test('is waited for while it comes further', () => {
    const no = { type: 'appendReply', from: n4, term, matches: false, index: 2, hintIndex: 0, hintTerm: 0, round: 0 };
    const long = taking(leaderWith({ term, terms: [1, 1, 1], limits: { maxAppendBytes: 1, windowEntries: 1 } }));
    const late = taking(long, replace(n3), { ...no, index: 5, type: 'appendReply' }, { timer: 'catchUpRound' });
    const further = taking(late, matches(n4, term, 1), { timer: 'catchUpPatience' });
    expect(votersOf(further).change).not.toBeNull();
    expect(votersOf(taking(further, { timer: 'catchUpPatience' })).change).toBeNull();
  });

  test('and is given up after ten rounds that were all too long', () => {
    let late = taking(state, durable(3), matches(n2, term, 3));
    for (let round = 1; round <= 10; round += 1) {
      const index = late.snapshot.context.log.lastIndex;
      late = taking(
        late,
        { timer: 'catchUpRound' },
        { type: 'propose', id: round, commands: [bytes(round)] },
        matches(n4, term, index),
      );
    }
    expect(votersOf(late)).toEqual({ ...members, index: 14 });
  });
});

describe('a joint configuration (§4.3)', () => {
  test('is in force as soon as it is appended: commitment takes both majorities', () => {
    const state = taking(inJoint(n3), durable(4));
    expect(taking(state, matches(n3, term, 4)).snapshot.context.commitIndex).toBe(3);
    expect(taking(state, matches(n4, term, 4)).snapshot.context.commitIndex).toBe(3);
    expect(taking(state, matches(n3, term, 4), matches(n4, term, 4)).snapshot.context.commitIndex).toBe(4);
  });

  test('is followed by the new one once it is committed, and the one that left is retired', () => {
    const state = taking(inJoint(n3), durable(4));
    const { effects, state: over } = raftServer.step(state, matches(n2, term, 4));
    expect(written(effects)).toEqual([{ type: 'entries', entries: [configuration(5, replaced(n3))] }]);
    expect(votersOf(over)).toMatchObject({ voters: [n1, n2, n4], nextVoters: null, retired: [n3], places });
    expect(over.snapshot.context.leadership?.followers.map(({ server }) => server)).toEqual([n2, n4]);
  });

  test('elects with both majorities', () => {
    const electing = (votes: readonly Address[]) => {
      const context = inJoint(n3).snapshot.context;
      const standing = { ...context, leadership: null, leader: null, votedFor: n1, election: { votes: [n1] } };
      const candidate = raftServer.at('candidate', standing);
      return taking(candidate, ...votes.map((from) => ({ type: 'voteReply', from, term, granted: true }) as const));
    };
    expect(electing([n3]).snapshot.hasTag('leader')).toBe(false);
    expect(electing([n4]).snapshot.hasTag('leader')).toBe(false);
    expect(electing([n3, n4]).snapshot.hasTag('leader')).toBe(true);
    expect(electing([n2]).snapshot.hasTag('leader')).toBe(true);
  });

  test('answers reads with both majorities (§6.4)', () => {
    const asked = taking(inJoint(n3), { type: 'read', id: 1 });
    const readable = (...servers: Address[]) => {
      const answers = servers.map((server) => matches(server, term, 3, 1));
      return answers.flatMap((answer, at) =>
        delivered(raftServer.step(taking(asked, ...answers.slice(0, at)), answer).effects),
      );
    };
    expect(readable(n3)).toEqual([]);
    expect(readable(n4)).toEqual([]);
    expect(readable(n3, n4)).toMatchObject([{ type: 'readable', id: 1 }]);
  });

  test('keeps its leader only while both majorities answer (§6.2)', () => {
    const looked = taking(inJoint(n3), durable(4), { timer: 'quorumTimeout' });
    const stays = (...servers: Address[]) =>
      taking(looked, ...servers.map((it) => matches(it, term, 3)), { timer: 'quorumTimeout' }).snapshot.hasTag(
        'leader',
      );
    expect([stays(n3), stays(n4), stays(n3, n4), stays(n2)]).toEqual([false, false, true, true]);
  });
});

describe('a leader that is replaced itself (§4.2.2)', () => {
  const last = taking(inJoint(n1), durable(4), matches(n2, term, 4), matches(n4, term, 4));

  test('leads on without counting itself, until the configuration without it is committed', () => {
    expect(votersOf(last)).toMatchObject({ voters: [n2, n3, n4], nextVoters: null, retired: [n1] });
    const one = taking(last, durable(5), matches(n2, term, 5));
    expect(one.snapshot.hasTag('leader')).toBe(true);
    expect(one.snapshot.context.commitIndex).toBe(4);
    const { rules, snapshot } = raftServer.step(one, matches(n3, term, 5));
    expect(snapshot.hasTag('follower')).toBe(true);
    expect(snapshot.context).toMatchObject({ commitIndex: 5, leadership: null });
    expect(rules).toContain('Raft §4.2.2');
  });

  test('stands for election while that is not committed, and no more afterwards', () => {
    const { log } = last.snapshot.context;
    const remaining = (commitIndex: number) => {
      const context = { ...followerWith({ term, commitIndex }).snapshot.context, log, configuration: votersOf(last) };
      return taking(raftServer.at(free, context), { timer: 'electionTimeout' });
    };
    expect(remaining(4).snapshot.hasTag('pre-candidate')).toBe(true);
    expect(remaining(5).snapshot.hasTag('follower')).toBe(true);
  });
});

describe('a new leader goes on with the change that it finds in its log', () => {
  /** The leader of term 5, with `said` as entry 3 of its log, which its first entry commits. */
  const elected = (said: Members): ServerState => {
    const { log } = begun(n3).snapshot.context;
    const whole = log.upTo(2).append([configuration(3, said)]);
    const context = followerWith({ term: 5 }).snapshot.context;
    const standing = { ...context, log: whole, configuration: { ...said, index: 3 }, election: { votes: [n1] } };
    return taking(
      raftServer.at('candidate', standing),
      { type: 'voteReply', from: n2, term: 5, granted: true },
      { type: 'voteReply', from: n3, term: 5, granted: true },
      { type: 'durable', from: n1, term: 5, index: 4 },
      matches(n2, 5, 4),
    );
  };

  test('while the newcomer learns', () => {
    expect(votersOf(taking(elected(learning(n3)), matches(n4, 5, 4)))).toEqual({ ...joint(n3), index: 5 });
  });

  test('in the joint configuration', () => {
    expect(votersOf(elected(joint(n3)))).toEqual({ ...replaced(n3), index: 5 });
  });
});

describe('a follower', () => {
  const append = (previousIndex: number, previousTerm: number, entries: readonly Entry[], commitIndex = 0) =>
    ({ type: 'append', from: n2, term: 5, previousIndex, previousTerm, entries, commitIndex, round: 1 }) as const;
  const holding = taking(followerWith({ term: 5, terms: [1] }), append(2, 1, [configuration(3, joint(n3), 4)]));

  test('takes a configuration for in force as soon as it is appended (§4.1)', () => {
    expect(votersOf(holding)).toEqual({ ...joint(n3), index: 3 });
    expect(holding.snapshot.context.commitIndex).toBe(0);
  });

  test('goes back to the one before when it is cut off (§4.1)', () => {
    const cut = taking(holding, append(2, 1, [noop(3, 5)]));
    expect(votersOf(cut)).toEqual({ ...members, index: 1 });
  });

  test('keeps it in its snapshot (§5.1)', () => {
    const committed = taking(holding, append(3, 4, [command(4, 5, 1)], 4));
    const { snapshot } = raftServer.step(committed, { type: 'compact', index: 4, file: fileOf(4) });
    expect(snapshot.context.snapshot?.members).toEqual(joint(n3));
    expect(snapshot.context.configuration).toMatchObject(joint(n3));
  });

  test('does not answer one that has left, once that is committed (§4.2.3)', () => {
    const left = configuration(4, replaced(n3), 5);
    const appended = taking(holding, append(3, 4, [left], 3), { timer: 'minElectionTimeout' });
    const preVote = { type: 'preVote', from: n3, term: 6, lastIndex: 9, lastTerm: 5 } as const;
    expect(raftServer.step(appended, preVote).effects).toHaveLength(1);
    const knowing = taking(appended, append(4, 5, [], 4), { timer: 'minElectionTimeout' });
    expect(raftServer.step(knowing, preVote).effects).toEqual([]);
    expect(raftServer.step(knowing, { ...preVote, type: 'vote', term: 9 }).snapshot.context.term).toBe(5);
  });
});

describe('a server that joins', () => {
  const birth = { self: n4, input: { voters: [], joins: true } };
  const born = raftServer.start(raftServer.recover([]), birth);

  test('begins no cluster, and stands for no election', () => {
    expect(born.effects).toEqual([]);
    expect(born.state.snapshot.context.log.lastIndex).toBe(0);
    expect(taking(born.state, { timer: 'electionTimeout' }).snapshot.hasTag('follower')).toBe(true);
  });

  test('begins none later either, started again without saying so, once it has heard of a term', () => {
    const heard: RaftRecord = { type: 'term-and-vote', term: 4, votedFor: null };
    const recovered = raftServer.recover([heard]);
    const again = raftServer.start(recovered, { self: n4, input: { voters: [n1, n2, n3, n4] } });
    expect(again.effects).toEqual([]);
    expect(again.state.snapshot.context).toMatchObject({ term: 4, configuration: { voters: [] } });
  });

  test('takes its log, and its part in the cluster, from a leader', () => {
    const entries = [first, noop(2, 4), configuration(3, replaced(n3))];
    const append = {
      type: 'append',
      from: n1,
      term,
      previousIndex: 0,
      previousTerm: 0,
      entries,
      commitIndex: 3,
    } as const;
    const step = raftServer.step(born.state, { ...append, round: 1 });
    expect(step.snapshot.context.configuration).toEqual({ ...replaced(n3), index: 3 });
    const later = taking(step.state, { timer: 'minElectionTimeout' }, { timer: 'electionTimeout' });
    expect(later.snapshot.hasTag('pre-candidate')).toBe(true);
    const records = step.effects.flatMap((it) => (it.type === 'persist' ? [it.record] : []));
    const again = raftServer.start(raftServer.recover(records.map((it) => raftServer.parseRecord(it))), birth);
    expect(again.state.snapshot.context.configuration).toEqual({ ...replaced(n3), index: 3 });
  });
});

test('records of version 1, which knew voters alone, are read', () => {
  const voters = [n1, n2, n3];
  const entries = [{ index: 1, term: 0, kind: 'configuration', voters }];
  const snapshot = { index: 1, term: 0, voters, data: bytes(1) };
  expect(raftServer.readsRecords(1)).toBe(true);
  expect(raftServer.parseRecord({ type: 'entries', ...{ entries } }, 1)).toEqual({ type: 'entries', entries: [first] });
  const checkpoint = { term: 1, votedFor: null, snapshot, baseIndex: 0, baseTerm: 0, entries };
  expect(raftServer.parseRecord({ type: 'snapshot', ...checkpoint }, 1)).toMatchObject({
    entries: [first],
    snapshot: { index: 1, members, file: { name: '1', sizeBytes: 1 } },
  });
});
