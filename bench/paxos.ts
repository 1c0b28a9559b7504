/**
 * Multi-Paxos and primary-backup beside Raft: the same store, nodes, payloads and client over each protocol, in one interleaved
 * run on three processes each, so that what disturbs the machine disturbs all. The order changes with each round. Then single
 * decree: how many independent keys one node has decided, of three acceptors.
 *
 * `node dist/bench/paxos.js [--rounds 5] [--seconds 3] [--json]`
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/environment/clock.ts';
import { logProtocolNames } from '../src/services/store/log/protocol-names.ts';
import { type Decisions, startDeciders } from './decisions.ts';
import { drive, type LogCluster, type Sample, startLogCluster } from './log-cluster.ts';
import { median, printTable } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const clock = systemClock();
const inFlights = [1, 64, 256];
const directory = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
const clusters = new Map<(typeof logProtocolNames)[number], LogCluster>();

const medianOf = (samples: readonly Sample[], field: keyof Sample): number => median(samples.map((it) => it[field]));

/** Single decree by itself, when the logs' nodes are idle. */
async function decisionRows() {
  const deciders = await startDeciders(join(directory, 'decisions'));
  try {
    const rows = [];
    for (const inFlight of inFlights) {
      const samples: Decisions[] = [];
      for (let round = 0; round < Number(options.rounds); round += 1) {
        samples.push(await deciders.decide(inFlight, Number(options.seconds)));
      }
      const rates = samples.map(({ latenciesMs, elapsedMs }) => (latenciesMs.length * 1_000) / elapsedMs);
      const latenciesMs = samples.flatMap((it) => it.latenciesMs).sort((a, b) => a - b);
      const within = (share: number): number => latenciesMs[Math.floor(latenciesMs.length * share)] ?? Number.NaN;
      rows.push({
        inFlight,
        decisionsPerSecond: median(rates),
        least: Math.min(...rates),
        most: Math.max(...rates),
        p50Ms: within(0.5),
        p99Ms: within(0.99),
      });
    }
    return rows;
  } finally {
    await deciders.stop();
  }
}

try {
  for (const name of logProtocolNames) clusters.set(name, await startLogCluster(name, join(directory, name)));
  const results: { protocol: string; inFlight: number; samples: readonly Sample[] }[] = [];
  for (const inFlight of inFlights) {
    const samples = new Map<string, Sample[]>();
    for (let round = 0; round < Number(options.rounds); round += 1) {
      const order = round % 2 === 0 ? [...clusters] : [...clusters].reverse();
      for (const [name, cluster] of order) {
        const sample = await drive(cluster, clock, inFlight, Number(options.seconds));
        samples.set(name, [...(samples.get(name) ?? []), sample]);
      }
    }
    for (const [protocol, all] of samples) results.push({ protocol, inFlight, samples: all });
  }
  const raftIn = (inFlight: number, round: number): number =>
    results.find((it) => it.protocol === 'raft' && it.inFlight === inFlight)?.samples[round]?.opsPerSecond ??
    Number.NaN;
  const rows = results.map(({ protocol, inFlight, samples }) => ({
    protocol,
    inFlight,
    opsPerSecond: medianOf(samples, 'opsPerSecond'),
    least: Math.min(...samples.map((it) => it.opsPerSecond)),
    most: Math.max(...samples.map((it) => it.opsPerSecond)),
    // Round by round, so that a slow one of the machine counts for both.
    timesRaft: median(samples.map((it, round) => it.opsPerSecond / raftIn(inFlight, round))),
    p50Ms: medianOf(samples, 'p50Ms'),
    p99Ms: medianOf(samples, 'p99Ms'),
    nodeCpuMicrosPerOp: medianOf(samples, 'nodeCpuMicrosPerOp'),
  }));
  const decided = await decisionRows();
  if (options.json) console.log(JSON.stringify({ logs: rows, decisions: decided }, null, 2));
  else {
    printTable(
      ['protocol', 'in flight', 'ops/s, median', 'least', 'most', 'x Raft', 'p50 ms', 'p99 ms', 'node CPU µs/op'],
      rows.map(({ protocol, inFlight, ...figures }) => [protocol, String(inFlight), ...Object.values(figures)]),
    );
    printTable(
      ['decided at a time', 'decisions/s, median', 'least', 'most', 'p50 ms', 'p99 ms'],
      decided.map(({ inFlight, ...figures }) => [String(inFlight), ...Object.values(figures)]),
    );
  }
} finally {
  for (const cluster of clusters.values()) await cluster.stop();
  await rm(directory, { recursive: true, force: true });
}
