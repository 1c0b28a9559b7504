/** Faults under load: what happens to clients while the primary is killed, or paused. */

import type { Redis, RedisOptions } from 'ioredis';
import { eventually, pause, type TrioServer } from '../../examples/failover-trio.ts';
import { lostOf, startWriter, type Writer } from '../../examples/failover-writers.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';

const { clock } = systemEnvironment();

/** What is measured: a trio of servers, and how clients reach the primary. */
export interface System {
  readonly name: string;
  readonly servers: readonly TrioServer[];
  readonly options: RedisOptions;
  primary(): Promise<TrioServer | undefined>;
  end(): Promise<void>;
}

export type Fault = { readonly type: 'crash' } | { readonly type: 'pause'; readonly pauseMs: number };

export interface Round {
  readonly system: string;
  readonly fault: Fault['type'];
  /** From the fault until a write that was sent after it is acknowledged, in milliseconds. */
  readonly untilWriteMs: number;
  readonly acknowledged: number;
  /** Acknowledged writes that the group does not hold in the end. */
  readonly lost: number;
  /** Of these, such as a client with no timeout was told. */
  readonly lostOfPatient: number;
}

const writers = 3;
const beforeMs = 1_000;
const afterMs = 1_500;

/** One fault, from a whole group to a whole group. */
export async function runRound(system: System, fault: Fault, round: number): Promise<Round> {
  const primary = await wholeGroup(system);
  const all: Writer[] = Array.from({ length: writers }, (_, index) =>
    startWriter(`round-${round}:${index}`, system.options, false),
  );
  const patient = startWriter(`round-${round}:patient`, system.options, true);
  all.push(patient);
  await pause(beforeMs);
  const faultAtMs = clock.nowMs();
  primary.signal(fault.type === 'crash' ? 'SIGKILL' : 'SIGSTOP');
  const accepted = await eventually('a write to be acknowledged', async () => firstAfter(all, faultAtMs));
  if (fault.type === 'pause') {
    await pause(Math.max(0, fault.pauseMs - (clock.nowMs() - faultAtMs)));
    primary.signal('SIGCONT');
  }
  await pause(afterMs);
  if (fault.type === 'crash') await primary.start();
  for (const writer of all) await writer.stop();
  const now = await wholeGroup(system);
  let lost = 0;
  for (const writer of all) lost += await lostOf(writer, now.client);
  const lostOfPatient = await lostOf(patient, now.client);
  const acknowledged = all.reduce((sum, writer) => sum + writer.acknowledged.length, 0);
  for (const writer of all) await now.client.del(writer.key);
  return {
    system: system.name,
    fault: fault.type,
    untilWriteMs: accepted - faultAtMs,
    acknowledged,
    lost,
    lostOfPatient,
  };
}

/** When the first write that was sent after the fault was acknowledged. */
function firstAfter(all: readonly Writer[], faultAtMs: number): number | undefined {
  const times = all.flatMap((writer) => writer.acknowledged.find(({ sentAtMs }) => sentAtMs > faultAtMs)?.atMs ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** The primary, once both others follow it and hold what it does. */
export async function wholeGroup(system: System): Promise<TrioServer> {
  const whole = await eventually(
    `the group of '${system.name}' to be whole`,
    async () => {
      const primary = await system.primary();
      if (primary === undefined) return undefined;
      const offset = await offsetOf(primary.client, 'master_repl_offset');
      for (const server of system.servers) {
        if (server === primary) continue;
        const info = await server.client.info('replication');
        if (!info.includes(`master_port:${primary.port}`) || !info.includes('master_link_status:up')) return undefined;
        if ((await offsetOf(server.client, 'slave_repl_offset')) < offset) return undefined;
      }
      return primary;
    },
    120_000,
  );
  return whole;
}

const offsetOf = async (client: Redis, field: string): Promise<number> =>
  Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(await client.info('replication'))?.[1] ?? Number.NaN);

/** What clients get while nothing fails. */
export interface Calm {
  readonly system: string;
  readonly writesPerSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Writes for a while, without a fault. */
export async function runCalm(system: System, forMs: number): Promise<Calm> {
  const primary = await wholeGroup(system);
  const all = Array.from({ length: writers }, (_, index) => startWriter(`calm:${index}`, system.options, false));
  await pause(forMs / 4);
  const fromMs = clock.nowMs();
  await pause(forMs);
  const toMs = clock.nowMs();
  const latencies = all
    .flatMap(({ acknowledged }) => acknowledged.filter(({ atMs }) => atMs >= fromMs && atMs < toMs))
    .map(({ sentAtMs, atMs }) => atMs - sentAtMs)
    .sort((one, other) => one - other);
  for (const writer of all) await writer.stop();
  for (const writer of all) await primary.client.del(writer.key);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return {
    system: system.name,
    writesPerSecond: (latencies.length / (toMs - fromMs)) * 1_000,
    medianMs: at(0.5),
    p99Ms: at(0.99),
  };
}
