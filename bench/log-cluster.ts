/**
 * Three durable nodes as three processes on loopback, replicating by one protocol, and a client that keeps puts under
 * way: what the benchmarks of logs share, so that what they compare differs in nothing but the protocol.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Clock } from '../src/environment/clock.ts';
import type { LogProtocolName } from '../src/services/store/log/protocol-names.ts';
import { connect } from '../src/services/store/tcp-client.ts';
import type { NodeRequest, NodeUsage } from './log-protocol.ts';
import { ask, endAll, freePort } from './processes.ts';

type Client = Awaited<ReturnType<typeof connect>>;

/** What can be driven by puts. */
export interface LogDriven {
  put(key: string, value: Uint8Array): Promise<void>;
  /** Processor time that all nodes together have used. */
  nodeCpuMs(): Promise<number>;
}

/** A cluster that runs, and has elected a leader. */
export interface LogCluster extends LogDriven {
  readonly client: Client;
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

/** Starts a cluster whose data is in `directory`; `watchesLoop` for a soak, as it costs what a measurement would count. */
export async function startLogCluster(
  protocol: LogProtocolName,
  directory: string,
  watchesLoop = false,
): Promise<LogCluster> {
  const ports = new Map<string, number>();
  for (const id of ['n1', 'n2', 'n3']) ports.set(id, await freePort());
  const children: ChildProcess[] = [];
  for (const [id, port] of ports) {
    const child = fork(new URL('./log-node.js', import.meta.url), { serialization: 'json' });
    children.push(child);
    const peers = Object.fromEntries([...ports].filter(([peer]) => peer !== id));
    await ask(child, {
      type: 'start',
      id,
      protocol,
      directory: join(directory, id),
      port,
      peers,
      watchesLoop,
    } satisfies NodeRequest);
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
    put: (key, value) => client.put(key, value, { deadlineMs: 20_000 }).then(() => undefined),
    nodeCpuMs: async () => (await usages()).reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    async stop() {
      await client.close();
      await endAll(children);
    },
  };
}

/** Keeps `inFlight` puts of 256 bytes under way for `seconds`. */
export async function drive(driven: LogDriven, clock: Clock, inFlight: number, seconds: number): Promise<Sample> {
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
