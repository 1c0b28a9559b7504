/**
 * Three durable nodes as three processes on loopback, replicating by one protocol, and a client that keeps puts under
 * way: what the benchmarks of logs share, so that what they compare differs in nothing but the protocol.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { Clock } from '../src/environment/clock.ts';
import type { LogProtocolName } from '../src/services/store/log/protocol-names.ts';
import { connect } from '../src/services/store/tcp-client.ts';
import type { NodeReady, NodeRequest, NodeUsage } from './log-protocol.ts';
import { ask, endAll, freePort } from './processes.ts';

type Client = Awaited<ReturnType<typeof connect>>;

/** What can be driven by puts. */
export interface LogDriven {
  put(key: string, value: Uint8Array): Promise<void>;
  /** Processor time that all nodes together have used. */
  nodeCpuMs(): Promise<number>;
  /** Called before puts are measured. */
  prepare?(): Promise<void>;
}

/** A cluster that runs, and has elected a leader. */
export interface LogCluster extends LogDriven {
  readonly client: Client;
  /** Has so many viewers look at the dashboard of each node from now on. */
  look(viewers: number): Promise<void>;
  /** Has each node make spans of this share of its commands from now on; of none at first. */
  trace(share: number): Promise<void>;
  usages(): Promise<NodeUsage[]>;
  stop(): Promise<void>;
}

/** What came of some seconds of puts. */
export interface Sample {
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of all nodes together. */
  readonly nodeCpuMicrosPerOp: number;
  /** Processor time of the process that drives. */
  readonly clientCpuMicrosPerOp: number;
}

const value = new Uint8Array(256).fill(7);

export interface LogClusterOptions {
  /** For a soak, as it costs what a measurement would count. */
  readonly watchesLoop?: boolean;
  /** Whether its nodes serve dashboards. */
  readonly isSeen?: boolean;
  /** How far clocks may drift, so that reads by lease are served; left out, leaders take no lease. */
  readonly leaseDriftPpm?: number;
}

/** Starts a cluster whose data is in `directory`. */
export async function startLogCluster(
  protocol: LogProtocolName,
  directory: string,
  { watchesLoop = false, isSeen = false, leaseDriftPpm }: LogClusterOptions = {},
): Promise<LogCluster> {
  const ports = new Map<string, number>();
  for (const id of ['n1', 'n2', 'n3']) ports.set(id, await freePort());
  const children: ChildProcess[] = [];
  const dashboards: string[] = [];
  let looking: readonly WebSocket[] = [];
  for (const [id, port] of ports) {
    const child = fork(new URL('./log-node.js', import.meta.url), { serialization: 'json' });
    children.push(child);
    const peers = Object.fromEntries([...ports].filter(([peer]) => peer !== id));
    const { dashboardUrl } = await ask<NodeReady>(child, {
      type: 'start',
      id,
      protocol,
      directory: join(directory, id),
      port,
      peers,
      watchesLoop,
      isSeen,
      ...(leaseDriftPpm !== undefined && { leaseDriftPpm }),
    } satisfies NodeRequest);
    if (dashboardUrl !== undefined) dashboards.push(dashboardUrl);
  }
  const client = await connect(
    [...ports.values()].map((port) => `127.0.0.1:${port}`),
    { inFlight: 2_048 },
  );
  await client.put('warm-up', value, { deadlineMs: 20_000 });
  const usages = () =>
    Promise.all(children.map((child) => ask<NodeUsage>(child, { type: 'usage' } satisfies NodeRequest)));
  return {
    client,
    usages,
    async look(viewers) {
      for (const viewer of looking) viewer.terminate();
      looking = await Promise.all(dashboards.flatMap((url) => Array.from({ length: viewers }, () => viewerOf(url))));
    },
    async trace(share) {
      await Promise.all(children.map((child) => ask<NodeReady>(child, { type: 'trace', share } satisfies NodeRequest)));
    },
    put: (key, value) => client.put(key, value, { deadlineMs: 20_000 }).then(() => undefined),
    nodeCpuMs: async () => (await usages()).reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    async stop() {
      for (const viewer of looking) viewer.terminate();
      await client.close();
      await endAll(children);
    },
  };
}

/** A viewer of the dashboard at `url`, once it is shown something; it reads, and forgets. */
async function viewerOf(url: string): Promise<WebSocket> {
  const { host, hash } = new URL(url);
  const viewer = new WebSocket(`ws://${host}/feed?${hash.slice(1)}`);
  await new Promise<void>((resolve, reject) => {
    viewer.once('message', () => resolve());
    viewer.once('error', reject);
  });
  viewer.on('message', () => {});
  return viewer;
}

/** Keeps `inFlight` puts of 256 bytes under way for `seconds`. */
export async function drive(driven: LogDriven, clock: Clock, inFlight: number, seconds: number): Promise<Sample> {
  await driven.prepare?.();
  const latencies: number[] = [];
  const nodesBeforeMs = await driven.nodeCpuMs();
  const clientBefore = process.cpuUsage();
  const startedMs = clock.nowMs();
  const endMs = startedMs + seconds * 1_000;
  const worker = async (number: number): Promise<void> => {
    for (let round = 0; clock.nowMs() < endMs; round += 1) {
      const sentMs = clock.nowMs();
      await driven.put(`key-${number}-${round % 100}`, value);
      latencies.push(clock.nowMs() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, number) => worker(number)));
  const elapsedMs = clock.nowMs() - startedMs;
  const { user, system } = process.cpuUsage(clientBefore);
  const nodesMs = (await driven.nodeCpuMs()) - nodesBeforeMs;
  latencies.sort((a, b) => a - b);
  return {
    opsPerSecond: (latencies.length * 1_000) / elapsedMs,
    p50Ms: latencies[Math.floor(latencies.length * 0.5)] ?? Number.NaN,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    nodeCpuMicrosPerOp: (nodesMs * 1_000) / latencies.length,
    clientCpuMicrosPerOp: (user + system) / latencies.length,
  };
}
