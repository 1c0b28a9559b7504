import { describe, expect, test } from 'vitest';
import { deliverAhead, persist, send } from '../../../statecharts/actor.ts';
import { primaryBackupReplica, type ReplicaRecord, ReplicasError } from '../../../statecharts/primary-backup.ts';
import {
  asking,
  authority,
  command,
  contextWith,
  fencedWith,
  fileOf,
  founding,
  n1,
  n2,
  n3,
  noop,
  ofN2,
  replicas,
} from './bench.ts';

const replica = primaryBackupReplica;
const enquiry = send(authority, { type: 'enquire' });
const input = { replicas: [n3, n1, n2], authority };

describe('a life of a replica', () => {
  test('begins fenced, and asks what the configuration is', () => {
    const { effects, state } = replica.start(replica.recover([]), { self: n1, input });
    expect([replica.roleAt(state), effects]).toEqual(['fenced', [enquiry]]);
    expect(state.snapshot.context.configuration).toEqual(founding);
  });

  test('does not begin where it is no replica', () => {
    const start = () => replica.start(replica.recover([]), { self: n1, input: { replicas: [n2, n3], authority } });
    expect(start).toThrow(ReplicasError);
  });

  test('begins where the last one ended, and restores its application first', () => {
    const records: ReplicaRecord[] = [
      { type: 'configuration', configuration: ofN2 },
      { type: 'entries', entries: [command(1, 1), command(2, 1)] },
      { type: 'promise', version: 2 },
      { type: 'entries', entries: [noop(2, 2), command(3, 2)] },
      {
        type: 'snapshot',
        configuration: ofN2,
        promised: 2,
        snapshot: { index: 2, epoch: 2, file: fileOf(2) },
        baseIndex: 1,
        baseEpoch: 1,
      },
    ];
    const { effects, state } = replica.start(replica.recover(records), { self: n1, input });
    expect(effects[0]).toEqual(deliverAhead({ type: 'snapshotInstalled', index: 2, epoch: 2, file: fileOf(2) }));
    const { commitIndex, configuration, log, promised } = state.snapshot.context;
    expect([commitIndex, configuration, promised]).toEqual([2, ofN2, 2]);
    expect([log.baseIndex, log.lastIndex, log.lastEpoch]).toEqual([1, 3, 2]);
  });
});

describe('a fenced replica', () => {
  test('asks the authority again until it is told (VR §4.2)', () => {
    expect(replica.step(fencedWith(), { timer: 'retryInterval' }).effects).toEqual([enquiry]);
  });

  test('acts on what the authority says only once that is durable', () => {
    const told = replica.step(fencedWith(), { type: 'configured', from: authority, configuration: ofN2 });
    expect(told.effects).toEqual([
      persist({ type: 'configuration', configuration: ofN2 }),
      send(n1, { type: 'settled', version: 2 }),
    ]);
    expect(told.snapshot.value).toEqual({ fenced: 'settling' });
    const settled = replica.step(told.state, { type: 'settled', from: n1, version: 2 });
    expect([settled.snapshot.value, settled.effects]).toEqual([{ backup: 'listening' }, []]);
  });

  test('does not act on a configuration that is overtaken as it is written down', () => {
    const later = { ...ofN2, version: 3, inSync: [n2, n3] };
    let { state } = replica.step(fencedWith(), { type: 'configured', from: authority, configuration: ofN2 });
    ({ state } = replica.step(state, { type: 'configured', from: authority, configuration: later }));
    ({ state } = replica.step(state, { type: 'settled', from: n1, version: 2 }));
    expect(state.snapshot.value).toEqual({ fenced: 'settling' });
    ({ state } = replica.step(state, { type: 'settled', from: n1, version: 3 }));
    expect(state.snapshot.value).toEqual({ catchingUp: 'listening' });
  });

  test('takes no notice of an earlier configuration', () => {
    const state = fencedWith({ configuration: ofN2 });
    const { effects, snapshot } = replica.step(state, { type: 'configured', from: authority, configuration: founding });
    expect([effects, snapshot.value]).toEqual([[], asking]);
  });

  test('that was primary in this epoch, in an earlier life, looks for another epoch (VR §4.3)', () => {
    const state = fencedWith({ written: founding, barredEpoch: 1 });
    const told = replica.step(state, { type: 'configured', from: authority, configuration: founding });
    expect(told.effects).toEqual([send(n1, { type: 'settled', version: 1 })]);
    const { effects, snapshot } = replica.step(told.state, { type: 'settled', from: n1, version: 1 });
    expect(effects.slice(0, 3)).toEqual([
      persist({ type: 'promise', version: 1 }),
      send(n2, { type: 'elect', version: 1 }),
      send(n3, { type: 'elect', version: 1 }),
    ]);
    expect(snapshot.value).toEqual({ fenced: 'electing' });
  });

  test('is not primary of a configuration of which it promised to take nothing before it took office (VR §4.2)', () => {
    const told = replica.step(fencedWith(), { type: 'configured', from: authority, configuration: founding });
    const promised = replica.step(told.state, { type: 'elect', from: n2, version: 1 });
    expect(promised.effects).toEqual([
      persist({ type: 'promise', version: 1 }),
      send(n2, { type: 'promise', version: 1, lastEpoch: 0, lastIndex: 0 }),
    ]);
    const { snapshot } = replica.step(promised.state, { type: 'settled', from: n1, version: 1 });
    expect(snapshot.value).toEqual(asking);
  });

  test('does not go back to a configuration of which it has promised to take nothing (VR §4.2)', () => {
    const state = fencedWith({ promised: 1 });
    const { effects, snapshot } = replica.step(state, { type: 'configured', from: authority, configuration: founding });
    expect([effects, snapshot.value]).toEqual([[], asking]);
  });

  test('tells a primary of what it has promised to take nothing of, and nothing to any other', () => {
    const append = { type: 'append', from: n2, epoch: 2, previousIndex: 0, previousEpoch: 0, entries: [] } as const;
    const state = fencedWith({ configuration: ofN2, promised: 2 });
    const rest = { commitIndex: 0, round: 1 };
    expect(replica.step(state, { ...append, ...rest, version: 2 }).effects).toEqual([
      send(n2, { type: 'outdated', epoch: 2, version: 2 }),
    ]);
    expect(replica.step(state, { ...append, ...rest, version: 3 }).effects).toEqual([]);
  });

  test('refuses requests, and names the primary as far as it knows', () => {
    const { effects } = replica.step(fencedWith({ configuration: ofN2 }), { type: 'read', id: 4 });
    expect(effects).toEqual([deliverAhead({ type: 'refused', id: 4, reason: 'not-leader', leader: n2 })]);
    const { effects: own } = replica.step(fencedWith(), { type: 'propose', id: 5, commands: [new Uint8Array()] });
    expect(own).toEqual([deliverAhead({ type: 'refused', id: 5, reason: 'not-leader' })]);
  });
});

describe('an election of the in-sync set (VR §4.2)', () => {
  const electing = (wanted = {}) =>
    replica.step(fencedWith({ configuration: ofN2, written: ofN2, epochs: [1, 1], ...wanted }), {
      timer: 'electionTimeout',
    });
  const promised = (from: typeof n2, lastEpoch: number, lastIndex: number) =>
    ({ type: 'promise', from, version: 2, lastEpoch, lastIndex }) as const;
  const proposal = (primary: typeof n2) =>
    send(authority, { type: 'reconfigure', expected: 2, epoch: 3, primary, inSync: replicas });

  test('promises durably before it asks the others', () => {
    expect(electing().effects).toEqual([
      persist({ type: 'promise', version: 2 }),
      send(n2, { type: 'elect', version: 2 }),
      send(n3, { type: 'elect', version: 2 }),
    ]);
  });

  test('is for members of the in-sync set alone (KIP-966)', () => {
    const { effects, snapshot } = electing({ configuration: { ...ofN2, inSync: [n2, n3] } });
    expect([effects, snapshot.value]).toEqual([[enquiry], asking]);
  });

  test('is not for who was never told that it is in sync (VR §4.2)', () => {
    const { effects, snapshot } = electing({ written: null });
    expect([effects, snapshot.value]).toEqual([[enquiry], asking]);
  });

  test('asks for the one that lacks least, as soon as all but the primary have promised', () => {
    const { effects, snapshot } = replica.step(electing().state, promised(n3, 2, 3));
    expect([effects, snapshot.value]).toEqual([[proposal(n3)], { fenced: 'proposing' }]);
    expect(replica.step(electing().state, promised(n3, 1, 1)).effects).toEqual([proposal(n1)]);
    expect(replica.step(electing().state, promised(n3, 1, 2)).effects).toEqual([proposal(n1)]);
  });

  test('does not count promises of another version', () => {
    const { snapshot } = replica.step(electing().state, { ...promised(n3, 2, 3), version: 1 });
    expect(snapshot.value).toEqual({ fenced: 'electing' });
  });

  test('goes on with those it has after a while: one, where all hold what was acknowledged', () => {
    expect(replica.step(electing().state, { timer: 'gatherTimeout' }).effects).toEqual([proposal(n1)]);
  });

  test('waits for as many as share one with every majority, where majorities hold what was acknowledged', () => {
    const { state } = electing({ configuration: { ...ofN2, mode: 'quorum' } });
    const waited = replica.step(state, { timer: 'gatherTimeout' });
    expect(waited.snapshot.value).toEqual({ fenced: 'electing' });
    expect(waited.effects).toEqual([send(n2, { type: 'elect', version: 2 }), send(n3, { type: 'elect', version: 2 })]);
    expect(replica.step(waited.state, promised(n3, 1, 2)).effects).toEqual([proposal(n1)]);
  });

  test('asks the authority again, until there is another configuration', () => {
    const { state } = replica.step(electing().state, { timer: 'gatherTimeout' });
    expect(replica.step(state, { timer: 'retryInterval' }).effects).toEqual([proposal(n1)]);
    const { snapshot } = replica.step(state, { type: 'configured', from: authority, configuration: ofN2 });
    expect(snapshot.value).toEqual({ fenced: 'proposing' });
    const next = { ...ofN2, version: 3, epoch: 3, primary: n1 };
    expect(replica.step(state, { type: 'configured', from: authority, configuration: next }).snapshot.value).toEqual({
      fenced: 'settling',
    });
  });

  test('is answered durably, with how far the log reaches, and not at all when it is over', () => {
    const state = fencedWith({ configuration: ofN2, epochs: [1, 1] });
    const answer = send(n3, { type: 'promise', version: 2, lastEpoch: 1, lastIndex: 2 });
    const first = replica.step(state, { type: 'elect', from: n3, version: 2 });
    expect(first.effects).toEqual([persist({ type: 'promise', version: 2 }), answer]);
    expect(replica.step(first.state, { type: 'elect', from: n3, version: 2 }).effects).toEqual([answer]);
    expect(replica.step(state, { type: 'elect', from: n3, version: 1 }).effects).toEqual([]);
  });
});

test('a snapshot that comes to a fenced replica is left, as its log stays what it said it was', () => {
  const incoming = { id: 'it', sender: n2, snapshot: { index: 9, epoch: 2, file: fileOf(9) } };
  const state = replica.at(asking, contextWith({ incoming, epochs: [1] }));
  const { effects, snapshot } = replica.step(state, {
    type: 'performed',
    id: 'it',
    result: { type: 'done', value: 0 },
  });
  expect([effects, snapshot.context.incoming, snapshot.context.log.lastIndex]).toEqual([[], null, 1]);
});
