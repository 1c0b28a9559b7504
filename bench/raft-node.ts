/** One node of `bench/raft.ts`, a process of its own: serves, and tells how much of the processor and memory it uses. */

import { clusterSecretOf } from '../src/bus/tcp.ts';
import { startKeyValueNode } from '../src/services/kv-node.ts';
import type { NodeRequest, NodeUsage } from './raft-protocol.ts';

const send = (message: NodeUsage | { readonly type: 'ready' }): void => void process.send?.(message);

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
    });
    process.once('disconnect', () => void node.stop().then(() => process.exit()));
    send({ type: 'ready' });
  } else {
    const { user, system } = process.cpuUsage();
    send({ type: 'usage', cpuMs: (user + system) / 1_000, residentBytes: process.memoryUsage().rss });
  }
});
