/** Nodes that replicate by primary-backup, as processes that are killed: what an acknowledgement was worth, and what was discarded. */

import { expect, onTestFinished, test, vi } from 'vitest';
import { type ClusterNode, type ProcessCluster, startCluster } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 600_000 });

async function started(): Promise<ProcessCluster> {
  const cluster = await startCluster(3, { protocol: 'primary-backup' });
  onTestFinished(() => cluster.close());
  for (const { run } of cluster.nodes) await run?.printed(/answers at/);
  return cluster;
}

/** Whether a put was acknowledged; what is cut off or refused was not. */
const put = ({ url }: ClusterNode, key: string): Promise<boolean> =>
  fetch(`${url}/kv/${key}`, { method: 'PUT', body: key }).then(
    ({ status }) => status === 200,
    () => false,
  );

const statusAt = async ({ url }: ClusterNode): Promise<unknown> => (await fetch(`${url}/status`)).json();

const others = (cluster: ProcessCluster, node: ClusterNode): readonly ClusterNode[] =>
  cluster.nodes.filter((it) => it !== node);

/** Waits until all that run agree on another primary. */
const nextPrimary = (cluster: ProcessCluster, old: ClusterNode): Promise<ClusterNode> =>
  until('another primary', async () => {
    const leader = await cluster.leader();
    return leader === old ? undefined : leader;
  });

/** Waits until a node is a backup in sync, which holds whatever is acknowledged from then on. */
const rejoined = (node: ClusterNode): Promise<unknown> =>
  until(`${node.id} to be a backup in sync`, async () => {
    const status = await statusAt(node);
    const isBack = expect.objectContaining({ role: 'backup', inSync: 'n1 n2 n3' });
    return isBack.asymmetricMatch(status) ? status : undefined;
  });

async function expectKept(node: ClusterNode, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const [status, text] = await until(`${node.id} to answer`, async () => {
      const answer = await fetch(`${node.url}/kv/${key}`);
      const said = [answer.status, await answer.text()] as const;
      return answer.status < 500 ? said : undefined;
    });
    expect([status, text]).toEqual([200, key]);
  }
}

test('a primary that is killed under load is replaced, loses nothing acknowledged, and comes back as a backup', async () => {
  const cluster = await started();
  const old = await cluster.leader();
  const acknowledged: string[] = [];
  let isLoaded = true;
  const writers = cluster.nodes.map(async (node) => {
    for (let count = 0; isLoaded; count += 1) {
      const key = `${node.id}-${count}`;
      if (await put(node, key)) acknowledged.push(key);
      else if (node === old) return;
    }
  });
  await until('some writes', () => acknowledged.length > 50);
  await old.kill();
  const next = await nextPrimary(cluster, old);
  const before = acknowledged.length;
  await until('more writes', () => acknowledged.length > before + 20);
  isLoaded = false;
  await Promise.all(writers);
  await expectKept(next, acknowledged);

  await old.start().printed(/answers at/);
  await rejoined(old);
  await expectKept(old, acknowledged);
});

test('a primary that comes back tells what it discards, which was never acknowledged', async () => {
  const cluster = await started();
  const old = await cluster.leader();
  const backups = others(cluster, old);
  await until('a write', () => put(old, 'kept'));
  const { lastIndex } = await old.status();
  // No backup hears of the next write.
  for (const { run } of backups) run?.signal('SIGKILL');
  const isLost = put(old, 'lost');
  await until('the write to be in its log', async () => (await old.status()).lastIndex > lastIndex);
  await old.kill();
  expect(await isLost).toBe(false);
  for (const backup of backups) await backup.kill();

  for (const backup of backups) await backup.start().printed(/answers at/);
  await nextPrimary(cluster, old);
  const run = old.start();
  await run.printed(/DISCARDED: entries \d+ to \d+ are gone/);
  expect(await rejoined(old)).toMatchObject({ discardedFrom: lastIndex + 1, discardedTo: expect.any(Number) });
  await expectKept(old, ['kept']);
  await until('the lost write to be unknown', async () => (await fetch(`${old.url}/kv/lost`)).status === 404);
});
