import { describe, expect, test } from 'vitest';
import { deliverAhead, persist, send } from '../../../statecharts/actor.ts';
import { memory } from '../../../statecharts/paxos/log/context.ts';
import { PaxosInvariantError } from '../../../statecharts/paxos/log/errors.ts';
import type { PaxosRecord } from '../../../statecharts/paxos/log/messages.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import {
  aloneWith,
  at,
  beatOf,
  command,
  contextWith,
  delivered,
  fileOf,
  first,
  followerWith,
  led,
  members,
  n1,
  n2,
  n3,
  promiseOf,
  run,
  sentTo,
  snapshotOf,
  stranger,
  written,
  zero,
} from './server-bench.ts';

const prepare = (round: number, index = 2, proposer = n3) =>
  ({ type: 'prepare', from: proposer, ballot: at(round, proposer), index }) as const;
const accept = (round: number, index: number, values: readonly number[], committed = 1) =>
  ({
    type: 'accept',
    from: n2,
    ballot: at(round),
    index,
    entries: values.map((value, place) => command(index + place, value)),
    committed,
    round: 7,
  }) as const;
const { from: _, ...bare } = promiseOf(n1, at(2, n3));

describe('an acceptor that is asked for a promise (Paxos 1b)', () => {
  test('writes it down, and tells what it has accepted from there on', () => {
    const state = followerWith({ accepted: [run(at(1), command(2, 5), command(3, 6))] });
    const { effects, rules, snapshot } = paxosServer.step(state, prepare(2));
    expect(effects).toEqual([
      persist({ type: 'promise', ballot: at(2, n3) }),
      send(n3, { ...bare, upTo: 3, lastIndex: 3, accepted: [run(at(1), command(2, 5), command(3, 6))] }),
    ]);
    expect(rules).toEqual(['Paxos 1b', 'Paxos 1b']);
    expect(snapshot.context).toMatchObject({ promised: at(2, n3), leader: null, isLed: true });
  });

  test('tells it again when it is asked again, and promises nothing twice', () => {
    const state = paxosServer.step(followerWith(), prepare(2)).state;
    expect(paxosServer.step(state, prepare(2)).effects).toEqual([send(n3, bare)]);
  });

  test('refuses an earlier ballot with the one that it has promised', () => {
    const { effects, snapshot } = paxosServer.step(followerWith({ promised: at(3) }), prepare(2));
    expect(effects).toEqual([send(n3, { type: 'refused', promised: at(3) })]);
    expect(snapshot.context.promised).toEqual(at(3));
  });

  test('orders ballots of one round by their proposers', () => {
    expect(sentTo(n1, paxosServer.step(followerWith({ promised: at(2) }), prepare(2, 2, n1)).effects)).toMatchObject([
      { type: 'refused' },
    ]);
    expect(sentTo(n3, paxosServer.step(followerWith({ promised: at(2) }), prepare(2)).effects)).toMatchObject([
      { type: 'promise' },
    ]);
  });

  test('tells no more at once than one message carries, and which slots it has told of', () => {
    const accepted = [run(at(1), command(2, 5), command(3, 6), command(4, 7))];
    const state = followerWith({ accepted, limits: { maxAppendBytes: 70 } });
    const [part] = sentTo(n3, paxosServer.step(state, prepare(2)).effects);
    expect(part).toMatchObject({
      index: 2,
      upTo: 3,
      lastIndex: 4,
      accepted: [run(at(1), command(2, 5), command(3, 6))],
    });
    const [rest] = sentTo(n3, paxosServer.step(state, prepare(2, 4)).effects);
    expect(rest).toMatchObject({ index: 4, upTo: 4, lastIndex: 4, accepted: [run(at(1), command(4, 7))] });
  });

  test('leaves out holes, and tells each ballot by itself', () => {
    const state = followerWith({ accepted: [run(at(1), command(2, 5)), run(at(1, n1), command(4, 7))] });
    const [part] = sentTo(n3, paxosServer.step(state, prepare(2)).effects);
    expect(part).toMatchObject({ upTo: 4, accepted: [run(at(1), command(2, 5)), run(at(1, n1), command(4, 7))] });
  });

  test('offers its snapshot for what is compacted', () => {
    const accepted = [run(at(1), command(2, 5), command(3, 6), command(4, 7))];
    const state = followerWith({ accepted, snapshot: snapshotOf(3), baseIndex: 2, commitIndex: 4 });
    const [part] = sentTo(n3, paxosServer.step(state, prepare(2)).effects);
    expect(part).toMatchObject({ index: 2, upTo: 1, committed: 4, accepted: [], snapshot: snapshotOf(3) });
  });

  test('answers for any configuration, also one of which it has not heard: who counts it knows who votes', () => {
    const asked = paxosServer.step(followerWith(), prepare(2, 2, stranger));
    expect(asked.effects).toEqual([
      persist({ type: 'promise', ballot: at(2, stranger) }),
      send(stranger, { ...bare, ballot: at(2, stranger) }),
    ]);
    const proposed = paxosServer.step(asked.state, { ...accept(2, 2, [5]), from: stranger, ballot: at(2, stranger) });
    expect(sentTo(stranger, proposed.effects)).toMatchObject([{ type: 'accepted', ballot: at(2, stranger), upTo: 2 }]);
    expect(proposed.snapshot.context).toMatchObject({ leader: stranger, configuration: { voters: [n1, n2, n3] } });
  });

  test('does not hear who has left the cluster', () => {
    const configuration = { ...contextWith().configuration, retired: [n3] };
    expect(paxosServer.step(followerWith({ configuration }), prepare(9)).effects).toEqual([]);
  });
});

describe('an acceptor to which something is proposed (Paxos 2b)', () => {
  test('writes it down, and says how far it has accepted at that ballot', () => {
    const { effects, rules, snapshot } = paxosServer.step(followerWith(), accept(1, 2, [5, 6]));
    expect(effects).toEqual([
      written(at(1), command(2, 5), command(3, 6)),
      send(n2, { type: 'accepted', ballot: at(1), index: 3, upTo: 3, round: 7 }),
    ]);
    expect(rules).toEqual(['Paxos 2b']);
    expect(snapshot.context).toMatchObject({ leader: n2, isLed: true, commitIndex: 1 });
  });

  test('of an earlier ballot than it has promised accepts nothing', () => {
    const { effects, snapshot } = paxosServer.step(followerWith({ promised: at(3, n3) }), accept(1, 2, [5]));
    expect(effects).toEqual([send(n2, { type: 'refused', promised: at(3, n3) })]);
    expect(snapshot.context.slots.lastIndex).toBe(1);
  });

  test('of a later one promises that by accepting', () => {
    const { effects } = paxosServer.step(followerWith(), accept(4, 2, [5]));
    expect(effects[0]).toEqual(persist({ type: 'promise', ballot: at(4) }));
    expect(sentTo(n2, effects)).toMatchObject([{ type: 'accepted', ballot: at(4), upTo: 2 }]);
  });

  test('accepts it wherever it stands, and says that something is missing before it', () => {
    const { effects, state } = paxosServer.step(followerWith(), accept(1, 3, [6]));
    expect(sentTo(n2, effects)).toMatchObject([{ index: 3, upTo: 1 }]);
    const filled = paxosServer.step(state, accept(1, 2, [5]));
    expect(sentTo(n2, filled.effects)).toMatchObject([{ index: 2, upTo: 3 }]);
  });

  test('but not further ahead than a leader may send', () => {
    const state = followerWith({ limits: { windowEntries: 4 } });
    expect(paxosServer.step(state, accept(1, 6, [6])).effects).toHaveLength(2);
    expect(paxosServer.step(state, accept(1, 7, [6])).effects).toEqual([
      send(n2, { type: 'accepted', ballot: at(1), index: 7, upTo: 1, round: 7 }),
    ]);
  });

  test('writes down once what comes twice', () => {
    const state = paxosServer.step(followerWith(), accept(1, 2, [5, 6])).state;
    expect(paxosServer.step(state, accept(1, 2, [5, 6])).effects).toEqual([
      send(n2, { type: 'accepted', ballot: at(1), index: 3, upTo: 3, round: 7 }),
    ]);
  });

  test('takes the later proposal in the place of the earlier one', () => {
    const state = followerWith({ promised: at(2), accepted: [run(at(1, n3), command(2, 9), command(3, 9))] });
    const { snapshot } = paxosServer.step(state, accept(2, 2, [5]));
    const { slots } = snapshot.context;
    expect(slots.accepted(2, 3)).toEqual([run(at(2), command(2, 5)), run(at(1, n3), command(3, 9))]);
  });
});

describe('a learner', () => {
  const state = followerWith({ promised: at(2), accepted: [run(at(1, n3), command(2, 9))] });

  test('learns nothing of a slot in which it has accepted something at another ballot', () => {
    const { effects } = paxosServer.step(state, accept(2, 3, [], 2));
    expect(effects).toEqual([send(n2, { type: 'accepted', ballot: at(2), index: 2, upTo: 1, round: 7 })]);
  });

  test('learns what its leader knows to be chosen once it has accepted that at its ballot', () => {
    const { effects } = paxosServer.step(state, accept(2, 2, [5, 6], 2));
    expect(delivered(effects)).toEqual([{ type: 'committed', ballot: at(2), entries: [command(2, 5)] }]);
  });

  test('stops when another value is proposed than it knows to be chosen', () => {
    const chosen = followerWith({ accepted: [run(at(1), command(2, 5))], commitIndex: 2 });
    expect(paxosServer.step(chosen, accept(1, 2, [5])).snapshot.status).toBe('active');
    expect(() => paxosServer.step(chosen, accept(4, 2, [5]))).toThrow(PaxosInvariantError);
  });

  test('asks for compaction once the log is too long', () => {
    const small = followerWith({ limits: { compactBeyondBytes: 40 } });
    const { effects, state: asked } = paxosServer.step(small, accept(1, 2, [5, 6], 3));
    expect(delivered(effects)).toMatchObject([{ type: 'committed' }, { type: 'compactionDue', index: 3 }]);
    expect(delivered(paxosServer.step(asked, accept(1, 4, [7], 4)).effects)).toMatchObject([{ type: 'committed' }]);
  });

  test('puts a snapshot in the place of chosen slots, and keeps what was accepted after them', () => {
    const full = followerWith({
      accepted: [run(at(1), command(2, 5), command(3, 6), command(4, 7))],
      commitIndex: 3,
      limits: { retainBytes: 0 },
    });
    const { effects, snapshot } = paxosServer.step(full, { type: 'compact', index: 3, file: fileOf(3) });
    const record = { type: 'snapshot', promised: at(1), snapshot: snapshotOf(3), baseIndex: 3 };
    expect(effects).toEqual([{ type: 'persist', record, checkpoint: true, keepsAbove: 3 }]);
    expect(snapshot.context.slots.accepted(1, 9)).toEqual([run(at(1), command(4, 7))]);
    expect(paxosServer.step(full, { type: 'compact', index: 4, file: fileOf(4) }).effects).toEqual([]);
  });

  test('fetches the snapshot that its leader offers, and takes it in whole', () => {
    const offer = { type: 'installSnapshot', from: n2, ballot: at(1), snapshot: snapshotOf(6) } as const;
    const offered = paxosServer.step(followerWith({ accepted: [run(at(1), command(2, 5))] }), offer);
    expect(offered.effects).toMatchObject([{ type: 'perform', resource: 'snapshots' }]);
    const id = offered.snapshot.context.incoming?.id ?? '';
    expect(sentTo(n2, paxosServer.step(offered.state, offer).effects)).toMatchObject([{ standing: 'fetching' }]);
    const { effects, snapshot } = paxosServer.step(offered.state, {
      type: 'performed',
      id,
      result: { type: 'done', value: undefined },
    });
    const record = { type: 'snapshot', promised: at(1), snapshot: snapshotOf(6), baseIndex: 6 };
    expect(effects).toEqual([
      deliverAhead({ type: 'snapshotInstalled', index: 6, file: fileOf(6) }),
      { type: 'persist', record, checkpoint: true, keepsAbove: 6 },
      send(n2, { type: 'snapshotReply', ballot: at(1), lastIndex: 6, standing: 'installed' }),
    ]);
    expect(snapshot.context).toMatchObject({ commitIndex: 6, incoming: null });
  });
});

describe('a follower stands for election (Omni-Paxos §5.2)', () => {
  const round = { timer: 'electionRound' } as const;

  test('when it hears enough others, and none of them is led', () => {
    const heard = [n2, n3].reduce((state, from) => paxosServer.step(state, beatOf(from, false)).state, aloneWith());
    expect(paxosServer.step(heard, round).snapshot.hasTag('candidate')).toBe(true);
  });

  test('not without others', () => {
    expect(paxosServer.step(aloneWith(), round).snapshot.hasTag('follower')).toBe(true);
  });

  test('not while one of them is led, whether it sees that leader or not', () => {
    const one = paxosServer.step(aloneWith(), beatOf(n2, false)).state;
    const other = paxosServer.step(one, beatOf(n3, true, at(4))).state;
    const { snapshot, state } = paxosServer.step(other, round);
    expect(snapshot.hasTag('follower')).toBe(true);
    const alone = paxosServer.step(state, beatOf(n3, false, at(4))).state;
    expect(paxosServer.step(alone, round).snapshot.context.promised).toEqual(at(5, n1));
  });

  test('not by what it heard long ago', () => {
    let state = paxosServer.step(aloneWith(), beatOf(n2, false)).state;
    for (let beat = 0; beat < 4; beat += 1) state = paxosServer.step(state, { timer: 'heartbeatInterval' }).state;
    expect(paxosServer.step(state, round).snapshot.hasTag('follower')).toBe(true);
  });

  test('while a candidate asks that has to fetch first what is compacted here', () => {
    const further = { accepted: [run(at(1), command(2, 5), command(3, 6))], snapshot: snapshotOf(3), baseIndex: 3 };
    const heard = [n2, n3].reduce((it, from) => paxosServer.step(it, beatOf(from, false)).state, aloneWith(further));
    const asked = paxosServer.step(heard, prepare(2));
    expect(sentTo(n3, asked.effects)).toMatchObject([{ type: 'promise', snapshot: snapshotOf(3) }]);
    expect(asked.snapshot.context.isLed).toBe(false);
    expect(asked.state.snapshot.value).toEqual(heard.snapshot.value);
    expect(paxosServer.step(asked.state, round).snapshot.context.promised).toEqual(at(3, n1));
    expect(paxosServer.step(heard, prepare(2, 4)).snapshot.context.isLed).toBe(true);
  });

  test('and tells the others at once that it is led no more', () => {
    const { effects, snapshot } = paxosServer.step(followerWith(), round);
    expect(snapshot.context).toMatchObject({ leader: null, isLed: false });
    expect(effects).toEqual([n2, n3].map((to) => send(to, { type: 'beat', promised: at(1), isLed: false })));
  });

  test('at once when its leader says that it is led no more', () => {
    const forsaken = paxosServer.step(followerWith(), beatOf(n2, false, at(1)));
    expect(forsaken.snapshot.context).toMatchObject({ leader: null, isLed: false });
    expect(paxosServer.step(followerWith(), beatOf(n3, false, at(1))).snapshot.context.leader).toBe(n2);
  });
});

describe('a server that counts this one in, and is none of its members', () => {
  const beat = { timer: 'heartbeatInterval' } as const;
  const heardBy = (state: ReturnType<typeof aloneWith>, heartbeats: number) => {
    let step = paxosServer.step(state, beatOf(stranger, false));
    for (let it = 0; it < heartbeats; it += 1) step = paxosServer.step(step.state, beat);
    return sentTo(stranger, step.effects);
  };

  test('is told how this one stands for as long as it is heard, since it may need it in a later configuration', () => {
    expect(heardBy(aloneWith(), 1)).toEqual([{ type: 'beat', promised: zero, isLed: false }]);
    expect(heardBy(aloneWith(), 5)).toEqual([]);
  });

  test('is not told when it has left, nor by one that was not taken in yet', () => {
    const { configuration } = contextWith();
    expect(heardBy(aloneWith({ configuration: { ...configuration, retired: [stranger] } }), 1)).toEqual([]);
    expect(heardBy(aloneWith({ configuration: { ...configuration, voters: [] } }), 1)).toEqual([]);
  });
});

describe('a life begins', () => {
  test('with the stop-sign that all begin with, written down', () => {
    const { effects } = paxosServer.start(memory.start, { self: n1, input: { voters: [n3, n1, n2] } });
    expect(effects.slice(0, 3)).toEqual([
      written(zero, first),
      persist({ type: 'chosen', upTo: 1 }),
      deliverAhead({ type: 'committed', ballot: zero, entries: [first] }),
    ]);
  });

  test('with its promise, and refuses what comes before that', () => {
    const records = [
      { type: 'accepted', ballot: zero, entries: [first] },
      { type: 'promise', ballot: at(4, n3) },
    ] as const;
    const recovered = records.reduce((state, record) => memory.step(state, record), memory.start);
    const { state } = paxosServer.start(recovered, { self: n1, input: { voters: [] } });
    const { effects } = paxosServer.step(paxosServer.at(led, state.snapshot.context), prepare(3));
    expect(effects).toEqual([send(n3, { type: 'refused', promised: at(4, n3) })]);
  });

  test('with its snapshot, and with what it had written down to be chosen', () => {
    const stop = { ...first, index: 5, members: { ...members, retired: ['n7/paxos.server/kv' as const] } };
    const records = [
      { type: 'accepted', ballot: at(1), entries: [command(4, 7), stop] },
      { type: 'chosen', upTo: 5 },
      { type: 'accepted', ballot: at(2), entries: [command(6, 8)] },
      { type: 'snapshot', promised: at(3), snapshot: snapshotOf(3), baseIndex: 3 },
    ] as const;
    const recovered = records.reduce((state, record) => memory.step(state, record), memory.start);
    const { effects, state } = paxosServer.start(recovered, { self: n1, input: { voters: [] } });
    expect(delivered(effects)).toEqual([
      { type: 'snapshotInstalled', index: 3, file: fileOf(3) },
      { type: 'committed', ballot: at(1), entries: [command(4, 7), stop] },
    ]);
    expect(state.snapshot.context).toMatchObject({ promised: at(3), commitIndex: 5, configuration: { index: 5 } });
  });

  test('with all that was accepted, though a record that was kept reaches further ahead than a later one', () => {
    const records = [
      { type: 'accepted', ballot: at(1), entries: [command(9, 9)] },
      { type: 'accepted', ballot: at(1), entries: [command(7, 7)] },
      { type: 'snapshot', promised: at(1), snapshot: snapshotOf(5), baseIndex: 5 },
    ] as const;
    const { slots } = records.reduce((state, record) => memory.step(state, record), memory.start);
    expect([slots.baseIndex, slots.lastIndex]).toEqual([5, 9]);
    expect(slots.accepted(6, 9)).toEqual([run(at(1), command(7, 7)), run(at(1), command(9, 9))]);
  });
});

describe('a server that has promised and accepted nothing, as one that joined and was started again without saying so', () => {
  test('keeps its promise, begins no cluster, and waits to be taken in', () => {
    const promise: PaxosRecord = { type: 'promise', ballot: at(3) };
    const recovered = paxosServer.recover([promise]);
    const { effects, state } = paxosServer.start(recovered, { self: n1, input: { voters: [n1, n2, n3] } });
    expect(effects.filter(({ type }) => type === 'persist')).toEqual([]);
    expect(state.snapshot.context).toMatchObject({ promised: at(3), isNew: false, configuration: { voters: [] } });
    expect(paxosServer.step(state, prepare(2)).effects).toEqual([send(n3, { type: 'refused', promised: at(3) })]);
  });
});
