/** One node of the benchmarks of logs, a process of its own: serves, and tells how much of the processor and memory it uses. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { clusterSecretOf } from '../src/bus/tcp.ts';
import { serveDashboard } from '../src/dashboard/serve.ts';
import { type KeyValueNode, startKeyValueNode } from '../src/services/kv-node.ts';
import { type Tracing, traceNode } from '../src/tracing.ts';
import type { NodeReady, NodeRequest, NodeUsage } from './log-protocol.ts';
import { type SnapshotMemory, watchSnapshotMemory } from './snapshot-memory.ts';

const send = (message: NodeUsage | NodeReady): void => void process.send?.(message);

const loopDelay = monitorEventLoopDelay({ resolution: 1 });
let longestCollectionMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longestCollectionMs = Math.max(longestCollectionMs, duration);
}).observe({ entryTypes: ['gc'] });
let directoryUsed = '';
let roleChanges = 0;
let snapshots: SnapshotMemory | undefined;
let waitedBeforeMs = 0;
let running: KeyValueNode | undefined;
let tracing: Tracing | undefined;

function diskBytes(): number {
  let sum = 0;
  for (const entry of readdirSync(directoryUsed, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}

/** What Linux says of this thread: time on a processor, time of waiting for one, turns. */
function waitedMs(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

/** Makes spans of this share of the node's commands, in place of the share before. */
async function trace(share: number): Promise<void> {
  tracing?.close();
  tracing = undefined;
  if (running === undefined || share === 0) return;
  // What is not traced is not to hold the SDK in memory.
  const { droppingTracer } = await import('./dropping-tracer.ts');
  const { node, store } = running;
  tracing = traceNode({ node, stores: [store], tracer: droppingTracer(), share });
}

process.on('message', async (request: NodeRequest) => {
  if (request.type === 'start') {
    const { id, protocol, directory, port, peers, watchesLoop, isSeen, leaseDriftPpm } = request;
    if (watchesLoop) loopDelay.enable();
    const host = '127.0.0.1';
    const node = await startKeyValueNode({
      id,
      protocol,
      secret: clusterSecretOf('the secret of a benchmark that runs on loopback'),
      dataDirectory: directory,
      listen: { host, port },
      http: { host, port: 0 },
      peers: Object.fromEntries(Object.entries(peers).map(([peer, peerPort]) => [peer, { host, port: peerPort }])),
      pid: process.pid,
      stateBytes: 2 ** 32,
      ...(leaseDriftPpm !== undefined && { timing: { leaseDriftPpm } }),
    });
    running = node;
    directoryUsed = directory;
    snapshots = watchSnapshotMemory(directory);
    node.roleChanges.subscribe(() => {
      roleChanges += 1;
    });
    process.once('disconnect', () => void node.stop().then(() => process.exit()));
    const dashboard = isSeen ? await serveDashboard([node.node]) : undefined;
    send({ type: 'ready', ...(dashboard && { dashboardUrl: dashboard.url }) });
  } else if (request.type === 'trace') {
    await trace(request.share);
    send({ type: 'ready' });
  } else {
    const { user, system } = process.cpuUsage();
    // Looking at the disk delays the loop, too, and is not what is measured.
    const longestLoopDelayMs = loopDelay.max / 1e6;
    const { begun = 0, growth = 0 } = snapshots?.take() ?? {};
    const waited = waitedMs();
    send({
      type: 'usage',
      cpuMs: (user + system) / 1_000,
      residentBytes: process.memoryUsage().rss,
      longestLoopDelayMs,
      longestCollectionMs,
      waitedForProcessorMs: waited - waitedBeforeMs,
      roleChanges,
      diskBytes: diskBytes(),
      snapshots: begun,
      snapshotGrowth: growth,
    });
    waitedBeforeMs = waited;
    longestCollectionMs = 0;
    roleChanges = 0;
    loopDelay.reset();
  }
});
