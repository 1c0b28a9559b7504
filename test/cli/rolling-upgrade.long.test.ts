/**
 * A cluster of an earlier release is upgraded node by node while clients write, and what they saw is linearizable: the wire, the journals and
 * the entries of the log are understood on both sides.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { createHistoryRecorder, type HistoryRecorder } from '../../src/history.ts';
import type { Client } from '../../src/services/store/client.ts';
import { logProtocolNames } from '../../src/services/store/log/protocol-names.ts';
import { unpackEarlier } from '../fixtures/earlier.ts';
import { freePort } from '../fixtures/ports.ts';
import { type ClusterNode, type ProcessCluster, program, startClusterAt } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { nothingHeard } from '../torture/losses.ts';
import { judge } from '../torture/verdict.ts';
import { createdKeys, valueIn, work } from '../torture/workload.ts';

const patienceMs = 120_000;
const { clock } = systemEnvironment();

/** Three nodes of the earlier release. */
async function startEarlier(protocol: (typeof logProtocolNames)[number]): Promise<ProcessCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-upgrade-'));
  const port = await freePort([0, 1, 2, 3, 4, 5]);
  const places = [0, 1, 2].map((index) => ({
    id: `n${index + 1}`,
    http: `127.0.0.1:${port + index}`,
    tcp: `127.0.0.1:${port + 3 + index}`,
  }));
  const cluster = startClusterAt(places, { replication: { protocol }, program: unpackEarlier(directory) });
  onTestFinished(async () => {
    await cluster.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return cluster;
}

/**
 * Stops a node as a supervisor does, and has another build go on with its data, until that has applied what all have committed: it
 * does not where the others do not understand it, or it does not understand them.
 */
async function replace(cluster: ProcessCluster, node: ClusterNode, build: string): Promise<void> {
  node.run?.signal('SIGTERM');
  expect(await node.run?.end(), `${node.id} was to end:\n${node.run?.stderr}`).toBe(0);
  node.start(build);
  await cluster.leader();
  await until(
    `${node.id} to have applied all`,
    async () => {
      if (node.run?.ended !== undefined) throw new Error(`${node.id} ended:\n${node.run.stdout}${node.run.stderr}`);
      const statuses = await Promise.all(cluster.nodes.map((it) => it.status()));
      const committed = Math.max(...statuses.map(({ commitIndex }) => commitIndex));
      return until(`entry ${committed}`, async () => (await node.status()).appliedIndex >= committed, patienceMs);
    },
    patienceMs,
  );
}

/** Waits until more writes were acknowledged than by now. */
async function written(recorder: HistoryRecorder, acknowledged: readonly number[], more: number): Promise<void> {
  const wanted = acknowledged.length + more;
  await until(`${more} writes`, () => recorder.isFull || acknowledged.length >= wanted, patienceMs);
}

async function readAll(client: Client, recorder: HistoryRecorder, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const call = recorder.invoke('reader', { f: 'get', key });
    const found = await client.get(key, { deadlineMs: patienceMs });
    call.ok(found === undefined ? null : valueIn(found.value));
  }
}

test.each(logProtocolNames)(
  'a cluster by %s is upgraded from an earlier release while clients write',
  { timeout: 600_000 },
  async (protocol) => {
    const cluster = await startEarlier(protocol);
    await cluster.leader();
    const client = await cluster.connect(cluster.nodes, patienceMs);
    onTestFinished(() => client.close());
    const recorder = createHistoryRecorder({ clock });
    const [created, heard] = [createdKeys(), nothingHeard()];
    const keys = ['a', 'b', 'c', 'd'];
    const randomness = seededRandomness(1);
    let isOver = false;
    let values = 0;
    const unique = (): string => {
      values += 1;
      return `v${values}`;
    };
    const working = Promise.allSettled(
      ['p0', 'p1', 'p2', 'p3'].map((process) =>
        work(
          { client, process, recorder, created, heard, clock, random: randomness.stream(process), keys, unique },
          () => isOver,
        ),
      ),
    );
    try {
      await written(recorder, heard.acknowledged, 20);
      for (const node of cluster.nodes) {
        await replace(cluster, node, program);
        await written(recorder, heard.acknowledged, 20);
      }
    } finally {
      isOver = true;
      await working;
    }
    for (const end of await working) if (end.status === 'rejected') throw end.reason;
    await readAll(client, recorder, keys);
    for (const [key, version] of created.acknowledged) {
      expect((await client.get(key, { deadlineMs: patienceMs }))?.version, key).toBe(version);
    }
    const { result, report } = judge(recorder, clock);
    expect(result.verdict, report).toBe('linearizable');
  },
);
