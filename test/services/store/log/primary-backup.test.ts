/** What is particular to a log that is kept by primary-backup: its in-sync set, which says when it is degraded. */

import { describe, expect, test } from 'vitest';
import { UnavailableError } from '../../../../src/services/store/errors.ts';
import { checkVoters, VotersMismatchError } from '../../../../src/services/store/log/members/voters.ts';
import { primaryBackup, type ReplicaReport } from '../../../../src/services/store/log/primary-backup.ts';
import { type Cluster, createCluster } from '../cluster.ts';

const value = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A store, and what its nodes have reported. */
function startStore(
  mode: 'synchronous' | 'quorum',
  limits = {},
): { readonly cluster: Cluster; readonly reports: (ReplicaReport & { readonly by: string })[] } {
  const reports: (ReplicaReport & { readonly by: string })[] = [];
  const cluster = createCluster({
    log: (voters, id) =>
      primaryBackup({ voters, mode, limits, report: (report) => reports.push({ ...report, by: id }) }),
  });
  cluster.elect();
  return { cluster, reports };
}

function backupIn(cluster: Cluster): string {
  const backup = cluster.members().find(({ store }) => store.status().role !== 'leader');
  if (backup === undefined) throw new Error('expected a node that is not primary');
  return backup.id;
}

const inSyncOf = (cluster: Cluster): unknown => cluster.leader().store.status().details.inSync;

describe('a store kept by primary-backup', () => {
  test('goes on without a node that is silent once that is recorded, says so, and takes it in again', async () => {
    const { cluster, reports } = startStore('synchronous');
    const away = backupIn(cluster);
    const others = ['n1', 'n2', 'n3'].filter((id) => id !== away);
    cluster.isolate(away);
    await cluster.value(cluster.leader().keys.put('k', value('without')));
    expect(inSyncOf(cluster)).toBe(others.join(' '));
    expect(reports.at(-1)).toEqual({ type: 'in-sync', nodes: others, missing: [away], by: cluster.leader().id });
    expect(cluster.leader().store.status().remark).toContain('2 of 3 in sync');
    cluster.heal();
    await cluster.until(() => inSyncOf(cluster) === 'n1 n2 n3');
    expect(reports.at(-1)).toMatchObject({ type: 'in-sync', missing: [] });
  });

  test('goes on by a majority at once while one node is silent', async () => {
    const { cluster } = startStore('quorum');
    cluster.isolate(backupIn(cluster));
    const before = cluster.clock.nowMs();
    await cluster.value(cluster.leader().keys.put('k', value('at once')));
    expect(cluster.clock.nowMs() - before).toBeLessThan(100);
    expect(inSyncOf(cluster)).toBe('n1 n2 n3');
  });

  test('has a primary that comes back discard and report what it never acknowledged', async () => {
    const { cluster, reports } = startStore('synchronous');
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
    const { cluster } = startStore('synchronous');
    const { store } = cluster.member('n1');
    expect(() => checkVoters(store, ['n3', 'n1', 'n2'])).not.toThrow();
    expect(() => checkVoters(store, ['n1', 'n2'])).toThrow(VotersMismatchError);
  });

  test('has no primary where no majority of the nodes was told the same mode', async () => {
    const modes = ['synchronous', 'quorum'] as const;
    const cluster = createCluster({
      nodes: ['n1', 'n2'],
      log: (voters, id) => primaryBackup({ voters, mode: modes[id === 'n1' ? 0 : 1] }),
    });
    const put = cluster.member('n1').keys.put('k', value('never'), { deadlineMs: 10_000 });
    expect(await cluster.failure(put)).toBeInstanceOf(UnavailableError);
    expect(cluster.members().map(({ store }) => store.status().role)).toEqual(['fenced', 'fenced']);
  });

  test('gives a node that was away for longer than the log reaches back a snapshot', async () => {
    const { cluster } = startStore('synchronous', { compactBeyondBytes: 2_000, retainBytes: 200 });
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
    const { cluster } = startStore('synchronous');
    for (const to of ['n1', 'n2', 'n3', 'n1']) {
      if (cluster.leader().id === to) continue;
      expect(await cluster.value(cluster.leader().store.handOver(to))).toBe(to);
      await cluster.value(cluster.member(to).keys.put('k', value(to)));
    }
  });
});
