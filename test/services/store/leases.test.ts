/** Keys that live as long as their owner says in time that it is there. */

import { describe, expect, test } from 'vitest';
import { encode } from '../../../src/services/store/codec.ts';
import { LeaseEndedError, LeaseLimitError } from '../../../src/services/store/errors.ts';
import { encodeCommand, type KeyValueCommand } from '../../../src/services/store/key-value/commands.ts';
import type { KeyValueStore } from '../../../src/services/store/key-value/contract.ts';
import { leaseKeysLimit, leasesLimit } from '../../../src/services/store/key-value/leases.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { type Cluster, createCluster } from './cluster.ts';
import { partsOf, restore } from './parts.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A machine whose commands get the revisions 1, 2, ..., at a time of the log that the test sets. */
function createRun() {
  const machine = createKeyValueMachine();
  const run = {
    machine,
    revision: 0,
    timeMs: 0,
    apply(command: KeyValueCommand) {
      run.revision += 1;
      return machine.apply(encodeCommand(command), { revision: run.revision, timeMs: run.timeMs });
    },
    tick() {
      run.revision += 1;
      machine.tick?.({ index: 1, revision: run.revision, timeMs: run.timeMs });
    },
    put: (key: string, lease?: number) =>
      run.apply({ type: 'put', key, value: bytes(key), ...(lease === undefined ? {} : { lease }) }),
    has: (key: string) => machine.query({ type: 'get', key }) !== null,
  };
  return run;
}

describe('a lease of the key-value state machine', () => {
  test('ends with its keys when it is due and not before, but not with those that have left it', () => {
    const run = createRun();
    expect(run.apply({ type: 'grant', ttlMs: 1_000 })).toEqual({ type: 'leased', lease: 1, ttlMs: 1_000 });
    for (const key of ['a', 'b', 'c', 'd']) run.put(key, 1);
    run.put('b');
    run.apply({ type: 'delete', key: 'c' });
    run.put('c');
    expect(run.machine.dueAtMs).toBe(1_000);
    run.timeMs = 999;
    run.tick();
    expect(run.has('a')).toBe(true);
    run.timeMs = 1_000;
    run.tick();
    expect(['a', 'b', 'c', 'd'].filter(run.has)).toEqual(['b', 'c']);
    expect(run.machine.dueAtMs).toBeUndefined();
    expect(run.put('a', 1)).toEqual({ type: 'refused', reason: 'lease-absent' });
    expect(run.apply({ type: 'keep', lease: 1 })).toEqual({ type: 'refused', reason: 'lease-absent' });
  });

  test('begins anew whenever it is kept', () => {
    const run = createRun();
    run.apply({ type: 'grant', ttlMs: 1_000 });
    run.put('a', 1);
    run.timeMs = 900;
    expect(run.apply({ type: 'keep', lease: 1 })).toEqual({ type: 'leased', lease: 1, ttlMs: 1_000 });
    run.timeMs = 1_899;
    run.tick();
    expect(run.has('a')).toBe(true);
    run.timeMs = 1_900;
    run.tick();
    expect(run.has('a')).toBe(false);
  });

  test('is let alone for one that may write some keys, where it has others by then', () => {
    const run = createRun();
    run.apply({ type: 'grant', ttlMs: 1_000 });
    run.apply({ type: 'grant', ttlMs: 1_000 });
    const within = ['b/', 'a/'];
    const foreign = { type: 'refused', reason: 'lease-foreign' };
    const put = (key: string, lease: number): KeyValueCommand => ({
      type: 'put',
      key,
      value: bytes(key),
      lease,
      within,
    });
    const putIn = (key: string, lease: number): KeyValueCommand => ({
      ...{ type: 'transaction', compare: [], failure: [], within },
      success: [{ type: 'put', key, value: bytes(key), lease }],
    });
    const kept = { type: 'leased', lease: 1, ttlMs: 1_000 };
    // Of one without keys it is not known whose it is; the first key says.
    for (const type of ['keep', 'revoke'] as const) expect(run.apply({ type, lease: 1, within })).toEqual(foreign);
    expect(run.apply(put('a/x', 1))).toMatchObject({ type: 'stored' });
    expect(run.apply(putIn('b/x', 1))).toMatchObject({ type: 'transacted' });
    run.timeMs = 600;
    expect(run.apply({ type: 'keep', lease: 1, within })).toEqual(kept);
    run.put('c', 1);
    const asked: readonly KeyValueCommand[] = [
      { type: 'keep', lease: 1, within },
      { type: 'revoke', lease: 1, within },
      put('a/y', 1),
      putIn('a/y', 1),
    ];
    for (const command of asked) expect(run.apply(command), command.type).toEqual(foreign);
    expect(['a/x', 'b/x', 'c', 'a/y'].filter(run.has)).toEqual(['a/x', 'b/x', 'c']);
    run.apply({ type: 'delete', key: 'c' });
    expect(run.apply({ type: 'revoke', lease: 1, within })).toEqual({ type: 'revoked', keys: 2 });
    expect(run.apply({ type: 'revoke', lease: 1, within })).toEqual({ type: 'revoked', keys: 0 });
    expect(run.apply({ type: 'keep', lease: 1, within })).toEqual({ type: 'refused', reason: 'lease-absent' });
    run.put('c', 2);
    expect(run.apply({ type: 'keep', lease: 2 })).toMatchObject({ lease: 2 });
    expect(run.apply({ type: 'revoke', lease: 2 })).toEqual({ type: 'revoked', keys: 1 });
  });

  test('is not touched for one that may write what cannot be read', () => {
    const run = createRun();
    run.apply({ type: 'grant', ttlMs: 1_000 });
    run.put('a', 1);
    for (const within of [[], [''], [7], 'a', {}, null]) {
      for (const command of [
        [4, 1, within],
        [5, 1, within],
        [0, 'a', null, bytes('v'), 1, within],
        [2, [], [], [], within],
      ]) {
        expect(run.machine.apply(encode(command), { revision: 9 })).toEqual({ type: 'refused', reason: 'malformed' });
      }
    }
  });

  test('is revoked with its keys, once', () => {
    const run = createRun();
    run.apply({ type: 'grant', ttlMs: 1_000 });
    run.put('a', 1);
    run.put('b', 1);
    expect(run.apply({ type: 'revoke', lease: 1 })).toEqual({ type: 'revoked', keys: 2 });
    expect(run.apply({ type: 'revoke', lease: 1 })).toEqual({ type: 'revoked', keys: 0 });
    expect(run.machine.keys).toBe(0);
  });

  test('takes a key over from another one, also in a transaction', () => {
    const run = createRun();
    run.apply({ type: 'grant', ttlMs: 1_000 });
    run.apply({ type: 'grant', ttlMs: 2_000 });
    run.put('a', 1);
    run.apply({
      type: 'transaction',
      compare: [],
      success: [{ type: 'put', key: 'a', value: bytes('x'), lease: 2 }],
      failure: [],
    });
    run.timeMs = 1_500;
    run.tick();
    expect(run.has('a')).toBe(true);
    expect(run.machine.query({ type: 'lease', lease: 1 })).toBeNull();
    expect(run.machine.query({ type: 'lease', lease: 2 })).toEqual({ type: 'lease', ttlMs: 2_000, keys: ['a'] });
  });

  test('has a limit of keys, which a transaction does not exceed either', () => {
    const run = createRun();
    run.apply({ type: 'grant', ttlMs: 1_000 });
    for (let it = 0; it < leaseKeysLimit - 1; it += 1) run.put(`k${it}`, 1);
    const put = (key: string) => ({ type: 'put', key, value: bytes(key), lease: 1 }) as const;
    const transaction = (keys: readonly string[]): KeyValueCommand => ({
      type: 'transaction',
      compare: [],
      success: keys.map(put),
      failure: [],
    });
    expect(run.apply(transaction(['x', 'y']))).toEqual({ type: 'refused', reason: 'lease-full' });
    expect(run.has('x')).toBe(false);
    expect(run.apply(transaction(['x', 'k0']))).toMatchObject({ succeeded: true });
    expect(run.put('k1', 1)).toMatchObject({ type: 'stored' });
    expect(run.put('y', 1)).toEqual({ type: 'refused', reason: 'lease-full' });
  });

  test('is refused when there are too many', () => {
    const run = createRun();
    for (let it = 0; it < leasesLimit; it += 1) run.apply({ type: 'grant', ttlMs: 1_000 });
    expect(run.apply({ type: 'grant', ttlMs: 1_000 })).toEqual({ type: 'refused', reason: 'leases-limit' });
    run.timeMs = 1_000;
    run.tick();
    expect(run.apply({ type: 'grant', ttlMs: 1_000 })).toMatchObject({ type: 'leased' });
  });

  test('is refused to one that has as many as are left for all others, also after a snapshot', () => {
    const run = createRun();
    const grant = (session: number | undefined, of = run) => {
      of.revision += 1;
      const at = { revision: of.revision, timeMs: of.timeMs, ...(session === undefined ? {} : { session }) };
      return of.machine.apply(encodeCommand({ type: 'grant', ttlMs: 1_000, isShared: true }), at);
    };
    const granted = (session: number | undefined): number => {
      for (let count = 0; ; count += 1) {
        const result = grant(session);
        if (result.type === 'leased') continue;
        expect(result).toEqual({ type: 'refused', reason: 'leases-share' });
        return count;
      }
    };
    expect(granted(1)).toBe(leasesLimit / 2);
    expect(granted(2)).toBe(leasesLimit / 4);
    // Those who have no session are as one.
    expect(granted(undefined)).toBe(leasesLimit / 8);
    const restored = createRun();
    restored.revision = run.revision;
    restore(restored.machine, partsOf(run.machine));
    for (const session of [1, 2, undefined]) expect(grant(session, restored)).toMatchObject({ type: 'refused' });
    expect(grant(3, restored)).toMatchObject({ type: 'leased' });
    run.timeMs = 1_000;
    run.tick();
    expect(granted(2)).toBe(leasesLimit / 2);
  });

  test('that an earlier release has granted, or saved, is taken as it was', () => {
    const run = createRun();
    for (let it = 0; it < leasesLimit; it += 1) expect(run.apply({ type: 'grant', ttlMs: 1_000 }).type).toBe('leased');
    const earlier = encode([3, 3, [7, 500, 900, 'a']]);
    const restored = createRun();
    restore(restored.machine, [encode([3, 0, 9, 0]), encode([3, 2, 'a', 8, bytes('a')]), earlier]);
    expect(restored.machine.query({ type: 'lease', lease: 7 })).toEqual({ type: 'lease', ttlMs: 500, keys: ['a'] });
    expect(restored.machine.dueAtMs).toBe(900);
  });

  test('is as it was in a snapshot', () => {
    const run = createRun();
    run.apply({ type: 'grant', ttlMs: 1_000 });
    run.apply({ type: 'grant', ttlMs: 500 });
    run.put('a', 1);
    run.put('b', 2);
    const restored = createRun();
    restore(restored.machine, partsOf(run.machine));
    restored.revision = run.revision;
    expect(restored.machine.dueAtMs).toBe(500);
    restored.timeMs = 600;
    restored.tick();
    expect(['a', 'b'].filter(restored.has)).toEqual(['a']);
    expect(restored.apply({ type: 'revoke', lease: 1 })).toEqual({ type: 'revoked', keys: 1 });
  });

  test('deletes some of its kind with one tick, and leaves the others to the next', () => {
    const run = createRun();
    for (let lease = 0; lease < 20; lease += 1) {
      run.apply({ type: 'grant', ttlMs: 1_000 });
      const id = run.revision;
      for (let it = 0; it < leaseKeysLimit; it += 1) run.put(`${lease}/${it}`, id);
    }
    run.timeMs = 1_000;
    run.tick();
    expect(run.machine.keys).toBe(12 * leaseKeysLimit);
    expect(run.machine.dueAtMs).toBe(1_000);
    run.tick();
    run.tick();
    expect(run.machine.keys).toBe(0);
  });
});

describe.each(logProtocolNames)('over %s, a lease', (protocol) => {
  const elected = (): Cluster => {
    const cluster = createCluster({ protocol });
    cluster.elect();
    return cluster;
  };
  const isGone = async (cluster: Cluster, keys: KeyValueStore, key: string): Promise<boolean> =>
    (await cluster.value(keys.get(key, { deadlineMs: 60_000 }))) === undefined;
  /** When a watch hears that `key` is deleted, by the clock. */
  const deletedAtMs = async (cluster: Cluster, keys: KeyValueStore, key: string): Promise<number> => {
    let atMs: number | undefined;
    const subscription = keys.watch({ key }).subscribe(({ changes }) => {
      if (changes.some(({ value }) => value === null)) atMs = cluster.clock.nowMs();
    });
    await cluster.until(() => atMs !== undefined);
    subscription.unsubscribe();
    return atMs ?? Number.NaN;
  };

  test('ends by itself when it is due, and not before, however little else happens', async () => {
    const cluster = elected();
    const { keys } = cluster.follower();
    const askedAtMs = cluster.clock.nowMs();
    const { lease } = await cluster.value(keys.grantLease(3_000));
    const grantedAtMs = cluster.clock.nowMs();
    await cluster.value(keys.put('a', bytes('x'), { lease }));
    const endedAtMs = await deletedAtMs(cluster, keys, 'a');
    expect(endedAtMs - askedAtMs).toBeGreaterThanOrEqual(3_000);
    expect(endedAtMs - grantedAtMs).toBeLessThan(3_200);
    expect(await cluster.failure(keys.keepLease(lease))).toBeInstanceOf(LeaseEndedError);
    expect(await cluster.value(keys.lease(lease))).toBeUndefined();
  });

  test('lives while it is kept', async () => {
    const cluster = elected();
    const { keys } = cluster.leader();
    const { lease } = await cluster.value(keys.grantLease(1_000));
    await cluster.value(keys.put('a', bytes('x'), { lease }));
    for (let it = 0; it < 10; it += 1) {
      const untilMs = cluster.clock.nowMs() + 700;
      await cluster.until(() => cluster.clock.nowMs() >= untilMs);
      await cluster.value(keys.keepLease(lease));
    }
    expect(await isGone(cluster, keys, 'a')).toBe(false);
    await deletedAtMs(cluster, keys, 'a');
  });

  test('outlives the crash of the leader by no less than its time, and ends under the next one', async () => {
    const cluster = elected();
    const client = cluster.client();
    const { lease } = await cluster.value(client.grantLease(4_000));
    await cluster.value(client.put('a', bytes('x'), { lease }));
    const keptAtMs = cluster.clock.nowMs();
    await cluster.value(client.keepLease(lease));
    cluster.crash(cluster.leader().id);
    const endedAtMs = await deletedAtMs(cluster, client, 'a');
    expect(endedAtMs - keptAtMs).toBeGreaterThanOrEqual(4_000);
    expect(await cluster.value(client.lease(lease))).toBeUndefined();
  });

  test('is refused by name where its time makes no sense, or it has ended', async () => {
    const cluster = elected();
    const { keys } = cluster.leader();
    for (const ttlMs of [0, 99, 1.5, Number.NaN, 25 * 60 * 60 * 1_000]) {
      expect(await cluster.failure(keys.grantLease(ttlMs))).toMatchObject({ code: 'MALFORMED_REQUEST' });
    }
    expect(await cluster.failure(keys.put('a', bytes('x'), { lease: 12_345 }))).toBeInstanceOf(LeaseEndedError);
    const { lease } = await cluster.value(keys.grantLease(60_000));
    for (let it = 0; it < leaseKeysLimit; it += 1) {
      await cluster.value(keys.put(`k${it}`, bytes('x'), { lease }));
    }
    expect(await cluster.failure(keys.put('a', bytes('x'), { lease }))).toBeInstanceOf(LeaseLimitError);
    expect(await cluster.value(keys.revokeLease(lease))).toEqual({ keys: leaseKeysLimit });
    expect(await cluster.value(keys.count({ prefix: 'k' }))).toMatchObject({ count: 0 });
  });
});
