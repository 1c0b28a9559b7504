/**
 * The replicated store for real: three durable nodes as three processes on loopback, driven from this process by the
 * TypeScript client with values of 256 bytes. Beside it, in the same interleaved run and driven the same way over gRPC,
 * three durable members of etcd where this machine has them (Debian's `etcd-server`); and how often 300 bytes can be
 * appended to a file and synced, each awaited.
 *
 * `node dist/bench/raft.js [--rounds 5] [--seconds 3] [--in-flight 1,64,256,1024] [--baseline etcd|disk] [--viewers 0,1] [--soak MINUTES] [--json]`
 *
 * With `--viewers 0,1` it is driven while so many viewers look at the dashboard of each node, in turns; this process reads what
 * they are sent, so that the processor time of its clients is not told apart from theirs.
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
import { hasEtcd, startEtcd } from './etcd.ts';
import { drive, type LogDriven, type Sample, startLogCluster } from './log-cluster.ts';
import type { NodeUsage } from './log-protocol.ts';
import { soak } from './raft-soak.ts';
import { median, printTable, quantile } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string' },
    keys: { type: 'string', default: '0' },
    'state-gib': { type: 'string', default: '0' },
    'value-bytes': { type: 'string', default: '100' },
    rate: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '3' },
    soak: { type: 'string', default: '0' },
    'in-flight': { type: 'string', default: '1,64,256,1024' },
    baseline: { type: 'string' },
    viewers: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const clock = systemClock();
const valueBytes = Number(options['value-bytes']);
/** What a key takes in a state beside its value, about. */
const keyBytes = 34;
const keys = Number(options.keys) || Math.round((Number(options['state-gib']) * 2 ** 30) / (keyBytes + valueBytes));
/** A soak over many keys is a measurement by itself. */
const rounds = Number(options.rounds ?? (keys > 0 ? 0 : 5));
const inFlights = options['in-flight'].split(',').map(Number);
const besideEtcd = options.baseline === 'etcd' || (options.baseline === undefined && rounds > 0 && hasEtcd());

const directory = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
const viewers = options.viewers.split(',').map(Number);
const isSeen = viewers.some((count) => count > 0);
const cluster = await startLogCluster('raft', directory, { watchesLoop: keys > 0, isSeen });
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

/** One line of the result: a store at a number of puts in flight. */
interface Row {
  readonly store: string;
  readonly inFlight: number;
  readonly opsPerSecond: number;
  readonly least: number;
  readonly most: number;
  /** The median of the rounds' own ratios. */
  readonly timesEtcd: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly nodeCpuMicrosPerOp: number;
  readonly clientCpuMicrosPerOp: number;
  /** Node CPU in terms of the first store's: quartiles of the rounds' own ratios. */
  readonly nodeCpuTimesFirst: readonly number[];
}

/** What came of the rounds of one number in flight, by store. */
type Rounds = ReadonlyMap<string, readonly Sample[]>;

const rowsOf = (inFlight: number, rounds: Rounds): Row[] =>
  [...rounds].map(([store, samples]) => {
    const of = (field: keyof Sample): number[] => samples.map((it) => it[field]);
    const rates = of('opsPerSecond');
    const beside = rounds.get('etcd') ?? [];
    const [first = []] = rounds.values();
    const cpuRatios = samples.map(
      ({ nodeCpuMicrosPerOp }, round) => nodeCpuMicrosPerOp / (first[round]?.nodeCpuMicrosPerOp ?? Number.NaN),
    );
    return {
      store,
      inFlight,
      opsPerSecond: median(rates),
      least: Math.min(...rates),
      most: Math.max(...rates),
      timesEtcd: median(beside.map(({ opsPerSecond }, round) => (rates[round] ?? Number.NaN) / opsPerSecond)),
      p50Ms: median(of('p50Ms')),
      p99Ms: median(of('p99Ms')),
      nodeCpuMicrosPerOp: median(of('nodeCpuMicrosPerOp')),
      clientCpuMicrosPerOp: median(of('clientCpuMicrosPerOp')),
      nodeCpuTimesFirst: [0.25, 0.5, 0.75].map((share) => quantile(cpuRatios, share)),
    };
  });

function tell(baselines: readonly number[], rows: readonly Row[]): void {
  if (options.json) {
    console.log(JSON.stringify({ baseline: besideEtcd ? 'etcd' : 'disk', syncedAppendsPerSecond: baselines, rows }));
    return;
  }
  console.log(
    `append 300 bytes and fdatasync, awaited: ${Math.round(median(baselines))} per second (${baselines.map(Math.round).join(', ')})`,
  );
  printTable(
    [
      'store',
      'in flight',
      'ops/s',
      'least',
      'most',
      'x etcd',
      'p50 ms',
      'p99 ms',
      'node CPU µs/op',
      'client CPU µs/op',
      'node CPU, x first (quartiles)',
    ],
    rows.map((row) => [
      ...[row.store, String(row.inFlight), row.opsPerSecond, row.least, row.most, row.timesEtcd],
      ...[row.p50Ms, row.p99Ms, row.nodeCpuMicrosPerOp, row.clientCpuMicrosPerOp],
      row.nodeCpuTimesFirst.map((ratio) => ratio.toFixed(2)).join(' '),
    ]),
  );
}

async function playRounds(stores: ReadonlyMap<string, LogDriven>, seconds: number): Promise<void> {
  const baselines: number[] = [];
  const samples = inFlights.map((inFlight) => ({ inFlight, of: new Map<string, Sample[]>() }));
  for (let round = 0; round < rounds; round += 1) {
    baselines.push(await baselinePerSecond(Math.min(seconds, 2)));
    // Which goes first changes, so that neither always meets what the other left behind.
    const order = round % 2 === 0 ? [...stores] : [...stores].reverse();
    for (const { inFlight, of } of samples) {
      for (const [name, store] of order) {
        of.set(name, [...(of.get(name) ?? []), await drive(store, clock, inFlight, seconds)]);
      }
    }
  }
  if (rounds > 0)
    tell(
      baselines,
      samples.flatMap(({ inFlight, of }) => rowsOf(inFlight, of)),
    );
}

/** The cluster under each number of viewers. */
const seen = (): (readonly [string, LogDriven])[] =>
  viewers.map((count) => [
    count === 0 ? 'quorate' : `quorate, ${count} viewer${count === 1 ? '' : 's'}`,
    isSeen ? { ...cluster, prepare: () => cluster.look(count) } : cluster,
  ]);

const mebibytes = (all: readonly NodeUsage[]): string =>
  all.map(({ residentBytes }) => Math.round(residentBytes / 2 ** 20)).join(', ');

const etcd = besideEtcd ? await startEtcd(join(directory, 'etcd'), clock) : undefined;

try {
  await playRounds(
    new Map<string, LogDriven>([...seen(), ...(etcd === undefined ? [] : [['etcd', etcd] as const])]),
    Number(options.seconds),
  );
  if (!options.json) console.log(`resident memory of the nodes: ${mebibytes(await usages())} MiB`);
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
  await etcd?.stop();
  await rm(directory, { recursive: true, force: true });
}
