import { describe, expect, test } from 'vitest';
import { checkpointAbove, deliver, deliverAhead, persist, send, sendAhead } from '../../../statecharts/actor.ts';
import {
  type Configuration,
  ReplicaInvariantError,
  primaryBackupReplica as replica,
} from '../../../statecharts/primary-backup.ts';
import {
  authority,
  bytes,
  command,
  contextWith,
  fileOf,
  founding,
  holds,
  n1,
  n2,
  n3,
  newPrimaryWith,
  noop,
  ofN2,
  primaryWith,
  type ReplicaState,
  replicas,
  written,
} from './bench.ts';

const propose = (state: ReplicaState, value: number, mode?: 'sync' | 'quorum' | 'async') =>
  replica.step(state, { type: 'propose', id: value, commands: [bytes(value)], ...(mode && { mode }) });
const durable = (index: number, epoch = 1) => ({ type: 'durable', from: n1, epoch, index }) as const;
const committed = (...entries: readonly ReturnType<typeof command>[]) => deliverAhead({ type: 'committed', entries });
const outputs = (effects: readonly { type: string }[]) => effects.filter(({ type }) => type === 'deliver');

/** Where `messages` lead. */
function through(state: ReplicaState, ...messages: readonly Parameters<typeof replica.step>[1][]): ReplicaState {
  return messages.reduce((at, message) => replica.step(at, message).state, state);
}

describe('a replica that becomes primary', () => {
  test('opens its epoch with an entry, says who is in sync, and writes while it sends (VR §4.2)', () => {
    const settling = replica.at({ fenced: 'settling' }, contextWith({ epochs: [1] }));
    const { effects, snapshot } = replica.step(settling, { type: 'settled', from: n1, version: 1 });
    const opening = (server: typeof n2) =>
      sendAhead(server, {
        type: 'append',
        epoch: 1,
        version: 1,
        previousIndex: 1,
        previousEpoch: 1,
        entries: [noop(2, 1)],
        commitIndex: 0,
        round: 0,
      });
    expect(effects).toEqual([
      deliver({ type: 'inSync', members: replicas, missing: [], isEnough: true }),
      opening(n2),
      opening(n3),
      written([noop(2, 1)]),
      send(n1, { type: 'durable', epoch: 1, index: 2 }),
    ]);
    expect(snapshot.hasTag('primary')).toBe(true);
  });

  test('answers no read before its first entry is acknowledged', () => {
    expect(replica.step(newPrimaryWith(), { type: 'read', id: 3 }).effects).toEqual([
      deliverAhead({ type: 'refused', id: 3, reason: 'not-ready', leader: n1 }),
    ]);
  });

  test('acknowledges what it has inherited only with an entry of its own', () => {
    const configuration = { ...founding, version: 2, epoch: 2 };
    let state = newPrimaryWith(configuration, { epochs: [1, 1] });
    state = through(state, durable(3, 2), holds(n2, 2, { epoch: 2 }), holds(n3, 2, { epoch: 2 }));
    expect(state.snapshot.context.commitIndex).toBe(0);
    state = through(state, holds(n2, 3, { epoch: 2 }), holds(n3, 3, { epoch: 2 }));
    expect(state.snapshot.context.commitIndex).toBe(3);
  });
});

describe('a write is acknowledged', () => {
  const entry = command(2, 1, 9);

  test('synchronously, once the whole in-sync set holds it', () => {
    const { effects, state } = propose(primaryWith(), 9);
    expect(effects[0]).toEqual(deliverAhead({ type: 'proposed', id: 9, epoch: 1, index: 2 }));
    const waiting = through(state, durable(2), holds(n2, 2));
    expect(waiting.snapshot.context.commitIndex).toBe(1);
    expect(outputs(replica.step(waiting, holds(n3, 2)).effects)).toEqual([committed(entry)]);
  });

  test('by a quorum, once a majority of the in-sync set holds it', () => {
    const state = through(propose(primaryWith({ ...founding, mode: 'quorum' }), 9).state, durable(2));
    expect(state.snapshot.context.commitIndex).toBe(1);
    expect(outputs(replica.step(state, holds(n2, 2)).effects)).toEqual([committed(entry)]);
  });

  test('asynchronously, once it is durable here, as long as no more is at risk than may be lost', () => {
    let state = primaryWith({ ...founding, mode: 'async', maxLoss: 2 });
    for (const value of [2, 3, 4]) state = propose(state, value).state;
    state = through(state, durable(4));
    const { commitIndex, safeIndex } = state.snapshot.context;
    expect([commitIndex, safeIndex]).toEqual([3, 1]);
    state = through(state, holds(n2, 4), holds(n3, 2));
    expect([state.snapshot.context.commitIndex, state.snapshot.context.safeIndex]).toEqual([4, 2]);
  });

  test('never asynchronously where it opens an epoch, so that what was lost before stays apart', () => {
    let state = newPrimaryWith({ ...founding, mode: 'async', maxLoss: 2 });
    state = through(state, durable(1), holds(n2, 1));
    expect(state.snapshot.context.commitIndex).toBe(0);
    expect(through(state, holds(n3, 1)).snapshot.context.commitIndex).toBe(1);
  });

  test('in the mode that it asks for, after all that is before it', () => {
    let state = primaryWith({ ...founding, mode: 'quorum', maxLoss: 1 });
    state = propose(propose(state, 2, 'sync').state, 3, 'async').state;
    state = through(state, durable(3), holds(n2, 2));
    expect(state.snapshot.context.commitIndex).toBe(1);
    state = through(state, holds(n3, 2));
    expect(state.snapshot.context.commitIndex).toBe(3);
  });

  test('never by a majority where one alone may become primary, nor asynchronously where nothing may be lost', () => {
    for (const mode of ['quorum', 'async'] as const) {
      expect(propose(primaryWith(), 9, mode).effects).toEqual([
        deliverAhead({ type: 'refused', id: 9, reason: 'mode-not-offered', leader: n1 }),
      ]);
    }
  });

  test('by answers of its own epoch alone', () => {
    const configuration = { ...founding, version: 2, epoch: 2 };
    const { state } = propose(primaryWith(configuration), 9);
    expect(through(state, durable(2, 1), holds(n2, 2), holds(n3, 2)).snapshot.context.commitIndex).toBe(1);
  });
});

describe('a read is answered', () => {
  test('once those have confirmed the primary without whom no other can have been chosen', () => {
    const asked = replica.step(primaryWith(), { type: 'read', id: 5 });
    expect(asked.effects).toHaveLength(2);
    const waiting = through(asked.state, holds(n2, 1, { round: 1 }));
    const { effects } = replica.step(waiting, holds(n3, 1, { round: 1 }));
    expect(effects).toEqual([deliverAhead({ type: 'readable', id: 5, index: 1 })]);
    expect(replica.step(waiting, holds(n3, 1, { round: 0 })).effects).toEqual([]);
  });

  test('by a majority, where primaries are chosen among as many as share one with it', () => {
    const asked = replica.step(primaryWith({ ...founding, mode: 'quorum' }), { type: 'read', id: 5 });
    const { effects } = replica.step(asked.state, holds(n2, 1, { round: 1 }));
    expect(effects).toEqual([deliverAhead({ type: 'readable', id: 5, index: 1 })]);
  });

  test('at once by a primary that is in sync alone', () => {
    const alone = primaryWith({ ...founding, inSync: [n1] });
    expect(replica.step(alone, { type: 'read', id: 5 }).effects).toEqual([
      deliverAhead({ type: 'readable', id: 5, index: 1 }),
    ]);
  });

  test('never by one that leaves office', () => {
    const { state } = replica.step(primaryWith(), { type: 'read', id: 5 });
    const { effects } = replica.step(state, { type: 'configured', from: authority, configuration: ofN2 });
    expect(effects[0]).toEqual(deliverAhead({ type: 'refused', id: 5, reason: 'not-leader' }));
  });
});

describe('the in-sync set (KIP-966)', () => {
  const without = { ...founding, version: 2, inSync: [n1, n2] };
  const reconfigure = (inSync: Configuration['inSync'], expected = 1) =>
    send(authority, { type: 'reconfigure', expected, epoch: 1, primary: n1, inSync });
  /** A look that finds n3 silent. */
  const looked = () => {
    const first = replica.step(primaryWith(), { timer: 'inSyncTimeout' });
    return replica.step(through(propose(first.state, 9).state, durable(2), holds(n2, 2)), { timer: 'inSyncTimeout' });
  };

  test('stays as it is while all hold what the log held at the last look', () => {
    expect(replica.step(primaryWith(), { timer: 'inSyncTimeout' }).effects).toEqual([]);
  });

  test('is asked for without a member that is silent, which is waited for until that is recorded', () => {
    const { effects, state } = looked();
    expect(effects).toEqual([reconfigure([n1, n2])]);
    expect(state.snapshot.context.commitIndex).toBe(1);
    const told = replica.step(state, { type: 'configured', from: authority, configuration: without });
    expect(told.effects).toEqual([
      persist({ type: 'configuration', configuration: without }),
      deliver({ type: 'inSync', members: [n1, n2], missing: [n3], isEnough: true }),
      committed(command(2, 1, 9)),
    ]);
    expect(told.snapshot.hasTag('degraded')).toBe(true);
  });

  test('that is smaller than the store asks for acknowledges nothing, and the primary says so', () => {
    const demanding = { ...founding, minInSync: 3 };
    const tooFew = { ...demanding, version: 2, inSync: [n1, n2] };
    let state = through(propose(primaryWith(demanding), 9).state, durable(2), holds(n2, 2));
    const told = replica.step(state, { type: 'configured', from: authority, configuration: tooFew });
    expect(told.effects).toEqual([
      persist({ type: 'configuration', configuration: tooFew }),
      deliver({ type: 'inSync', members: [n1, n2], missing: [n3], isEnough: false }),
    ]);
    expect(told.snapshot.hasTag('too-few-in-sync')).toBe(true);
    expect(propose(told.state, 3).effects).toEqual([
      deliverAhead({ type: 'refused', id: 3, reason: 'too-few-in-sync', leader: n1 }),
    ]);
    state = through(told.state, holds(n3, 2));
    expect(state.snapshot.context.commitIndex).toBe(1);
    const whole = { ...demanding, version: 3 };
    const again = replica.step(state, { type: 'configured', from: authority, configuration: whole });
    expect(outputs(again.effects).at(-1)).toEqual(committed(command(2, 1, 9)));
    expect([again.snapshot.hasTag('too-few-in-sync'), again.snapshot.hasTag('degraded')]).toEqual([false, false]);
  });

  test('is asked for again with each heartbeat, until the authority has decided', () => {
    const { effects } = replica.step(looked().state, { timer: 'heartbeatInterval' });
    expect(effects.at(-1)).toEqual(reconfigure([n1, n2]));
  });

  test('takes in who holds all; from when it is asked for, nothing is acknowledged without', () => {
    const { effects, state: asked } = replica.step(primaryWith(without), { timer: 'inSyncTimeout' });
    expect(effects).toEqual([reconfigure(replicas, 2)]);
    const waiting = through(propose(asked, 9).state, durable(2), holds(n2, 2));
    expect(waiting.snapshot.context.commitIndex).toBe(1);
    const whole = { ...founding, version: 3 };
    const { snapshot } = replica.step(waiting, { type: 'configured', from: authority, configuration: whole });
    expect([snapshot.hasTag('degraded'), snapshot.context.commitIndex]).toEqual([false, 1]);
  });

  test('is asked for anew by a primary that is still there when an election is on', () => {
    const outdated = { type: 'outdated', from: n2, epoch: 1, version: 1 } as const;
    const { effects, state } = replica.step(primaryWith(), outdated);
    expect(effects).toEqual([reconfigure(replicas)]);
    expect(replica.step(state, outdated).effects).toEqual([]);
    expect(replica.step(primaryWith(), { ...outdated, version: 0 }).effects).toEqual([]);
  });

  test('is left to others by a primary in touch with neither them nor the authority', () => {
    const silent = through(primaryWith(), { timer: 'inSyncTimeout' });
    const { effects, state } = replica.step(silent, { timer: 'inSyncTimeout' });
    expect(effects).toEqual([reconfigure([n1])]);
    expect(replica.step(state, { timer: 'inSyncTimeout' }).snapshot.hasTag('fenced')).toBe(true);
    const heard = through(state, { type: 'configured', from: authority, configuration: founding });
    expect(replica.step(heard, { timer: 'inSyncTimeout' }).snapshot.hasTag('primary')).toBe(true);
  });

  test('takes in nobody who lacks something that was acknowledged meanwhile', () => {
    const behind = through(newPrimaryWith(without), durable(1), holds(n2, 1), { timer: 'inSyncTimeout' }, holds(n3, 1));
    const state = through(propose(behind, 9).state, durable(2), holds(n2, 2));
    expect(state.snapshot.context.commitIndex).toBe(2);
    expect(replica.step(state, { timer: 'inSyncTimeout' }).effects).toEqual([]);
    const { effects } = replica.step(through(state, holds(n3, 2)), { timer: 'inSyncTimeout' });
    expect(effects).toEqual([reconfigure(replicas, 2)]);
  });
});

describe('a primary whose epoch is over', () => {
  test.each([
    ['the authority says so', { type: 'configured', from: authority, configuration: ofN2 }],
    ['a replica has heard of a later one', { type: 'outdated', from: n3, epoch: 2, version: 0 }],
    [
      'the next primary speaks',
      {
        type: 'append',
        from: n2,
        epoch: 2,
        version: 2,
        previousIndex: 0,
        previousEpoch: 0,
        entries: [],
        commitIndex: 0,
        round: 1,
      },
    ],
  ] as const)('fences itself as soon as %s', (_how, message) => {
    expect(replica.step(primaryWith(), message).snapshot.hasTag('fenced')).toBe(true);
  });

  test('does not believe that there are two in one epoch', () => {
    const rest = { previousIndex: 0, previousEpoch: 0, entries: [], commitIndex: 0, round: 1 };
    const rival = { type: 'append', from: n2, epoch: 1, version: 1, ...rest } as const;
    expect(() => replica.step(primaryWith(), rival)).toThrow(ReplicaInvariantError);
  });
});

describe('a hand-over (VR §4.2)', () => {
  const handOver = { type: 'handOver', id: 6, to: n2 } as const;
  const proposal = send(authority, { type: 'reconfigure', expected: 1, epoch: 2, primary: n2, inSync: replicas });
  const ended = (reason: string) => deliverAhead({ type: 'notHandedOver', id: 6, reason, leader: n1 });

  test('waits until all is acknowledged and held by the next primary, and takes no proposals meanwhile', () => {
    const { state } = propose(primaryWith(), 9);
    const begun = replica.step(state, handOver);
    expect(begun.effects).toEqual([]);
    expect(propose(begun.state, 8).effects).toEqual([
      deliverAhead({ type: 'refused', id: 8, reason: 'handing-over', leader: n1 }),
    ]);
    const held = through(begun.state, durable(2), holds(n2, 2));
    const { effects } = replica.step(held, holds(n3, 2));
    expect(effects).toEqual([committed(command(2, 1, 9)), proposal]);
  });

  test('is done when the authority has recorded the next epoch', () => {
    const { effects, state } = replica.step(primaryWith(), handOver);
    expect(effects).toEqual([proposal]);
    const { effects: told } = replica.step(state, { type: 'configured', from: authority, configuration: ofN2 });
    expect(outputs(told)).toEqual([deliver({ type: 'handedOver', id: 6, leader: n2 })]);
  });

  test('is given up when the next primary stays behind, and proposals are taken again', () => {
    const { state } = replica.step(propose(primaryWith(), 9).state, handOver);
    const late = replica.step(state, { timer: 'handOverTimeout' });
    expect(late.effects).toEqual([ended('target-behind')]);
    expect(propose(late.state, 8).effects[0]).toMatchObject({ output: { type: 'proposed' } });
  });

  test('waits for a replica that catches up to be in sync (KIP-966)', () => {
    const begun = replica.step(primaryWith({ ...founding, version: 2, inSync: [n1, n3] }), handOver);
    expect(begun.effects).toEqual([]);
    const { effects } = replica.step(begun.state, {
      type: 'configured',
      from: authority,
      configuration: { ...founding, version: 3 },
    });
    expect(effects.at(-1)).toEqual(
      send(authority, { type: 'reconfigure', expected: 3, epoch: 2, primary: n2, inSync: replicas }),
    );
  });

  test('may still come about when the authority is silent, so that nothing is taken until it has decided', () => {
    const late = replica.step(replica.step(primaryWith(), handOver).state, { timer: 'handOverTimeout' });
    expect(late.effects).toEqual([ended('timed-out')]);
    expect(propose(late.state, 8).effects).toEqual([
      deliverAhead({ type: 'refused', id: 8, reason: 'handing-over', leader: n1 }),
    ]);
  });

  test.each([
    [n1, 'leads-already'],
    ['n9/primary-backup.replica/kv', 'not-a-voter'],
  ] as const)('to %s is refused as %s', (to, reason) => {
    expect(replica.step(primaryWith(), { ...handOver, to }).effects).toEqual([ended(reason)]);
  });
});

test('a snapshot of what was lost since then is no news to who has started over (VR §5.1)', () => {
  const state = through(propose(primaryWith(), 2).state, durable(2), holds(n2, 2), holds(n3, 2));
  expect(replica.step(state, { type: 'compact', index: 2, epoch: 2, file: fileOf(2) }).effects).toEqual([]);
});

test('a snapshot of what a failover may lose is in force once none does (VR §5.1)', () => {
  let state = primaryWith({ ...founding, mode: 'async', maxLoss: 2 }, { limits: { retainBytes: 0 } });
  state = through(propose(state, 2).state, durable(2));
  const asked = replica.step(state, { type: 'compact', index: 2, epoch: 1, file: fileOf(2) });
  expect(asked.effects).toEqual([]);
  const { effects } = replica.step(through(asked.state, holds(n2, 2)), holds(n3, 2));
  const snapshot = { index: 2, epoch: 1, file: fileOf(2) };
  expect(effects).toEqual([
    checkpointAbove({ type: 'snapshot', configuration: null, promised: 0, snapshot, baseIndex: 2, baseEpoch: 1 }, 2),
  ]);
});
