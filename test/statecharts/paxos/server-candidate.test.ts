import { describe, expect, test } from 'vitest';
import { deliverAhead, persist, send, sendAhead } from '../../../statecharts/actor.ts';
import type { Entry } from '../../../statecharts/paxos/log/messages.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import {
  acceptedBy,
  aloneWith,
  at,
  beatOf,
  candidateWith,
  command,
  contextWith,
  delivered,
  durable,
  fileOf,
  first,
  n1,
  n2,
  n3,
  promiseOf,
  run,
  type ServerState,
  sentTo,
  snapshotOf,
  stranger,
  written,
} from './server-bench.ts';

const mine = at(1, n1);
const whole = (from: typeof n2, ...accepted: Parameters<typeof run>[1][]) =>
  promiseOf(from, mine, {
    upTo: 1 + accepted.length,
    lastIndex: 1 + accepted.length,
    accepted: accepted.length === 0 ? [] : [run(at(0, n2), ...accepted)],
  });
const isLeader = ({ snapshot }: ServerState): boolean => snapshot.hasTag('leader');
const proposedIn = (state: ServerState) => state.snapshot.context.slots.accepted(2, 99);

describe('a candidate asks for promises (Paxos 1a)', () => {
  test('of a ballot later than any that it heard of, once it has promised that itself', () => {
    const heard = [n2, n3].reduce((it, from) => paxosServer.step(it, beatOf(from, false, at(6))).state, aloneWith());
    const { effects, rules } = paxosServer.step(heard, { timer: 'electionRound' });
    const ballot = at(7, n1);
    expect(effects).toEqual([
      persist({ type: 'promise', ballot }),
      send(n2, { type: 'prepare', ballot, index: 2 }),
      send(n3, { type: 'prepare', ballot, index: 2 }),
      send(n1, { type: 'durable', ballot, index: 1 }),
    ]);
    expect(rules).toEqual(['Omni-Paxos §5.2']);
  });

  test('again, and only those who have not answered', () => {
    const answered = paxosServer.step(candidateWith(), durable(1, 1)).state;
    const once = paxosServer.step(answered, { timer: 'heartbeatInterval' }).state;
    const { effects } = paxosServer.step(once, { timer: 'heartbeatInterval' });
    expect(sentTo(n2, effects)).toMatchObject([{ type: 'prepare', index: 2 }, { type: 'beat' }]);
  });

  test('and gives up after a round in which nothing came', () => {
    const looked = paxosServer.step(candidateWith(), { timer: 'electionRound' }).state;
    expect(looked.snapshot.hasTag('candidate')).toBe(true);
    expect(paxosServer.step(looked, { timer: 'electionRound' }).snapshot.hasTag('follower')).toBe(true);
  });

  test('and gives way to a later ballot, asked for or told of', () => {
    const refused = paxosServer.step(candidateWith(), { type: 'refused', from: n2, promised: at(4, n3) });
    expect(refused.snapshot.hasTag('follower')).toBe(true);
    expect(refused.snapshot.context).toMatchObject({ promised: mine, highest: at(4, n3), phase1: null });
    const prepared = paxosServer.step(candidateWith(), { type: 'prepare', from: n3, ballot: at(1, n3), index: 2 });
    expect(sentTo(n3, prepared.effects)).toMatchObject([{ type: 'beat' }, { type: 'promise', ballot: at(1, n3) }]);
    const late = paxosServer.step(candidateWith(), { type: 'refused', from: n2, promised: at(0, n3) });
    expect(late.snapshot.hasTag('candidate')).toBe(true);
  });
});

describe('a candidate leads', () => {
  test('when a quorum has promised, its own promise counted once it is durable', () => {
    const one = paxosServer.step(candidateWith(), whole(n2));
    expect(isLeader(one.state)).toBe(false);
    const { rules, state } = paxosServer.step(one.state, durable(1, 1));
    expect(isLeader(state)).toBe(true);
    expect(rules).toEqual(['Paxos 1b', 'Paxos 2a']);
    const others = paxosServer.step(one.state, whole(n3)).state;
    expect(isLeader(others)).toBe(true);
  });

  test.each([
    ['the same promise twice', [whole(n2), whole(n2)]],
    ['a promise of an earlier ballot', [promiseOf(n2, at(0, n1)), promiseOf(n3, at(0, n1))]],
    ['a promise of one that does not vote', [whole(stranger), whole(n3)]],
    ['a word of its journal of an earlier ballot', [durable(0, 1), whole(n3)]],
    ['a later part of a promise', [promiseOf(n2, mine, { index: 3, upTo: 3, lastIndex: 3 }), whole(n3)]],
  ] as const)('not by %s', (_, messages) => {
    let state = candidateWith();
    for (const message of messages) state = paxosServer.step(state, message).state;
    expect(isLeader(state)).toBe(false);
  });

  test('with what was accepted at the highest ballot, whoever told of it, and whoever had proposed it first', () => {
    const own = candidateWith({ accepted: [run(at(0, n2), command(2, 1), command(3, 1))] });
    const ballot = at(1, n1);
    const told = promiseOf(n2, ballot, {
      upTo: 4,
      lastIndex: 4,
      accepted: [
        run(at(0, n1), command(2, 2)),
        run(at(0, n3), command(3, 2)),
        run(at(0, n3), command(4, 2, at(0, n2))),
      ],
    });
    const leader = paxosServer.step(paxosServer.step(own, durable(1, 1)).state, told).state;
    const proposed = [command(2, 1, at(0, n2)), command(3, 2, at(0, n3)), command(4, 2, at(0, n2))];
    expect(proposedIn(leader)).toEqual([run(ballot, ...proposed)]);
  });

  test('with no-ops in holes, and tells the others at once (Paxos 2a)', () => {
    const own = paxosServer.step(candidateWith(), durable(1, 1)).state;
    const told = promiseOf(n2, mine, {
      upTo: 4,
      lastIndex: 4,
      accepted: [run(at(0, n2), command(2, 5)), run(at(0, n3), command(4, 6))],
    });
    const { effects } = paxosServer.step(own, told);
    const noop: Entry = { index: 3, kind: 'noop' };
    const entries = [command(2, 5, at(0, n2)), noop, command(4, 6, at(0, n3))];
    const empty = { type: 'accept', ballot: mine, index: 2, entries: [], committed: 1, round: 1 };
    expect(effects).toEqual([
      sendAhead(n2, empty),
      sendAhead(n3, empty),
      sendAhead(n2, { ...empty, entries }),
      sendAhead(n3, { ...empty, entries }),
      written(mine, ...entries),
      send(n1, { type: 'durable', ballot: mine, index: 4 }),
    ]);
  });

  test('and proposes nothing after a stop-sign that may be chosen', () => {
    const stop = { ...first, index: 2 };
    const own = paxosServer.step(
      candidateWith({ accepted: [run(at(0, n2), stop, command(3, 5))] }),
      durable(1, 1),
    ).state;
    const leader = paxosServer.step(own, whole(n3)).state;
    expect(leader.snapshot.context.leadership).toMatchObject({ lastIndex: 2, isStopped: true });
    expect(proposedIn(leader)).toEqual([run(mine, { ...stop, origin: at(0, n2) }), run(at(0, n2), command(3, 5))]);
    const asked = paxosServer.step(leader, { type: 'propose', id: 4, commands: [Uint8Array.of(1)] });
    expect(delivered(asked.effects)).toMatchObject([{ type: 'refused', id: 4, reason: 'not-ready' }]);
  });
});

describe('a promise that is told in parts', () => {
  const own = paxosServer.step(candidateWith(), durable(1, 1)).state;
  const part = promiseOf(n2, mine, { upTo: 3, lastIndex: 4, accepted: [run(at(0, n2), command(2, 5), command(3, 6))] });
  const rest = promiseOf(n2, mine, { index: 4, upTo: 4, lastIndex: 4, accepted: [run(at(0, n2), command(4, 7))] });

  test('counts once it is whole; each part asks for the next', () => {
    const { effects, state } = paxosServer.step(own, part);
    expect(effects).toEqual([send(n2, { type: 'prepare', ballot: mine, index: 4 })]);
    expect(isLeader(state)).toBe(false);
    const again = paxosServer.step(state, part);
    expect(again.effects).toEqual([]);
    expect(isLeader(paxosServer.step(again.state, rest).state)).toBe(true);
  });

  test('counts for the ballot that asked for it: what comes of an earlier one is no part of it', () => {
    const gaveUp = (
      [part, { timer: 'electionRound' }, { timer: 'electionRound' }, { timer: 'electionRound' }] as const
    ).reduce((it, happening) => paxosServer.step(it, happening).state, own);
    const heard = [n2, n3].reduce((it, from) => paxosServer.step(it, beatOf(from, false)).state, gaveUp);
    const anew = paxosServer.step(heard, { timer: 'electionRound' }).state;
    expect(anew.snapshot.context).toMatchObject({ promised: at(2, n1) });
    const late = [durable(2, 1), rest, promiseOf(n2, mine)].reduce(
      (it, message) => paxosServer.step(it, message).state,
      anew,
    );
    expect(isLeader(late)).toBe(false);
    // From the second ballot's own first part on, all is told again.
    const told = paxosServer.step(late, { ...part, ballot: at(2, n1) });
    expect(sentTo(n2, told.effects)).toEqual([{ type: 'prepare', ballot: at(2, n1), index: 4 }]);
    expect(isLeader(paxosServer.step(told.state, { ...rest, ballot: at(2, n1) }).state)).toBe(true);
  });

  test('is learned from at once where it tells what is chosen', () => {
    const { effects, snapshot } = paxosServer.step(own, { ...part, committed: 2 });
    const chosen = command(2, 5, at(0, n2));
    expect(effects).toEqual([
      written(mine, chosen),
      deliverAhead({ type: 'committed', ballot: mine, entries: [chosen] }),
      send(n2, { type: 'prepare', ballot: mine, index: 4 }),
    ]);
    expect(snapshot.context.commitIndex).toBe(2);
  });

  test('is not learned from where slots before it are missing', () => {
    const { state } = paxosServer.step(own, part);
    const { snapshot } = paxosServer.step(state, { ...rest, lastIndex: 5, committed: 4 });
    expect(snapshot.context.commitIndex).toBe(1);
  });

  test('waits for the snapshot of what is compacted, which the candidate fetches', () => {
    const compacted = promiseOf(n2, mine, { lastIndex: 9, committed: 8, snapshot: snapshotOf(6) });
    const told = paxosServer.step(own, compacted);
    expect(told.effects).toMatchObject([{ type: 'perform', resource: 'snapshots' }]);
    expect(isLeader(told.state)).toBe(false);
    const id = told.snapshot.context.incoming?.id ?? '';
    const done = paxosServer.step(told.state, { type: 'performed', id, result: { type: 'done', value: undefined } });
    expect(delivered(done.effects)).toEqual([{ type: 'snapshotInstalled', index: 6, file: fileOf(6) }]);
    const once = paxosServer.step(done.state, { timer: 'heartbeatInterval' }).state;
    const { effects } = paxosServer.step(once, { timer: 'heartbeatInterval' });
    expect(sentTo(n2, effects)).toMatchObject([{ type: 'prepare', index: 7 }, { type: 'beat' }]);
  });
});

test('a quorum of phase 1 is as large as the configuration says', () => {
  const configuration = { ...contextWith().configuration, sizes: { phase1Size: 3, phase2Size: 1 } };
  const own = paxosServer.step(candidateWith({ configuration }), durable(1, 1)).state;
  const two = paxosServer.step(own, whole(n2)).state;
  expect(isLeader(two)).toBe(false);
  const leader = paxosServer.step(two, whole(n3)).state;
  expect(isLeader(leader)).toBe(true);
  // One is a quorum of phase 2 then: its own acceptance is enough, and no word of others is needed for a read.
  const proposed = paxosServer.step(leader, { type: 'propose', id: 1, commands: [Uint8Array.of(5)] }).state;
  expect(delivered(paxosServer.step(proposed, durable(1, 2)).effects)).toMatchObject([{ type: 'committed' }]);
  expect(delivered(paxosServer.step(leader, { type: 'read', id: 2 }).effects)).toEqual([
    { type: 'readable', id: 2, index: 1 },
  ]);
  expect(paxosServer.step(leader, acceptedBy(n2, 1)).effects).toEqual([]);
});
