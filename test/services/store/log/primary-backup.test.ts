/** What is particular to a log that is kept by primary-backup: its in-sync set, which says when it is degraded. */

import { firstValueFrom } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { ModeNotOfferedError, TooFewInSyncError } from '../../../../src/services/store/errors.ts';
import { keyValueStore } from '../../../../src/services/store/key-value/store.ts';
import { checkVoters, VotersMismatchError } from '../../../../src/services/store/log/members/voters.ts';
import {
  FoundingMismatchError,
  type PrimaryBackupOptions,
  primaryBackup,
  type ReplicaReport,
} from '../../../../src/services/store/log/primary-backup.ts';
import { type Cluster, createCluster } from '../cluster.ts';

const value = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A store, and what its nodes have reported. */
function startStore(how: Omit<PrimaryBackupOptions, 'voters' | 'report'>): {
  readonly cluster: Cluster;
  readonly reports: (ReplicaReport & { readonly by: string })[];
} {
  const reports: (ReplicaReport & { readonly by: string })[] = [];
  const cluster = createCluster({
    log: (voters, id) => primaryBackup({ voters, ...how, report: (report) => reports.push({ ...report, by: id }) }),
  });
  cluster.elect();
  return { cluster, reports };
}

function backupIn(cluster: Cluster): string {
  const backup = cluster.members().find(({ store }) => store.status().role !== 'leader');
  if (backup === undefined) throw new Error('expected a node that is not primary');
  return backup.id;
}

/** Whether all nodes have applied the same. */
const level = (cluster: Cluster): boolean =>
  new Set(cluster.members().map(({ store }) => `${store.status().appliedIndex} ${store.status().lastIndex}`)).size ===
  1;

const inSyncOf = (cluster: Cluster): unknown => cluster.leader().store.status().details.inSync;

describe('a store kept by primary-backup', () => {
  test('goes on without a node that is silent once that is recorded, says so, and takes it in again', async () => {
    const { cluster, reports } = startStore({ mode: 'sync' });
    const away = backupIn(cluster);
    const others = ['n1', 'n2', 'n3'].filter((id) => id !== away);
    cluster.isolate(away);
    await cluster.value(cluster.leader().keys.put('k', value('without')));
    expect(inSyncOf(cluster)).toBe(others.join(' '));
    expect(reports.at(-1)).toEqual({
      type: 'in-sync',
      nodes: others,
      missing: [away],
      isEnough: true,
      by: cluster.leader().id,
    });
    expect(cluster.leader().store.status().remark).toContain('2 of 3 in sync');
    cluster.heal();
    await cluster.until(() => inSyncOf(cluster) === 'n1 n2 n3');
    expect(reports.at(-1)).toMatchObject({ type: 'in-sync', missing: [] });
  });

  test('goes on by a majority at once while one node is silent', async () => {
    const { cluster } = startStore({ mode: 'quorum' });
    cluster.isolate(backupIn(cluster));
    const before = cluster.clock.nowMs();
    await cluster.value(cluster.leader().keys.put('k', value('at once')));
    expect(cluster.clock.nowMs() - before).toBeLessThan(100);
    expect(inSyncOf(cluster)).toBe('n1 n2 n3');
  });

  test('has a primary that comes back discard and report what it never acknowledged', async () => {
    const { cluster, reports } = startStore({ mode: 'sync' });
    await cluster.value(cluster.leader().keys.put('k', value('acknowledged')));
    const old = cluster.leader();
    cluster.isolate(old.id);
    const waiting = old.keys.put('other', value('not acknowledged'));
    waiting.catch(() => undefined);
    const isReplaced = (): boolean =>
      cluster.members().some(({ id, store }) => id !== old.id && store.status().role === 'leader');
    await cluster.until(isReplaced);
    cluster.heal();
    await cluster.until(() => reports.some(({ type }) => type === 'discarded'));
    const discarded = reports.find(({ type }) => type === 'discarded');
    expect(discarded).toMatchObject({ by: old.id });
    const { from: discardedFrom, to: discardedTo } = { from: undefined, to: undefined, ...discarded };
    expect(old.store.status().details).toMatchObject({ discardedFrom, discardedTo });
    await cluster.until(() => old.store.status().role === 'backup');
    expect(await cluster.value(cluster.leader().keys.get('k'))).toMatchObject({ value: value('acknowledged') });
  });

  test('tells nodes that it did not begin with from those that it did', () => {
    const { cluster } = startStore({ mode: 'sync' });
    const { store } = cluster.member('n1');
    expect(() => checkVoters(store, ['n3', 'n1', 'n2'])).not.toThrow();
    expect(() => checkVoters(store, ['n1', 'n2'])).toThrow(VotersMismatchError);
  });

  test('loses exactly as much as it may, says what, starts over, and gives no version twice', async () => {
    const { cluster, reports } = startStore({ mode: 'async', maxLoss: 3 });
    const old = cluster.leader();
    await cluster.value(old.keys.put('k', value('kept')));
    await cluster.until(() => level(cluster));
    cluster.isolate(old.id);
    const lost: number[] = [];
    for (const text of ['1', '2', '3']) lost.push((await cluster.value(old.keys.put('k', value(text)))).version);
    const { commitIndex } = old.store.status();
    const beyond = old.keys.put('k', value('4'));
    beyond.catch(() => undefined);
    const isReplaced = (): boolean =>
      cluster.members().some(({ id, store }) => id !== old.id && store.status().role === 'leader');
    await cluster.until(isReplaced);
    expect(old.store.status().commitIndex).toBe(commitIndex);
    cluster.heal();
    await cluster.until(() => reports.some(({ type }) => type === 'discarded'));
    const from = commitIndex - 2;
    expect(reports.filter(({ type }) => type === 'discarded')).toEqual([
      { type: 'discarded', from, to: from + 3, acknowledged: 3, by: old.id },
    ]);
    expect(old.store.status().details).toMatchObject({ lostEntries: 3, discardedFrom: from });

    await cluster.settled(beyond);
    await cluster.until(() => level(cluster));
    const here = await cluster.value(old.keys.get('k', { consistency: 'stale' }));
    expect(here).toEqual(await cluster.value(cluster.leader().keys.get('k')));
    const [version = 0] = lost;
    expect(await cluster.value(old.keys.compareAndSet('k', version, value('swapped')))).toMatchObject({
      swapped: false,
    });
    const next = await cluster.value(old.keys.put('k', value('next')));
    expect(next.version).toBeGreaterThan(Math.max(...lost));
  });

  test('acknowledges a write as it asks, where that is more than the store does, or allowed less', async () => {
    const { cluster } = startStore({ mode: 'async', maxLoss: 5 });
    await cluster.until(() => level(cluster));
    const { keys } = cluster.leader();
    const away = backupIn(cluster);
    cluster.isolate(away);
    const before = cluster.clock.nowMs();
    await cluster.value(keys.put('k', value('at once')));
    expect(cluster.clock.nowMs() - before).toBeLessThan(100);
    await cluster.value(keys.put('k', value('held by all in sync'), { mode: 'sync' }));
    expect(cluster.clock.nowMs() - before).toBeGreaterThan(500);
    await cluster.until(() => !String(inSyncOf(cluster)).includes(away));
    expect(await cluster.failure(keys.put('k', value('no'), { mode: 'quorum' }))).toBeInstanceOf(ModeNotOfferedError);
  });

  test.each(['async', 'quorum'] as const)('refuses a write in mode %s that it could not keep', async (mode) => {
    const { cluster } = startStore({ mode: 'sync' });
    const { store } = cluster.follower();
    const client = cluster.client();
    for (const keys of [keyValueStore(store), client]) {
      const failure = await cluster.failure(keys.put('k', value('no'), { mode, idempotencyKey: mode }));
      expect(failure).toBeInstanceOf(ModeNotOfferedError);
    }
  });

  test('refuses writes while fewer are in sync than it asks for, says so, reads on, and takes them again', async () => {
    const { cluster, reports } = startStore({ minInSync: 3 });
    await cluster.value(cluster.leader().keys.put('k', value('held by three')));
    cluster.isolate(backupIn(cluster));
    await cluster.until(() => reports.some((it) => it.type === 'in-sync' && !it.isEnough));
    const { keys, store } = cluster.leader();
    expect(await cluster.failure(keys.put('k', value('no')))).toBeInstanceOf(TooFewInSyncError);
    expect(store.status().details).toMatchObject({ redundancy: 'too-few-in-sync', replicasMissing: 1 });
    expect(await cluster.value(keys.get('k'))).toMatchObject({ value: value('held by three') });
    cluster.heal();
    await cluster.until(() => store.status().details.redundancy === 'whole');
    await cluster.value(keys.put('k', value('again')));
  });

  test.each<[string, Partial<PrimaryBackupOptions>, RegExp]>([
    ['another mode', { mode: 'quorum' }, /expected mode quorum, got sync/],
    ['another bound', { maxLoss: 5 }, /expected maxLoss 5, got 0/],
    ['other replicas', { voters: ['n1', 'n2', 'n3', 'n4'] }, /replicas n1, n2, n3, n4, got n1, n2, n3/],
  ])('stops a node that was told %s than those that began it', async (_what, other, message) => {
    const cluster = createCluster({
      log: (voters, id) => primaryBackup({ voters, mode: 'sync', ...(id === 'n3' ? other : {}) }),
    });
    cluster.crash('n3');
    cluster.elect();
    cluster.restart('n3');
    const failed = firstValueFrom(cluster.member('n3').store.failure);
    const { cause } = await cluster.value(failed);
    expect(cause).toBeInstanceOf(FoundingMismatchError);
    expect(String(cause)).toMatch(message);
    await cluster.value(cluster.leader().keys.put('k', value('without it')));
  });

  test('gives a node that was away for longer than the log reaches back a snapshot', async () => {
    const { cluster } = startStore({ limits: { compactBeyondBytes: 2_000, retainBytes: 200 } });
    const away = backupIn(cluster);
    cluster.crash(away);
    for (let count = 0; count < 60; count += 1) {
      await cluster.value(cluster.leader().keys.put(`k${count}`, value('x'.repeat(50))));
    }
    const { commitIndex } = cluster.leader().store.status();
    cluster.restart(away);
    const { journal } = cluster.member(away).node;
    await cluster.until(() => journal.snapshots.names().some((name) => !name.endsWith(`-${away}`)));
    await cluster.until(() => cluster.member(away).store.status().commitIndex >= commitIndex);
    await cluster.until(() => inSyncOf(cluster) === 'n1 n2 n3');
  });

  test('hands over from whichever node, wherever the log of the configuration is led', async () => {
    const { cluster } = startStore({ mode: 'sync' });
    for (const to of ['n1', 'n2', 'n3', 'n1']) {
      if (cluster.leader().id === to) continue;
      expect(await cluster.value(cluster.leader().store.handOver(to))).toBe(to);
      await cluster.value(cluster.member(to).keys.put('k', value(to)));
    }
  });
});
