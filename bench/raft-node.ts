/** One node of `bench/raft.ts`, a process of its own: serves, and tells how much of the processor and memory it uses. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { clusterSecretOf } from '../src/bus/tcp.ts';
import { startKeyValueNode } from '../src/services/kv-node.ts';
import type { NodeRequest, NodeUsage } from './raft-protocol.ts';

const send = (message: NodeUsage | { readonly type: 'ready' }): void => void process.send?.(message);

const loopDelay = monitorEventLoopDelay({ resolution: 1 });
loopDelay.enable();
let directoryUsed = '';
let roleChanges = 0;
const snapshotsSeen = new Set<string>();
let snapshots = 0;

function diskBytes(): number {
  let sum = 0;
  for (const entry of readdirSync(directoryUsed, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    sum += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    if (!entry.name.endsWith('.snapshot') || snapshotsSeen.has(entry.name)) continue;
    snapshotsSeen.add(entry.name);
    snapshots += 1;
  }
  return sum;
}

process.on('message', async (request: NodeRequest) => {
  if (request.type === 'start') {
    const { id, directory, port, peers } = request;
    const host = '127.0.0.1';
    const node = await startKeyValueNode({
      id,
      secret: clusterSecretOf('the secret of a benchmark that runs on loopback'),
      dataDirectory: directory,
      listen: { host, port },
      http: { host, port: 0 },
      peers: Object.fromEntries(Object.entries(peers).map(([peer, peerPort]) => [peer, { host, port: peerPort }])),
      pid: process.pid,
      stateBytes: 2 ** 32,
    });
    directoryUsed = directory;
    node.roleChanges.subscribe(() => {
      roleChanges += 1;
    });
    process.once('disconnect', () => void node.stop().then(() => process.exit()));
    send({ type: 'ready' });
  } else {
    const { user, system } = process.cpuUsage();
    // Looking at the disk delays the loop, too, and is not what is measured.
    const longestLoopDelayMs = loopDelay.max / 1e6;
    send({
      type: 'usage',
      cpuMs: (user + system) / 1_000,
      residentBytes: process.memoryUsage().rss,
      longestLoopDelayMs,
      roleChanges,
      diskBytes: diskBytes(),
      snapshots,
    });
    roleChanges = 0;
    snapshots = 0;
    loopDelay.reset();
  }
});
