/**
 * The replicated store for real: three durable nodes as three processes on loopback, driven from this process by the
 * TypeScript client with values of 256 bytes. The baseline, in the same interleaved run and alone on the machine, is how
 * often 300 bytes can be appended to a file and synced, each awaited.
 *
 * `node dist/bench/raft.js [--rounds 5] [--seconds 3] [--soak MINUTES]`
 *
 * With `--keys 1000000 --soak 10 [--rate 2000] [--value-bytes 100]` it stores so many keys and then puts at a steady rate,
 * and tells for each minute the longest delay of a node's event loop and the longest pause without a commit, with the
 * pauses of V8's collector, changes of role, memory and disk. `--state-gib 1` is as many keys as make a state of that
 * size. On a machine that does other things as well, look at how long the nodes waited for a processor: their delays are
 * those of the machine then. The nodes are given the flags that this is given, and need none: a state is not on the heap.
 */

import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/environment/clock.ts';
import { drive, type Sample, startLogCluster } from './log-cluster.ts';
import type { NodeUsage } from './log-protocol.ts';
import { soak } from './raft-soak.ts';
import { median, printTable } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string' },
    keys: { type: 'string', default: '0' },
    'state-gib': { type: 'string', default: '0' },
    'value-bytes': { type: 'string', default: '100' },
    rate: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '3' },
    soak: { type: 'string', default: '0' },
  },
});
const clock = systemClock();
const valueBytes = Number(options['value-bytes']);
/** What a key takes in a state beside its value, about. */
const keyBytes = 34;
const keys = Number(options.keys) || Math.round((Number(options['state-gib']) * 2 ** 30) / (keyBytes + valueBytes));
/** A soak over many keys is a measurement by itself. */
const rounds = Number(options.rounds ?? (keys > 0 ? 0 : 5));
const inFlights = [1, 64, 256, 1_024];

const directory = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
const cluster = await startLogCluster('raft', directory);
const { client, usages } = cluster;

async function baselinePerSecond(seconds: number): Promise<number> {
  const file = await open(join(directory, 'baseline'), 'a');
  const bytes = new Uint8Array(300).fill(7);
  const startedMs = clock.nowMs();
  let count = 0;
  for (; clock.nowMs() < startedMs + seconds * 1_000; count += 1) {
    await file.write(bytes);
    await file.datasync();
  }
  const elapsedMs = clock.nowMs() - startedMs;
  await file.close();
  return (count * 1_000) / elapsedMs;
}

function tellRounds(
  baseline: number,
  baselines: readonly number[],
  samples: ReadonlyMap<number, readonly Sample[]>,
): void {
  console.log(
    `append 300 bytes and fdatasync, awaited: ${Math.round(baseline)} per second (${baselines.map(Math.round).join(', ')})`,
  );
  printTable(
    ['in flight', 'ops/s, median', 'least', 'most', 'x baseline', 'p50 ms', 'p99 ms', 'node CPU µs/op'],
    [...samples].map(([inFlight, all]) => {
      const rates = all.map((it) => it.opsPerSecond);
      return [
        String(inFlight),
        median(rates),
        Math.min(...rates),
        Math.max(...rates),
        median(rates) / baseline,
        median(all.map((it) => it.p50Ms)),
        median(all.map((it) => it.p99Ms)),
        median(all.map((it) => it.nodeCpuMicrosPerOp)),
      ];
    }),
  );
}

const mebibytes = (all: readonly NodeUsage[]): string =>
  all.map(({ residentBytes }) => Math.round(residentBytes / 2 ** 20)).join(', ');

try {
  const seconds = Number(options.seconds);
  const baselines: number[] = [];
  const samples = new Map<number, Sample[]>(inFlights.map((inFlight) => [inFlight, []]));
  for (let round = 0; round < rounds; round += 1) {
    baselines.push(await baselinePerSecond(Math.min(seconds, 2)));
    for (const inFlight of inFlights) samples.get(inFlight)?.push(await drive(cluster, clock, inFlight, seconds));
  }
  if (rounds > 0) tellRounds(median(baselines), baselines, samples);
  console.log(`resident memory of the nodes: ${mebibytes(await usages())} MiB`);
  const soakMinutes = Number(options.soak);
  if (keys > 0) {
    console.log(
      `${keys} keys with values of ${valueBytes} bytes; flags of Node.js: ${process.execArgv.join(' ') || 'none'}`,
    );
    const putsPerSecond = Number(options.rate);
    await soak({ clock, client, keys, valueBytes, minutes: soakMinutes, putsPerSecond, usages });
  }
  for (let minute = 1; keys === 0 && minute <= soakMinutes; minute += 1) {
    const { opsPerSecond } = await drive(cluster, clock, 256, 60);
    console.log(
      `after ${minute} min at 256 in flight: ${Math.round(opsPerSecond)} ops/s, ${mebibytes(await usages())} MiB`,
    );
  }
} finally {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
}
