import { describe, expect, test } from 'vitest';
import { type Address, deliverAhead, type Effect, persist, send, sendAhead } from '../../../statecharts/actor.ts';
import { jointly } from '../../../statecharts/raft/joint.ts';
import { type Entry, type Members, raftServer } from '../../../statecharts/raft.ts';
import { withLearner } from '../../../statecharts/replication/members.ts';
import {
  bytes,
  candidateWith,
  followerWith,
  leaderWith,
  loyalWith,
  matches,
  members,
  n1,
  n2,
  n3,
  newLeaderWith,
  noop,
  preCandidateWith,
  type ServerState,
  stranger,
} from './bench.ts';

const n4: Address = 'n4/raft.server/kv';
const term = 4;
const handOver = (to: Address | null, id = 9) => ({ type: 'handOver', id, to }) as const;
const propose = { type: 'propose', id: 1, commands: [bytes(5)] } as const;
const refused = (reason: string, leader: Address | null = n1) =>
  deliverAhead({ type: 'notHandedOver', id: 9, reason, ...(leader === null ? {} : { leader }) });
const timeoutNow = (to: Address) => sendAhead(to, { type: 'timeoutNow', term });
const heartbeat = (from: Address, itsTerm: number) =>
  ({
    type: 'append',
    from,
    term: itsTerm,
    previousIndex: 1,
    previousTerm: 0,
    entries: [],
    commitIndex: 0,
    round: 1,
  }) as const;

type Happening = Parameters<typeof raftServer.step>[1];
const taking = (state: ServerState, ...happenings: Happening[]): ServerState =>
  happenings.reduce((it, happening) => raftServer.step(it, happening).state, state);
const delivered = (effects: readonly Effect[]) => effects.flatMap((it) => (it.type === 'deliver' ? [it.output] : []));
const handingOverOf = ({ snapshot }: ServerState) => snapshot.context.handOver;
const timersOf = (state: ServerState) => raftServer.timers(state).map(({ delay }) => delay);

/** The leader that has told n2, which has all of its log. */
const told = taking(leaderWith({ term }), handOver(n2));
/** The leader with an entry that n2 lacks. */
const ahead = taking(leaderWith({ term }), propose);

/** The leader in whose log entry 3, which is not committed, says who takes part. */
function leaderAmong(said: Members): ServerState {
  const { context } = leaderWith({ term }).snapshot;
  const entry: Entry = { index: 3, term, kind: 'configuration', members: said };
  const configuration = { ...said, index: 3 };
  const leadership = context.leadership && {
    ...context.leadership,
    durableIndex: 3,
    followers: context.leadership.followers.map((it) => ({ ...it, match: 3, next: 4 })),
  };
  return raftServer.at(
    { leader: { heartbeats: 'waiting', quorum: 'watching', members: 'settled', handOver: 'none' } },
    { ...context, configuration, leadership, log: context.log.append([entry]) },
  );
}

describe('a leader that is asked to hand over (§3.10)', () => {
  test('tells a server that has all of its log at once, and waits an election timeout at most', () => {
    const { effects, snapshot, rules, state } = raftServer.step(leaderWith({ term }), handOver(n2));
    expect(effects).toEqual([timeoutNow(n2)]);
    expect(snapshot.hasTag('leader')).toBe(true);
    expect(rules).toEqual(['Raft §3.10', 'Raft §3.10']);
    expect(timersOf(state)).toContain('handOverTimeout');
  });

  test('brings the other one to the end of its log before', () => {
    const begun = raftServer.step(ahead, handOver(n2));
    expect(begun.effects).toEqual([]);
    const behind = raftServer.step(begun.state, matches(n3, term, 3));
    expect(behind.effects).toEqual([]);
    expect(raftServer.step(behind.state, matches(n2, term, 3)).effects).toContainEqual(timeoutNow(n2));
  });

  test('tells it once', () => {
    expect(raftServer.step(told, matches(n2, term, 2, 1)).effects).toEqual([]);
    const { effects } = raftServer.step(told, { timer: 'heartbeatInterval' });
    expect(effects.map((it) => it.type === 'send' && it.message.type)).toEqual(['append', 'append']);
  });

  test('takes no proposals meanwhile, and begins no change of members', () => {
    expect(raftServer.step(told, propose).effects).toEqual([
      deliverAhead({ type: 'refused', id: 1, reason: 'handing-over', leader: n1 }),
    ]);
    const places = { n4: '127.0.0.1:4804' };
    expect(
      delivered(raftServer.step(told, { type: 'replace', id: 2, leaving: n3, joining: n4, places }).effects),
    ).toEqual([{ type: 'notReconfigured', id: 2, reason: 'not-ready', leader: n1 }]);
  });

  test('answers reads as before', () => {
    const { state } = raftServer.step(told, { type: 'read', id: 5 });
    const { effects } = raftServer.step(state, matches(n2, term, 2, 1));
    expect(delivered(effects)).toEqual([{ type: 'readable', id: 5, index: 2 }]);
  });

  test('lets one hand-over be enough', () => {
    expect(raftServer.step(told, { ...handOver(n3), id: 9 }).effects).toEqual([refused('under-way')]);
  });

  test.each<[string, ServerState, Address | null]>([
    ['leads-already', leaderWith({ term }), n1],
    ['not-a-voter', leaderWith({ term }), stranger],
    ['not-ready', newLeaderWith({ term }), n2],
    ['not-leader', followerWith({ term }), n2],
    ['not-leader', preCandidateWith({ term }), n2],
    ['not-leader', candidateWith({ term }), n2],
  ])('answers %s', (reason, state, to) => {
    const { effects, state: after } = raftServer.step(state, handOver(to));
    expect(effects).toEqual([refused(reason, state.snapshot.context.leader)]);
    expect(handingOverOf(after)).toBeNull();
  });
});

describe('the server that is to lead (§3.10)', () => {
  test('is the one that has most of the log, when none is named', () => {
    const state = taking(ahead, matches(n3, term, 3));
    expect(raftServer.step(state, handOver(null)).effects).toEqual([timeoutNow(n3)]);
  });

  test('is none that has not answered lately', () => {
    const beat = { timer: 'heartbeatInterval' } as const;
    const silent = taking(leaderWith({ term }), beat, beat);
    expect(raftServer.step(silent, handOver(null)).effects).toEqual([refused('no-voter-heard')]);
    const one = taking(silent, matches(n3, term, 2, 2));
    expect(raftServer.step(one, handOver(null)).effects).toEqual([timeoutNow(n3)]);
    const lost = taking(one, { type: 'unreachable', node: 'n3', reason: 'disconnected' });
    expect(raftServer.step(lost, handOver(null)).effects).toEqual([refused('no-voter-heard')]);
  });

  const learning = withLearner(members, { leaving: n2, joining: n4, places: {} });

  test.each<[string, Members, Address]>([
    ['learns', learning, n4],
    ['is about to leave', learning, n2],
    ['leaves', jointly(learning), n2],
  ])('is none that %s', (_, said, server) => {
    expect(raftServer.step(leaderAmong(said), handOver(server)).effects).toEqual([refused('not-a-voter')]);
  });

  test('may be one of those who vote after the change that is under way', () => {
    expect(raftServer.step(leaderAmong(learning), handOver(n3)).effects).toEqual([timeoutNow(n3)]);
  });
});

describe('a hand-over ends (§3.10)', () => {
  test('with the vote of the leader, which is not loyal to itself when it has asked for that', () => {
    const vote = { type: 'vote', from: n2, term: 5, lastIndex: 2, lastTerm: 4 } as const;
    expect(raftServer.step(told, vote).snapshot.hasTag('leader')).toBe(true);
    const { effects, snapshot } = raftServer.step(told, { ...vote, isAskedFor: true });
    expect(snapshot.hasTag('follower')).toBe(true);
    expect(effects).toEqual([
      persist({ type: 'term-and-vote', term: 5, votedFor: null }),
      persist({ type: 'term-and-vote', term: 5, votedFor: n2 }),
      send(n2, { type: 'voteReply', term: 5, granted: true }),
    ]);
    expect(handingOverOf({ ...told, snapshot })).toEqual({ id: 9, to: n2 });
  });

  test('told as done when another leader is heard, whichever it is', () => {
    const { effects, state } = raftServer.step(told, heartbeat(n3, 6));
    expect(delivered(effects)).toEqual([{ type: 'handedOver', id: 9, leader: n3 }]);
    expect(handingOverOf(state)).toBeNull();
    expect(delivered(raftServer.step(state, heartbeat(n3, 6)).effects)).toEqual([]);
  });

  test('after an election timeout, and the leader goes on', () => {
    const late = raftServer.step(told, { timer: 'handOverTimeout' });
    expect(late.effects).toEqual([refused('timed-out')]);
    expect(late.snapshot.hasTag('leader')).toBe(true);
    expect(delivered(raftServer.step(late.state, propose).effects)).toMatchObject([{ type: 'proposed' }]);
    expect(raftServer.step(late.state, handOver(n3)).effects).toEqual([timeoutNow(n3)]);
  });

  test('the same where the other one has not got all', () => {
    const state = taking(ahead, handOver(n2), matches(n3, term, 3));
    expect(raftServer.step(state, { timer: 'handOverTimeout' }).effects).toEqual([refused('target-behind')]);
  });

  test('when the server that has handed over would stand for election itself', () => {
    const stepped = raftServer.step(told, { timer: 'quorumTimeout' }).state;
    const followed = raftServer.step(
      taking(stepped, { type: 'vote', from: n2, term: 5, lastIndex: 2, lastTerm: 4, isAskedFor: true }),
      { timer: 'electionTimeout' },
    );
    expect(followed.snapshot.hasTag('pre-candidate')).toBe(true);
    expect(followed.effects).toContainEqual(refused('timed-out', null));
    expect(handingOverOf(followed.state)).toBeNull();
  });
});

describe('a server that its leader tells to lead (§3.10)', () => {
  const message = { type: 'timeoutNow', from: n2, term } as const;

  test.each<[string, ServerState]>([
    ['follows', loyalWith({ term, terms: [4] })],
    ['has missed its leader', preCandidateWith({ term, terms: [4] })],
  ])('stands at once, without asking beforehand, and says that the leader asked for it; one that %s', (_, state) => {
    const { effects, snapshot } = raftServer.step(state, message);
    expect(snapshot.hasTag('candidate')).toBe(true);
    const question = { type: 'vote', term: 5, lastIndex: 2, lastTerm: 4, isAskedFor: true };
    expect(effects).toEqual([
      persist({ type: 'term-and-vote', term: 5, votedFor: n1 }),
      send(n2, question),
      send(n3, question),
      send(n1, { type: 'durable', term: 5, index: 2 }),
    ]);
  });

  test('stands as any other candidate when that election fails', () => {
    const failed = taking(loyalWith({ term }), message, { timer: 'electionTimeout' });
    expect(failed.snapshot.hasTag('pre-candidate')).toBe(true);
    const granted = { type: 'preVoteReply', from: n3, term: 5, forTerm: 6, granted: true } as const;
    const { effects } = raftServer.step(failed, granted);
    expect(effects).toContainEqual(send(n2, { type: 'vote', term: 6, lastIndex: 1, lastTerm: 0 }));
  });

  test.each<[string, ServerState]>([
    ['a follower', loyalWith({ term: 5 })],
    ['a pre-candidate', preCandidateWith({ term: 5 })],
    ['a candidate', candidateWith({ term: 5 })],
    ['a leader', leaderWith({ term: 5 })],
  ])('does not when that term is over; %s', (_, state) => {
    const { effects, snapshot } = raftServer.step(state, message);
    expect(effects).toEqual([]);
    expect(snapshot.value).toEqual(state.snapshot.value);
  });

  test('does not without a vote', () => {
    const { configuration } = loyalWith({ term }).snapshot.context;
    const state = loyalWith({ term, commitIndex: 1, configuration: { ...configuration, voters: [n2, n3] } });
    expect(raftServer.step(state, message).snapshot.hasTag('follower')).toBe(true);
  });
});

describe('a voter that is loyal to its leader (§4.2.3)', () => {
  const vote = { type: 'vote', from: n3, term: 5, lastIndex: 2, lastTerm: 4, isAskedFor: true } as const;

  test('votes for a candidate that the leader asked to stand', () => {
    const { effects, snapshot } = raftServer.step(loyalWith({ term, terms: [4] }), vote);
    expect(snapshot.context).toMatchObject({ term: 5, votedFor: n3, leader: null });
    expect(effects).toContainEqual(send(n3, { type: 'voteReply', term: 5, granted: true }));
  });

  test('and not for one whose log lacks what it has', () => {
    const { effects } = raftServer.step(loyalWith({ term, terms: [4, 4] }), vote);
    expect(effects).toContainEqual(send(n3, { type: 'voteReply', term: 5, granted: false }));
  });

  test('nor twice in a term', () => {
    const { effects } = raftServer.step(loyalWith({ term: 5, votedFor: n2 }), vote);
    expect(effects).toEqual([send(n3, { type: 'voteReply', term: 5, granted: false })]);
  });
});

test('a change of members that is under way rests during a hand-over, and goes on where it is given up', () => {
  const places = { n4: '127.0.0.1:4804' };
  const durable = { type: 'durable', from: n1, term, index: 3 } as const;
  const begun = taking(leaderWith({ term }), { type: 'replace', id: 1, leaving: n2, joining: n4, places }, durable);
  const handing = taking(begun, handOver(n3), matches(n3, term, 3));
  const caughtUp = raftServer.step(handing, matches(n4, term, 3));
  expect(caughtUp.snapshot.context.log.lastIndex).toBe(3);
  const patient = taking(caughtUp.state, { timer: 'catchUpRound' }, { timer: 'catchUpPatience' });
  expect(patient.snapshot.context.log.lastIndex).toBe(3);
  const { snapshot } = raftServer.step(caughtUp.state, { timer: 'handOverTimeout' });
  expect(snapshot.context.configuration).toMatchObject({ nextVoters: [n1, n3, n4], index: 4 });
  expect(snapshot.context.log.entryAt(2)).toEqual(noop(2, term));
});
