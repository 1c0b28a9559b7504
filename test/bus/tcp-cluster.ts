/** Clusters of TCP buses on loopback for tests, and waiting on real time with a deadline. */

import type { Bus } from '../../src/bus/bus.ts';
import {
  createTcpBus,
  createTcpClient,
  type HostPort,
  type TcpBus,
  type TcpBusOptions,
  type TcpClientOptions,
  type TcpTiming,
} from '../../src/bus/tcp.ts';
import { freePort } from '../fixtures/ports.ts';
import { testSecret } from '../fixtures/secret.ts';
import type { Cluster } from './conformance.ts';

/** Quick enough for tests, and slow enough for a busy machine. */
export const timing: Partial<TcpTiming> = { reconnectMinMs: 5, reconnectMaxMs: 50, refusedRetryMs: 100 };

/** Lets the event loop turn until `condition` holds. */
export async function until(condition: () => boolean, what = 'the condition', limitMs = 200_000): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`${what} did not come true within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Whether `bus` is connected to every one of `peers`. */
export function isConnected(bus: Bus, peers: readonly string[]): boolean {
  const connected = new Set<string>();
  bus.peers.subscribe(({ node, status }) => void (status === 'connected' && connected.add(node))).unsubscribe();
  return peers.every((peer) => connected.has(peer));
}

export interface TcpCluster extends Cluster {
  bus(node: string): TcpBus;
  restart(node: string): Promise<TcpBus>;
}

/** Starts nodes on free ports that know each other, and waits until they are connected. */
export async function startTcpCluster(
  nodes: readonly string[],
  optionsOf: (node: string) => Partial<TcpBusOptions> = () => ({}),
  clientOptions: Partial<TcpClientOptions> = {},
): Promise<TcpCluster> {
  const buses = new Map<string, TcpBus>();
  const addresses = new Map<string, HostPort>();
  const bus = (node: string): TcpBus => {
    const found = buses.get(node);
    if (found === undefined) throw new Error(`no node ${node} in this test`);
    return found;
  };
  const others = (node: string): string[] => nodes.filter((other) => other !== node);
  const peersOf = (node: string): Record<string, HostPort> =>
    Object.fromEntries([...addresses].filter(([other]) => other !== node));
  const start = async (node: string, listen: Partial<HostPort>): Promise<TcpBus> => {
    const started = await createTcpBus({
      node,
      cluster: 'test',
      secret: testSecret,
      timing,
      listen,
      ...optionsOf(node),
    });
    buses.set(node, started);
    addresses.set(node, started.address());
    return started;
  };
  // Ports of their own, which they have again when they are started again.
  for (const node of nodes) await start(node, { port: await freePort() });
  for (const node of nodes) bus(node).setPeers(peersOf(node));
  await until(() => nodes.every((node) => isConnected(bus(node), others(node))), 'a connection of each to each');
  return {
    bus,
    client: () => createTcpClient({ addresses: nodes.map((node) => bus(node).address()), timing, ...clientOptions }),
    until: (condition) => until(condition),
    async restart(node) {
      const started = await start(node, addresses.get(node) ?? {});
      started.setPeers(peersOf(node));
      return started;
    },
    async close() {
      await Promise.all([...buses.values()].map((it) => it.close()));
    },
  };
}
