import { describe, expect, test } from 'vitest';
import { checkpoint, deliver, deliverAhead, persist, send } from '../../../statecharts/actor.ts';
import {
  ReplicaInvariantError,
  ReplicaLog,
  primaryBackupReplica as replica,
} from '../../../statecharts/primary-backup.ts';
import { fetchSnapshot } from '../../../statecharts/transfer.ts';
import {
  authority,
  backupWith,
  behind,
  command,
  contextWith,
  fileOf,
  n1,
  n2,
  n3,
  noop,
  ofN2,
  replicas,
  written,
} from './bench.ts';

const append = {
  type: 'append',
  from: n2,
  epoch: 2,
  version: 2,
  previousIndex: 0,
  previousEpoch: 0,
  entries: [],
  commitIndex: 0,
  round: 7,
} as const;
const yes = (index: number) =>
  send(n2, { type: 'appended', epoch: 2, matches: true, index, hintIndex: 0, hintEpoch: 0, round: 7 });

describe('a backup', () => {
  test('holds what its primary sends, durably before it says so, and tells its application what survives (VR §4.1)', () => {
    const entries = [noop(2, 2), command(3, 2)];
    const message = { ...append, previousIndex: 1, previousEpoch: 1, entries, commitIndex: 2 };
    const { effects, rules, snapshot } = replica.step(backupWith({ epochs: [1] }), message);
    expect(effects).toEqual([
      deliverAhead({ type: 'committed', entries: [command(1, 1, 1), noop(2, 2)] }),
      written(entries),
      yes(3),
    ]);
    expect(rules).toEqual(['VR §4.1']);
    expect(snapshot.context.safeIndex).toBe(2);
  });

  test('says where the logs can agree at the latest when it lacks the entry before', () => {
    const { effects } = replica.step(backupWith({ epochs: [1, 1] }), { ...append, previousIndex: 4, previousEpoch: 2 });
    const [hintIndex, hintEpoch] = [2, 1];
    expect(effects).toEqual([
      send(n2, { type: 'appended', epoch: 2, matches: false, index: 4, hintIndex, hintEpoch, round: 7 }),
    ]);
  });

  test('answers a repetition, and writes nothing twice', () => {
    const state = backupWith({ epochs: [1, 2] });
    const message = { ...append, previousIndex: 1, previousEpoch: 1, entries: [command(2, 2, 2)] };
    expect(replica.step(state, message).effects).toEqual([yes(2)]);
  });

  test('discards what an earlier epoch has left, and reports it', () => {
    const entries = [noop(2, 2)];
    const state = backupWith({ epochs: [1, 1, 1], commitIndex: 1, safeIndex: 1 });
    const { effects, snapshot } = replica.step(state, { ...append, previousIndex: 1, previousEpoch: 1, entries });
    const discarded = deliver({ type: 'discarded', from: 2, to: 3, acknowledged: 0 });
    expect(effects).toEqual([discarded, written(entries), yes(2)]);
    expect([snapshot.context.log.lastIndex, snapshot.context.log.lastEpoch]).toEqual([2, 2]);
  });

  test('starts over when it had acknowledged asynchronously what is lost, and says how much', () => {
    const entries = [noop(2, 2)];
    const configuration = { ...ofN2, mode: 'async', maxLoss: 3 } as const;
    const state = backupWith({ configuration, epochs: [1, 1, 1], commitIndex: 3, safeIndex: 1 });
    const { effects, snapshot } = replica.step(state, { ...append, previousIndex: 1, previousEpoch: 1, entries });
    expect(effects).toEqual([
      deliver({ type: 'discarded', from: 2, to: 3, acknowledged: 2 }),
      deliverAhead({ type: 'startedOver' }),
      written(entries),
      yes(2),
    ]);
    expect([snapshot.context.commitIndex, snapshot.context.safeIndex]).toEqual([0, 0]);
  });

  test('says nothing of the end of what an earlier primary has opened its epoch with', () => {
    const log = ReplicaLog.empty.append([command(1, 1), noop(2, 1)]);
    const state = backupWith({ log, commitIndex: 1, safeIndex: 1 });
    const entries = [noop(2, 2)];
    const { effects } = replica.step(state, { ...append, previousIndex: 1, previousEpoch: 1, entries });
    expect(effects).toEqual([written(entries), yes(2)]);
  });

  test('stops rather than discard what survives every failover', () => {
    const state = backupWith({ epochs: [1, 1], commitIndex: 2, safeIndex: 2 });
    const message = { ...append, previousIndex: 1, previousEpoch: 1, entries: [noop(2, 2)] };
    expect(() => replica.step(state, message)).toThrow(ReplicaInvariantError);
  });

  test('fences itself when it hears of a later epoch, and asks', () => {
    const { effects, snapshot } = replica.step(backupWith(), { ...append, from: n3, epoch: 3, version: 3 });
    expect([snapshot.hasTag('fenced'), effects]).toEqual([true, [send(authority, { type: 'enquire' })]]);
  });

  test('tells the primary of an earlier epoch that it is over', () => {
    const { effects, snapshot } = replica.step(backupWith(), { ...append, from: n1, epoch: 1, version: 1 });
    expect(effects).toEqual([send(n1, { type: 'outdated', epoch: 2, version: 0 })]);
    expect(snapshot.hasTag('backup')).toBe(true);
  });

  test('waits for its primary anew with each message, and then looks for the next one (VR §4.2)', () => {
    const { effects, snapshot } = replica.step(backupWith(), { timer: 'electionTimeout' });
    expect(effects[0]).toEqual(persist({ type: 'promise', version: 2 }));
    expect(snapshot.value).toEqual({ fenced: 'electing' });
    expect(replica.step(backupWith(), append).timers).not.toEqual([]);
  });

  test('takes part in an election that another one calls', () => {
    const { effects, snapshot } = replica.step(backupWith({ epochs: [1] }), { type: 'elect', from: n3, version: 2 });
    const answer = send(n3, { type: 'promise', version: 2, lastEpoch: 1, lastIndex: 1 });
    expect(effects.slice(0, 2)).toEqual([persist({ type: 'promise', version: 2 }), answer]);
    expect(snapshot.hasTag('fenced')).toBe(true);
  });

  test('catches up once the authority has recorded the set without it, and is a backup again with it (KIP-966)', () => {
    const without = { ...ofN2, version: 3, inSync: [n2, n3] };
    const dropped = replica.step(backupWith(), { type: 'configured', from: authority, configuration: without });
    expect(dropped.effects).toEqual([persist({ type: 'configuration', configuration: without })]);
    expect(dropped.snapshot.hasTag('catching-up')).toBe(true);
    const back = { ...ofN2, version: 4, inSync: replicas };
    const again = replica.step(dropped.state, { type: 'configured', from: authority, configuration: back });
    expect(again.snapshot.hasTag('backup')).toBe(true);
  });
});

describe('a replica that catches up', () => {
  const configuration = { ...ofN2, version: 3, inSync: [n2, n3] };
  const catchingUp = (wanted = {}) =>
    replica.at(behind, contextWith({ configuration, written: configuration, ...wanted }));
  const offer = {
    type: 'installSnapshot',
    from: n2,
    epoch: 2,
    version: 3,
    lastIndex: 9,
    lastEpoch: 2,
    file: fileOf(9),
  } as const;
  const standing = (standing: 'installed' | 'fetching' | 'failed') =>
    send(n2, { type: 'snapshotReply', epoch: 2, lastIndex: 9, standing });

  test('takes the log as a backup does (VR §4.3)', () => {
    const { effects } = replica.step(catchingUp(), { ...append, version: 3, entries: [noop(1, 2)] });
    expect(effects).toEqual([written([noop(1, 2)]), yes(1)]);
  });

  test('does not look for a primary: it asks what it may have missed', () => {
    const { effects, snapshot } = replica.step(catchingUp(), { timer: 'electionTimeout' });
    expect([snapshot.hasTag('fenced'), effects]).toEqual([true, [send(authority, { type: 'enquire' })]]);
  });

  test('fetches a snapshot in place of what is compacted, and is as far as it once it is whole (VR §5.2)', () => {
    const fetching = replica.step(catchingUp({ epochs: [1] }), offer);
    const id = `${offer.file.name} from ${n2} in epoch 2`;
    expect(fetching.effects).toEqual([fetchSnapshot(id, n2, offer.file)]);
    expect(replica.step(fetching.state, offer).effects).toEqual([standing('fetching')]);
    const done = replica.step(fetching.state, { type: 'performed', id, result: { type: 'done', value: undefined } });
    const snapshot = { index: 9, epoch: 2, file: offer.file };
    expect(done.effects).toEqual([
      deliver({ type: 'discarded', from: 1, to: 1, acknowledged: 0 }),
      deliverAhead({ type: 'snapshotInstalled', ...snapshot }),
      checkpoint({ type: 'snapshot', configuration, promised: 0, snapshot, baseIndex: 9, baseEpoch: 2 }),
      standing('installed'),
    ]);
    const { commitIndex, log, safeIndex } = done.snapshot.context;
    expect([commitIndex, safeIndex, log.lastIndex]).toEqual([9, 9, 9]);
  });

  test('says that a transfer has failed', () => {
    const { state } = replica.step(catchingUp(), offer);
    const id = `${offer.file.name} from ${n2} in epoch 2`;
    const ended = replica.step(state, { type: 'performed', id, result: { type: 'refused', error: 'absent' } });
    expect([ended.effects, ended.snapshot.context.incoming]).toEqual([[standing('failed')], null]);
  });

  test('has no use for a snapshot of what it holds', () => {
    const { effects } = replica.step(catchingUp({ commitIndex: 9, safeIndex: 9 }), offer);
    expect(effects).toEqual([standing('installed')]);
  });
});
