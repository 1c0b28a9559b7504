import { describe, expect, test } from 'vitest';
import { type Address, deliverAhead, persist, send, sendAhead } from '../../../statecharts/actor.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import { withLearner } from '../../../statecharts/replication/members.ts';
import {
  acceptedBy,
  at,
  beatOf,
  bytes,
  candidateWith,
  command,
  contextWith,
  delivered,
  durable,
  followerWith,
  leaderWith,
  members,
  n1,
  n2,
  n3,
  promiseOf,
  run,
  type ServerState,
  sentTo,
  stranger,
  written,
} from './server-bench.ts';

const mine = at(1, n1);
const next = at(2, n2);
const n4: Address = 'n4/paxos.server/kv';
const places = { n4: '127.0.0.1:4804' };
const handOver = (to: Address | null, id = 9) => ({ type: 'handOver', id, to }) as const;
const propose = { type: 'propose', id: 1, commands: [bytes(5)] } as const;
const refused = (reason: string, leader: Address | null = n1) =>
  deliverAhead({ type: 'notHandedOver', id: 9, reason, ...(leader === null ? {} : { leader }) });
const standNow = (to: Address) => sendAhead(to, { type: 'standNow', ballot: mine });
const prepare = { type: 'prepare', from: n2, ballot: next, index: 2 } as const;
const heartbeat = (from: Address, round: number) =>
  ({ type: 'accept', from, ballot: at(round, from), index: 2, entries: [], committed: 1, round: 1 }) as const;

type Happening = Parameters<typeof paxosServer.step>[1];
const taking = (state: ServerState, ...happenings: Happening[]): ServerState =>
  happenings.reduce((it, happening) => paxosServer.step(it, happening).state, state);
const handOverOf = ({ snapshot }: ServerState) => snapshot.context.handOver;
const timersOf = (state: ServerState) => paxosServer.timers(state).map(({ delay }) => delay);

/** The leader of whom both others have heard, and which they have answered. */
const settled = taking(leaderWith(), acceptedBy(n2, 1), acceptedBy(n3, 1));
/** The leader that has told n2, which has accepted all. */
const told = taking(settled, handOver(n2));
/** The leader that has proposed in a slot that n2 lacks. */
const ahead = taking(settled, propose);
/** The leader that has taken over a slot, of which it does not know yet whether it is chosen. */
const newLeader = taking(
  candidateWith({ accepted: [run(at(0, n2), command(2, 5))] }),
  durable(1, 1),
  promiseOf(n2, mine),
);
/** The leader among members of whom n4 learns in order to vote in the place of n2. */
const learning = taking(
  leaderWith({
    configuration: { ...contextWith().configuration, ...withLearner(members, { leaving: n2, joining: n4, places }) },
  }),
  acceptedBy(n2, 1),
  acceptedBy(n3, 1),
);

describe('a leader that is asked to hand over (Ongaro §3.10)', () => {
  test('tells a server that has accepted all at once, and waits a round at most', () => {
    const { effects, snapshot, rules, state } = paxosServer.step(settled, handOver(n2));
    expect(effects).toEqual([standNow(n2)]);
    expect(snapshot.hasTag('leader')).toBe(true);
    expect(rules).toEqual(['Raft §3.10', 'Raft §3.10']);
    expect(timersOf(state)).toContain('handOverTimeout');
  });

  test('brings the other one to its last slot before', () => {
    const begun = paxosServer.step(ahead, handOver(n2));
    expect(begun.effects).toEqual([]);
    const behind = paxosServer.step(begun.state, acceptedBy(n3, 2));
    expect(sentTo(n2, behind.effects)).toEqual([]);
    expect(paxosServer.step(behind.state, acceptedBy(n2, 2)).effects).toContainEqual(standNow(n2));
  });

  test('tells it once', () => {
    expect(sentTo(n2, paxosServer.step(told, acceptedBy(n2, 1)).effects)).toEqual([]);
    expect(sentTo(n2, paxosServer.step(told, { timer: 'heartbeatInterval' }).effects)).toMatchObject([
      { type: 'accept', entries: [] },
    ]);
  });

  test('proposes nothing meanwhile, and begins no change of members', () => {
    expect(paxosServer.step(told, propose).effects).toEqual([
      deliverAhead({ type: 'refused', id: 1, reason: 'handing-over', leader: n1 }),
    ]);
    const replace = { type: 'replace', id: 2, leaving: n3, joining: n4, places } as const;
    expect(delivered(paxosServer.step(told, replace).effects)).toEqual([
      { type: 'notReconfigured', id: 2, reason: 'not-ready', leader: n1 },
    ]);
  });

  test('answers reads as before', () => {
    const { state } = paxosServer.step(told, { type: 'read', id: 5 });
    const { effects } = paxosServer.step(state, acceptedBy(n2, 1, 1, 2));
    expect(delivered(effects)).toEqual([{ type: 'readable', id: 5, index: 1 }]);
  });

  test('lets one hand-over be enough', () => {
    expect(paxosServer.step(told, handOver(n3)).effects).toEqual([refused('under-way')]);
  });

  const stopping = taking(settled, { type: 'replace', id: 2, leaving: n3, joining: n4, places });

  test.each<[string, string, ServerState, Address | null]>([
    ['leads-already', 'to hand over to itself', settled, n1],
    ['not-a-voter', 'to hand over to a stranger', settled, stranger],
    ['not-a-voter', 'to hand over to one that learns', learning, n4],
    ['not-a-voter', 'to hand over to one that is about to leave', learning, n2],
    ['not-ready', 'before it knows what is chosen', newLeader, n2],
    ['not-ready', 'while a stop-sign waits to be chosen', stopping, n2],
    ['not-leader', 'as a follower', followerWith(), n3],
    ['not-leader', 'as a candidate', candidateWith(), n2],
  ])('answers %s when it is asked %s', (reason, _, state, to) => {
    const { effects, state: after } = paxosServer.step(state, handOver(to));
    expect(effects).toEqual([refused(reason, state.snapshot.context.leader)]);
    expect(handOverOf(after)).toBeNull();
  });
});

describe('the server that is to lead', () => {
  test('is the one that has accepted most, when none is named', () => {
    expect(paxosServer.step(taking(ahead, acceptedBy(n3, 2)), handOver(null)).effects).toEqual([standNow(n3)]);
  });

  test('is none that has not answered lately', () => {
    const beat = { timer: 'heartbeatInterval' } as const;
    const silent = taking(settled, beat, beat);
    expect(paxosServer.step(silent, handOver(null)).effects).toEqual([refused('no-voter-heard')]);
    expect(paxosServer.step(taking(silent, acceptedBy(n3, 1, 1, 3)), handOver(null)).effects).toEqual([standNow(n3)]);
  });

  test('may be one of those who vote after the change that is under way', () => {
    expect(paxosServer.step(learning, handOver(n3)).effects).toEqual([standNow(n3)]);
  });
});

describe('a hand-over ends', () => {
  test('with the promise of the leader, which follows, and concludes nothing from it', () => {
    const { effects, snapshot, state } = paxosServer.step(told, prepare);
    expect(snapshot.hasTag('follower')).toBe(true);
    expect(effects[0]).toEqual(persist({ type: 'promise', ballot: next }));
    expect(sentTo(n2, effects).at(-1)).toMatchObject({ type: 'promise', ballot: next, accepted: [] });
    expect(delivered(effects)).toEqual([]);
    expect(handOverOf(state)).toEqual({ id: 9, to: n2 });
  });

  test.each<[string, ServerState]>([
    ['has promised the later ballot', taking(told, prepare)],
    ['has heard of it by a refusal', taking(told, { type: 'refused', from: n3, promised: next })],
    ['still leads', told],
  ])('told as done, once that is durable, when another leader is heard; by a server that %s', (_, state) => {
    const { effects, state: after } = paxosServer.step(state, heartbeat(n3, 3));
    expect(effects.filter(({ type }) => type === 'deliver')).toEqual([
      { type: 'deliver', output: { type: 'handedOver', id: 9, leader: n3 } },
    ]);
    expect(handOverOf(after)).toBeNull();
    expect(delivered(paxosServer.step(after, heartbeat(n3, 3)).effects)).toEqual([]);
  });

  test('after a round, and the leader goes on', () => {
    const late = paxosServer.step(told, { timer: 'handOverTimeout' });
    expect(late.effects).toEqual([refused('timed-out')]);
    expect(late.snapshot.hasTag('leader')).toBe(true);
    expect(delivered(paxosServer.step(late.state, propose).effects)).toMatchObject([{ type: 'proposed', index: 2 }]);
    expect(paxosServer.step(late.state, handOver(n3)).effects).toEqual([standNow(n3)]);
  });

  test('the same where the other one has not accepted all', () => {
    const state = taking(ahead, handOver(n2), acceptedBy(n3, 2));
    expect(paxosServer.step(state, { timer: 'handOverTimeout' }).effects).toEqual([refused('target-behind')]);
  });

  test.each<[string, ServerState]>([
    ['has promised', taking(told, prepare)],
    ['lost its quorum', taking(told, { timer: 'quorumTimeout' }, { timer: 'quorumTimeout' })],
  ])('when no leader is heard for a round by the server that %s', (_, state) => {
    expect(state.snapshot.hasTag('follower')).toBe(true);
    const { effects, state: after } = paxosServer.step(state, { timer: 'electionRound' });
    expect(delivered(effects)).toMatchObject([{ type: 'notHandedOver', id: 9, reason: 'timed-out' }]);
    expect(handOverOf(after)).toBeNull();
  });

  test('when the server that has handed over stands itself', () => {
    const state = taking(told, prepare, beatOf(n3, false), beatOf(n2, false), { timer: 'electionRound' });
    expect(state.snapshot.hasTag('candidate')).toBe(true);
    expect(handOverOf(state)).toBeNull();
  });
});

describe('a server that its leader tells to stand', () => {
  const message = { type: 'standNow', from: n2, ballot: at(1) } as const;

  test('does so at once, at a later ballot, which is durable before anybody is asked, and whoever is led', () => {
    const { effects, snapshot, rules } = paxosServer.step(taking(followerWith(), beatOf(n3, true)), message);
    expect(snapshot.hasTag('candidate')).toBe(true);
    const question = { type: 'prepare', ballot: at(2, n1), index: 2 } as const;
    expect(effects).toEqual([
      persist({ type: 'promise', ballot: at(2, n1) }),
      send(n2, question),
      send(n3, question),
      send(n1, { type: 'durable', ballot: at(2, n1), index: 1 }),
    ]);
    expect(rules).toEqual(['Raft §3.10']);
  });

  test('takes over what others tell, and nothing on the leader’s word', () => {
    const state = taking(followerWith(), message, durable(2, 1));
    const accepted = [run(at(1), command(2, 7))];
    const { effects, snapshot } = paxosServer.step(
      state,
      promiseOf(n3, at(2, n1), { upTo: 2, lastIndex: 2, accepted }),
    );
    expect(snapshot.hasTag('leader')).toBe(true);
    expect(effects).toContainEqual(written(at(2, n1), command(2, 7, at(1))));
  });

  test.each<[string, ServerState]>([
    ['the ballot is over; a follower', followerWith({ promised: at(2, n3) })],
    ['it never promised the ballot; a follower', followerWith({ promised: at(0, n1) })],
    ['it stands already; a candidate', candidateWith()],
    ['it leads; a leader', settled],
  ])('does not when %s', (_, state) => {
    const { effects, snapshot } = paxosServer.step(state, message);
    expect(effects).toEqual([]);
    expect(snapshot.value).toEqual(state.snapshot.value);
  });

  test('does not without a vote', () => {
    const { configuration } = contextWith();
    const state = followerWith({ configuration: { ...configuration, voters: [n2, n3] } });
    expect(paxosServer.step(state, message).snapshot.hasTag('follower')).toBe(true);
  });
});

test('a change of members that is under way rests during a hand-over, and goes on where it is given up', () => {
  const handing = taking(learning, handOver(n3));
  const caughtUp = taking(handing, acceptedBy(n4, 1));
  const lastIndexOf = ({ snapshot }: ServerState) => snapshot.context.leadership?.lastIndex;
  expect(lastIndexOf(caughtUp)).toBe(1);
  expect(lastIndexOf(taking(handing, { timer: 'catchUpRound' }, { timer: 'catchUpPatience' }))).toBe(1);
  const { effects, state } = paxosServer.step(caughtUp, { timer: 'handOverTimeout' });
  expect(lastIndexOf(state)).toBe(2);
  expect(sentTo(n3, effects)).toMatchObject([{ entries: [{ kind: 'stop', members: { voters: [n1, n3, n4] } }] }]);
});
