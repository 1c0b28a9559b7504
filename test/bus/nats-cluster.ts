/** Clusters of NATS buses for tests. Each has a name of its own, so that they may share a server. */

import type { Bus } from '../../src/bus/bus.ts';
import { createNatsBus, createNatsClient, type NatsBus, type NatsBusOptions } from '../../src/bus/nats.ts';
import { testSecret } from '../fixtures/secret.ts';
import type { Cluster } from './conformance.ts';
import { isConnected, timing, until } from './tcp-cluster.ts';

export interface NatsCluster extends Cluster {
  readonly name: string;
  bus(node: string): NatsBus;
  restart(node: string): Promise<NatsBus>;
}

let clusters = 0;

/** Starts nodes that know each other, and waits until they are connected. */
export async function startNatsCluster(
  server: string,
  nodes: readonly string[],
  options: Partial<NatsBusOptions> = {},
): Promise<NatsCluster> {
  clusters += 1;
  const name = `test ${clusters}`;
  const opened: Bus[] = [];
  const buses = new Map<string, NatsBus>();
  const bus = (node: string): NatsBus => {
    const found = buses.get(node);
    if (found === undefined) throw new Error(`no node ${node} in this test`);
    return found;
  };
  const start = async (node: string): Promise<NatsBus> => {
    const peers = nodes.filter((other) => other !== node);
    const started = await createNatsBus({ server, node, cluster: name, secret: testSecret, timing, peers, ...options });
    buses.set(node, started);
    opened.push(started);
    return started;
  };
  for (const node of nodes) await start(node);
  const isWhole = (node: string): boolean =>
    isConnected(
      bus(node),
      nodes.filter((other) => other !== node),
    );
  await until(() => nodes.every(isWhole), 'a connection of each to each');
  return {
    name,
    bus,
    client: () => createNatsClient({ server, cluster: name, nodes, secret: testSecret.client(), timing }),
    until: (condition) => until(condition),
    restart: start,
    async close() {
      await Promise.all(opened.map((it) => it.close()));
    },
  };
}
