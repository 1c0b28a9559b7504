import { describe, expect, test } from 'vitest';
import { type Address, deliverAhead, send, sendAhead } from '../../../statecharts/actor.ts';
import { PaxosInvariantError } from '../../../statecharts/paxos/log/errors.ts';
import type { Entry } from '../../../statecharts/paxos/log/messages.ts';
import { isWidelyKnown } from '../../../statecharts/paxos/log/rules/succession.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import {
  acceptedBy,
  at,
  bytes,
  candidateWith,
  command,
  contextWith,
  delivered,
  durable,
  leaderWith,
  members,
  n1,
  n2,
  n3,
  promiseOf,
  run,
  type ServerState,
  sentTo,
  sizes,
  snapshotOf,
  stranger,
  written,
} from './server-bench.ts';

const mine = at(1, n1);
const propose = (id: number, ...values: number[]) =>
  ({ type: 'propose', id, commands: values.map((value) => bytes(value)) }) as const;
const progressOf = (state: ServerState, server: string) =>
  state.snapshot.context.leadership?.followers.find((it) => it.server === server);
/** The leader, of whom both others have heard. */
const heardBy = (state: ServerState): ServerState =>
  [n2, n3].reduce((it, from) => paxosServer.step(it, acceptedBy(from, 1)).state, state);

describe('a leader that is asked to replicate commands (Paxos 2a)', () => {
  test('proposes them in the next slots, ahead of its own journal, and says where', () => {
    const { effects, rules } = paxosServer.step(heardBy(leaderWith()), propose(9, 5, 6));
    const entries = [command(2, 5), command(3, 6)];
    const accept = { type: 'accept', ballot: mine, index: 2, entries, committed: 1, round: 1 };
    expect(effects).toEqual([
      deliverAhead({ type: 'proposed', id: 9, ballot: mine, index: 2 }),
      sendAhead(n2, accept),
      sendAhead(n3, accept),
      written(mine, ...entries),
      send(n1, { type: 'durable', ballot: mine, index: 3 }),
    ]);
    expect(rules).toEqual(['Paxos 2a']);
  });

  test('refuses more bytes than may wait', () => {
    const state = paxosServer.step(leaderWith({ limits: { maxUncommittedBytes: 70 } }), propose(1, 1, 2)).state;
    expect(delivered(paxosServer.step(state, propose(2, 3)).effects)).toMatchObject([{ reason: 'overloaded' }]);
  });

  test('sends one after another without waiting, as far as the window goes', () => {
    let state = heardBy(leaderWith({ limits: { windowEntries: 2 } }));
    const sent = [1, 2, 3].map((id) => {
      const step = paxosServer.step(state, propose(id, id));
      state = step.state;
      return sentTo(n2, step.effects).length;
    });
    expect(sent).toEqual([1, 1, 0]);
    const [next] = sentTo(n2, paxosServer.step(state, acceptedBy(n2, 2)).effects);
    expect(next).toMatchObject({ index: 4, entries: [command(4, 3)] });
  });
});

describe('a leader commits (Paxos 2b)', () => {
  const proposed = paxosServer.step(leaderWith(), propose(9, 5, 6)).state;
  const committed = (...entries: Entry[]) => [deliverAhead({ type: 'committed', ballot: mine, entries })];

  test('what a quorum has accepted, itself included once that is durable', () => {
    const one = paxosServer.step(proposed, acceptedBy(n2, 2));
    expect(delivered(one.effects)).toEqual([]);
    const { effects, state } = paxosServer.step(one.state, durable(1, 3));
    expect(effects).toEqual(committed(command(2, 5)));
    expect(paxosServer.step(state, acceptedBy(n3, 3)).effects).toEqual(committed(command(3, 6)));
  });

  test('without its own journal, if the others have it', () => {
    const one = paxosServer.step(proposed, acceptedBy(n2, 3)).state;
    expect(paxosServer.step(one, acceptedBy(n3, 3)).effects).toEqual(committed(command(2, 5), command(3, 6)));
  });

  test.each([
    ['the same answer twice', [acceptedBy(n2, 3), acceptedBy(n2, 3)]],
    ['acceptances at another ballot', [acceptedBy(n2, 3, 3, 1, at(0, n1)), acceptedBy(n3, 3, 3, 1, at(1, n3))]],
    ['an answer of one that does not vote', [acceptedBy(stranger, 3), acceptedBy(n2, 3)]],
    ['a word of its journal of an earlier ballot', [durable(0, 3), acceptedBy(n2, 3)]],
    ['what is accepted with a hole before it', [acceptedBy(n2, 3, 1), acceptedBy(n3, 3, 1)]],
  ])('not by %s', (_, messages) => {
    let state = proposed;
    for (const message of messages) state = paxosServer.step(state, message).state;
    expect(state.snapshot.context.commitIndex).toBe(1);
  });
});

describe('a leader brings a follower to its own slots', () => {
  test('from the first one on that it lacks, after messages were lost', () => {
    const state = paxosServer.step(heardBy(leaderWith()), propose(1, 7, 8)).state;
    const beat = paxosServer.step(state, { timer: 'heartbeatInterval' });
    expect(sentTo(n2, beat.effects)).toMatchObject([{ index: 4, entries: [], round: 2 }]);
    const { effects, state: after } = paxosServer.step(beat.state, acceptedBy(n2, 3, 1, 2));
    expect(sentTo(n2, effects)).toMatchObject([{ index: 2, entries: [{ index: 2 }, { index: 3 }] }]);
    expect(paxosServer.step(after, acceptedBy(n2, 3, 1, 2)).effects).toEqual([]);
    expect(progressOf(paxosServer.step(after, acceptedBy(n2, 3, 3, 2)).state, n2)).toMatchObject({ match: 3, next: 4 });
  });

  test('also when it has forgotten in a crash what it knew to be chosen', () => {
    const state = [propose(1, 7), acceptedBy(n2, 2), durable(1, 2)].reduce(
      (it, happening) => paxosServer.step(it, happening).state,
      heardBy(leaderWith()),
    );
    const { effects, state: after } = paxosServer.step(state, acceptedBy(n2, 2, 1));
    expect(sentTo(n2, effects)).toMatchObject([{ index: 2, entries: [{ index: 2 }] }]);
    expect(progressOf(after, n2)).toMatchObject({ mode: 'probing', match: 1, next: 2 });
  });

  test('and is not led astray by answers to earlier rounds', () => {
    const state = paxosServer.step(heardBy(leaderWith()), propose(1, 7)).state;
    const beat = paxosServer.step(state, { timer: 'heartbeatInterval' }).state;
    const now = paxosServer.step(beat, acceptedBy(n2, 2, 2, 2)).state;
    expect(progressOf(paxosServer.step(now, acceptedBy(n2, 2, 1, 1)).state, n2)).toMatchObject({ match: 2, next: 3 });
  });

  test('with what was chosen before its ballot, saying at which one that was proposed first', () => {
    const accepted = [run(at(0, n2), command(2, 5))];
    const candidate = candidateWith({ accepted, commitIndex: 2 });
    const told = promiseOf(n2, mine, { index: 3, upTo: 2, lastIndex: 2, committed: 1 });
    const leader = paxosServer.step(paxosServer.step(candidate, durable(1, 2)).state, told);
    expect(sentTo(n2, leader.effects)).toMatchObject([
      { index: 2, entries: [] },
      { index: 2, entries: [command(2, 5, at(0, n2))], committed: 2 },
    ]);
  });

  test('with its snapshot, when what it lacks is compacted', () => {
    const accepted = [run(at(0, n2), command(2, 5), command(3, 6))];
    const candidate = candidateWith({ accepted, snapshot: snapshotOf(3), baseIndex: 3 });
    const told = promiseOf(n2, mine, { index: 4, upTo: 3, lastIndex: 3, committed: 1 });
    const leader = paxosServer.step(paxosServer.step(candidate, durable(1, 3)).state, told);
    expect(sentTo(n2, leader.effects)).toEqual([{ type: 'installSnapshot', ballot: mine, snapshot: snapshotOf(3) }]);
    const reply = { type: 'snapshotReply', from: n2, ballot: mine, lastIndex: 3, standing: 'installed' } as const;
    expect(progressOf(paxosServer.step(leader.state, reply).state, n2)).toMatchObject({
      mode: 'replicating',
      match: 3,
    });
  });
});

describe('a leader answers a read', () => {
  test('not before all that it took over is chosen', () => {
    const candidate = candidateWith({ accepted: [run(at(0, n2), command(2, 5))] });
    const leader = paxosServer.step(paxosServer.step(candidate, durable(1, 1)).state, promiseOf(n2, mine)).state;
    const early = paxosServer.step(leader, { type: 'read', id: 4 });
    expect(delivered(early.effects)).toEqual([{ type: 'refused', id: 4, reason: 'not-ready', leader: n1 }]);
    const chosen = paxosServer.step(paxosServer.step(leader, durable(1, 2)).state, acceptedBy(n2, 2)).state;
    expect(sentTo(n2, paxosServer.step(chosen, { type: 'read', id: 5 }).effects)).toMatchObject([{ round: 2 }]);
  });

  test('by a round that began after it arrived, and was answered at its ballot', () => {
    const asked = paxosServer.step(heardBy(leaderWith()), { type: 'read', id: 4 }).state;
    expect(delivered(paxosServer.step(asked, acceptedBy(n2, 1, 1, 1)).effects)).toEqual([]);
    expect(delivered(paxosServer.step(asked, acceptedBy(n2, 1, 1, 2, at(0, n1))).effects)).toEqual([]);
    const { effects } = paxosServer.step(asked, acceptedBy(n2, 1, 1, 2));
    expect(delivered(effects)).toEqual([{ type: 'readable', id: 4, index: 1 }]);
  });

  test('by as many as share one with every quorum of phase 1', () => {
    const configuration = { ...contextWith().configuration, sizes: { phase1Size: 1, phase2Size: 3 } };
    const alone = paxosServer.step(candidateWith({ configuration }), durable(1, 1)).state;
    const asked = paxosServer.step(alone, { type: 'read', id: 4 }).state;
    const one = paxosServer.step(asked, acceptedBy(n2, 1, 1, 2));
    expect(delivered(one.effects)).toEqual([]);
    expect(delivered(paxosServer.step(one.state, acceptedBy(n3, 1, 1, 2)).effects)).toMatchObject([
      { type: 'readable' },
    ]);
  });
});

describe('a leader steps down', () => {
  const look = { timer: 'quorumTimeout' } as const;
  const anew = paxosServer.step(heardBy(leaderWith()), look).state;

  test('when no quorum has answered for a whole look, and says that it leads no more', () => {
    const { effects, snapshot } = paxosServer.step(anew, look);
    expect(snapshot.hasTag('follower')).toBe(true);
    expect(effects).toEqual([n2, n3].map((to) => send(to, { type: 'beat', promised: mine, isLed: false })));
    const heard = paxosServer.step(anew, acceptedBy(n2, 1)).state;
    expect(paxosServer.step(heard, look).snapshot.hasTag('leader')).toBe(true);
  });

  test('when its journal has written nothing down since the last look, though something waited', () => {
    const waiting = paxosServer.step(paxosServer.step(heardBy(leaderWith()), propose(1, 7)).state, look).state;
    const heard = paxosServer.step(waiting, acceptedBy(n2, 2)).state;
    expect(paxosServer.step(heard, look).snapshot.hasTag('follower')).toBe(true);
    const written = paxosServer.step(heard, durable(1, 2)).state;
    expect(paxosServer.step(written, look).snapshot.hasTag('leader')).toBe(true);
  });

  test('when another ballot was promised, and refuses the reads that wait', () => {
    const reading = paxosServer.step(anew, { type: 'read', id: 3 }).state;
    const { effects, snapshot } = paxosServer.step(reading, { type: 'refused', from: n2, promised: at(2, n3) });
    expect(delivered(effects)).toEqual([{ type: 'refused', id: 3, reason: 'not-leader' }]);
    expect(snapshot.context).toMatchObject({ promised: mine, highest: at(2, n3), leadership: null });
    expect(paxosServer.step(anew, { type: 'refused', from: n2, promised: mine }).snapshot.hasTag('leader')).toBe(true);
  });

  test('for good when its ballot is used by another', () => {
    const accept = { type: 'accept', from: n2, ballot: mine, index: 2, entries: [], committed: 1, round: 1 } as const;
    expect(() => paxosServer.step(anew, accept)).toThrow(PaxosInvariantError);
  });
});

describe('a leader ends its configuration by a stop-sign', () => {
  const n4: Address = 'n4/paxos.server/kv';
  const replace = { type: 'replace', id: 7, leaving: n3, joining: n4, places: { n4: 'h:1' } } as const;
  const stop: Entry = {
    index: 2,
    kind: 'stop',
    members: { ...members, learners: [n4], change: { leaving: n3, joining: n4 }, places: { n4: 'h:1' } },
    sizes,
  };
  const stopped = paxosServer.step(heardBy(leaderWith()), replace);

  test('which names who learns the log, and after which it proposes nothing', () => {
    expect(delivered(stopped.effects)).toEqual([{ type: 'reconfiguring', id: 7, index: 2 }]);
    expect(stopped.effects).toContainEqual(written(mine, stop));
    expect(delivered(paxosServer.step(stopped.state, propose(8, 1)).effects)).toMatchObject([{ reason: 'not-ready' }]);
    expect(delivered(paxosServer.step(stopped.state, { ...replace, id: 9 }).effects)).toMatchObject([
      { type: 'notReconfigured', id: 9, reason: 'change-under-way' },
    ]);
  });

  test('and goes on in the next one when it is chosen, which those of the last one are told', () => {
    const durably = paxosServer.step(stopped.state, durable(1, 2)).state;
    const { effects, snapshot, state } = paxosServer.step(durably, acceptedBy(n3, 2));
    expect(snapshot.hasTag('leader')).toBe(true);
    expect(snapshot.context).toMatchObject({ promised: mine, configuration: { index: 2, learners: [n4] } });
    expect(effects).toContainEqual({ type: 'persist', record: { type: 'chosen', upTo: 2 } });
    expect(sentTo(n3, effects)).toMatchObject([{ type: 'accept', committed: 2 }]);
    expect(sentTo(n4, paxosServer.step(state, propose(8, 1)).effects)).toMatchObject([{ type: 'accept', index: 3 }]);
  });

  test('but stands in the next one when it took the stop-sign over, since that may have had leaders before', () => {
    const candidate = candidateWith({ accepted: [run(at(0, n2), stop, command(3, 5))] });
    const leader = paxosServer.step(paxosServer.step(candidate, durable(1, 1)).state, promiseOf(n2, mine)).state;
    const durably = paxosServer.step(leader, durable(1, 2)).state;
    const { effects, rules, snapshot } = paxosServer.step(durably, acceptedBy(n3, 2));
    expect(snapshot.hasTag('candidate')).toBe(true);
    expect(snapshot.context).toMatchObject({ promised: at(2, n1), configuration: { index: 2, learners: [n4] } });
    expect(rules).toEqual(['Paxos 2b', 'Stoppable §3']);
    expect(sentTo(n3, effects)).toMatchObject([
      { type: 'accept', committed: 2 },
      { type: 'prepare', index: 3 },
    ]);
  });

  test.each([
    ['not-a-voter', { leaving: stranger }],
    ['already-a-member', { joining: n2 }],
    ['no-place', { places: {} }],
    ['place-taken', { places: { n2: 'h:1', n4: 'h:1' } }],
  ] as const)('not when it is %s', (reason, changed) => {
    const { effects } = paxosServer.step(heardBy(leaderWith()), { ...replace, ...changed });
    expect(delivered(effects)).toMatchObject([{ type: 'notReconfigured', id: 7, reason }]);
  });

  test('with the newcomer as a voter once that has caught up, and the one that leaves retired', () => {
    const learning = { ...contextWith().configuration, ...(stop.kind === 'stop' ? stop.members : members) };
    const leader = heardBy(leaderWith({ configuration: learning }));
    const { effects, state } = paxosServer.step(leader, acceptedBy(n4, 1));
    const swapped = { ...members, voters: [n1, n2, n4], retired: [n3], founders: [n1, n2, n3], places: { n4: 'h:1' } };
    expect(effects).toContainEqual(written(mine, { index: 2, kind: 'stop', members: swapped, sizes }));
    const chosen = [durable(1, 2), acceptedBy(n2, 2)].reduce(
      (it, message) => paxosServer.step(it, message).state,
      state,
    );
    expect(chosen.snapshot.context.configuration).toMatchObject({ voters: [n1, n2, n4], retired: [n3] });
  });

  test('and lets a read that waits see all that the last one chose, whose voters may have had another leader', () => {
    const learning = { ...contextWith().configuration, ...(stop.kind === 'stop' ? stop.members : members) };
    const waiting = [propose(8, 5), acceptedBy(n4, 2), { type: 'read', id: 4 } as const, durable(1, 3)].reduce(
      (it, happening) => paxosServer.step(it, happening).state,
      heardBy(leaderWith({ configuration: learning })),
    );
    // n2 and n3 may have promised another ballot since n2 accepted, at which slot 2 was chosen before the read arrived.
    const over = paxosServer.step(waiting, acceptedBy(n2, 3, 3, 1));
    expect(delivered(over.effects)).toMatchObject([{ type: 'committed', entries: [{ index: 2 }, { index: 3 }] }]);
    // n4, which had no vote in the last configuration, answers the round of the read.
    const { effects } = paxosServer.step(over.state, acceptedBy(n4, 3, 3, 2));
    expect(delivered(effects)).toEqual([{ type: 'readable', id: 4, index: 3 }]);
  });

  test('and may do without those who were replaced once so many know it that no later leader is elected without one', () => {
    const learning = { ...contextWith().configuration, ...(stop.kind === 'stop' ? stop.members : members) };
    const leader = heardBy(leaderWith({ configuration: learning }));
    const hearing = (state: ServerState, ...messages: Parameters<typeof paxosServer.step>[1][]) =>
      messages.reduce((it: ServerState, message) => paxosServer.step(it, message).state, state);
    const chosen = hearing(leader, acceptedBy(n4, 1), durable(1, 2), acceptedBy(n2, 2));
    const isKnown = (state: ServerState) => isWidelyKnown(state.snapshot.context);
    const { round } = chosen.snapshot.context.leadership ?? { round: 0 };
    expect(isKnown(chosen)).toBe(false);
    // One that left, one that answers what it was asked before, and one that lacks the stop-sign do not count.
    const others = [acceptedBy(n3, 2, 2, round), acceptedBy(n2, 2, 2, round - 1), acceptedBy(n4, 2, 1, round)];
    expect(isKnown(hearing(chosen, ...others))).toBe(false);
    expect(isKnown(hearing(chosen, ...others, acceptedBy(n4, 2, 2, round)))).toBe(true);
  });

  test('and follows when the next one is without it', () => {
    const change = { leaving: n1, joining: n4 };
    const configuration = { ...contextWith().configuration, learners: [n4], change };
    const leader = heardBy(leaderWith({ configuration }));
    const last = [acceptedBy(n4, 1), durable(1, 2), acceptedBy(n2, 2)].reduce(
      (it, message) => paxosServer.step(it, message).state,
      leader,
    );
    expect(last.snapshot.hasTag('follower')).toBe(true);
    expect(last.snapshot.context.configuration).toMatchObject({ voters: [n2, n3, n4], retired: [n1] });
    expect(paxosServer.step(last, { timer: 'electionRound' }).snapshot.hasTag('follower')).toBe(true);
  });
});
