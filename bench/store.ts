/**
 * What people ask of a store, for real: three durable nodes as three processes on loopback, and beside them, in turns within
 * one run and driven the same way, three durable members of etcd where this machine has them. Values have 256 bytes.
 *
 * `node dist/bench/store.js [--rounds 5] [--seconds 3] [--only put,get] [--json]`
 *
 * Reads are linearizable. Those by lease are so while clocks drift no more than they may, and ask the leader alone.
 *
 * A fan-out is one put that 1,000 watches of one client are told of: as many operations as puts that all were told of. Those of
 * the same keys share a question of their client; those that are apart follow each its own range, and share nothing. Where the
 * machine does other things as well, compare processor time, and how far the rounds are apart.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/environment/clock.ts';
import { hasEtcd, startEtcd } from './etcd.ts';
import { drive, type LogDriven, type Sample, startLogCluster } from './log-cluster.ts';
import { drivenBy, type StoreDriven, type WatchedRange } from './store-driven.ts';
import { median, printTable } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, seconds] = [Number(options.rounds), Number(options.seconds)];
const clock = systemClock();
const value = new Uint8Array(256).fill(7);
const [keysOfRange, watchesOfFanOut] = [100, 1_000];
const rangePrefix = 'range/';
const byLease = 'quorate, by lease';

/** One thing that is asked of a store, again and again. */
interface Workload {
  readonly name: string;
  /** Whether it may be done by lease. */
  readonly isRead?: boolean;
  readonly inFlight: number;
  /** Makes what `drive` calls again and again, and what ends it. */
  begin(store: StoreDriven): Promise<{ act: LogDriven['put']; end(): Promise<void> }>;
}

const plain =
  (act: (store: StoreDriven) => LogDriven['put']): Workload['begin'] =>
  async (store) => ({ act: act(store), end: async () => undefined });

function expectCount(what: string, expected: number, found: number): void {
  if (found !== expected) throw new Error(`expected ${expected} of a ${what}, got ${found}`);
}

const getting = plain((store) => async () => expectCount('key', 1, await store.get(`${rangePrefix}50`)));
const ranging = plain((store) => async () => {
  expectCount('range', keysOfRange, await store.range(rangePrefix, keysOfRange));
});
const transacting = plain((store) => (key, bytes) => store.putAll([key, `${key}/other`], bytes));

const sameRange = (): WatchedRange => ({ from: 'watched/', to: 'watched0' });
const ownRange = (number: number): WatchedRange => ({ from: 'watched/', to: `watched0${number}` });

const fanningOut = (rangeOf: (number: number) => WatchedRange) => async (store: StoreDriven) => {
  let [left, allTold] = [0, (): void => undefined];
  const end = await store.watchers(
    Array.from({ length: watchesOfFanOut }, (_, number) => rangeOf(number)),
    () => {
      left -= 1;
      if (left === 0) allTold();
    },
  );
  return {
    async act(key: string, bytes: Uint8Array) {
      left = watchesOfFanOut;
      const told = new Promise<void>((resolve) => {
        allTold = resolve;
      });
      await store.put(`watched/${key}`, bytes);
      await told;
    },
    end,
  };
};

const workloads: readonly Workload[] = [
  ...[1, 64, 256].map((inFlight) => ({ name: 'put', inFlight, begin: plain((store) => store.put) })),
  ...[1, 64].map((inFlight) => ({ name: 'get', isRead: true, inFlight, begin: getting })),
  ...[1, 16].map((inFlight) => ({ name: 'range', isRead: true, inFlight, begin: ranging })),
  ...[1, 64].map((inFlight) => ({ name: 'transaction', inFlight, begin: transacting })),
  { name: 'fan-out', inFlight: 1, begin: fanningOut(sameRange) },
  { name: 'fan-out-apart', inFlight: 1, begin: fanningOut(ownRange) },
].filter(({ name }) => options.only === undefined || options.only.split(',').includes(name));

async function measured(store: StoreDriven, { begin, inFlight }: Workload): Promise<Sample> {
  const { act, end } = await begin(store);
  try {
    return await drive({ put: act, nodeCpuMs: store.nodeCpuMs }, clock, inFlight, seconds);
  } finally {
    await end();
  }
}

/** What came of one workload at one store. */
interface Row extends Sample {
  readonly workload: string;
  readonly inFlight: number;
  readonly store: string;
  readonly least: number;
  readonly most: number;
  /** The median of the rounds' own ratios. */
  readonly timesEtcd: number;
}

function rowsOf({ name, inFlight }: Workload, samples: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const beside = samples.get('etcd') ?? [];
  return [...samples].map(([store, of]) => {
    const field = (name: keyof Sample): number => median(of.map((it) => it[name]));
    const rates = of.map(({ opsPerSecond }) => opsPerSecond);
    return {
      workload: name,
      inFlight,
      store,
      opsPerSecond: field('opsPerSecond'),
      least: Math.min(...rates),
      most: Math.max(...rates),
      timesEtcd: median(beside.map(({ opsPerSecond }, round) => (rates[round] ?? Number.NaN) / opsPerSecond)),
      p50Ms: field('p50Ms'),
      p99Ms: field('p99Ms'),
      nodeCpuMicrosPerOp: field('nodeCpuMicrosPerOp'),
      clientCpuMicrosPerOp: field('clientCpuMicrosPerOp'),
    };
  });
}

const header = 'workload,in flight,store,ops/s,least,most,x etcd,p50 ms,p99 ms,node CPU µs/op,client CPU µs/op'.split(
  ',',
);

function tell(rows: readonly Row[]): void {
  if (options.json) {
    console.log(JSON.stringify({ rounds, seconds, rows }));
    return;
  }
  printTable(
    header,
    rows.map((row) => [
      ...[row.workload, String(row.inFlight), row.store, row.opsPerSecond, row.least, row.most, row.timesEtcd],
      ...[row.p50Ms, row.p99Ms, row.nodeCpuMicrosPerOp, row.clientCpuMicrosPerOp],
    ]),
  );
}

async function play(stores: ReadonlyMap<string, StoreDriven>): Promise<void> {
  for (const store of stores.values()) {
    for (let number = 0; number < keysOfRange; number += 1) await store.put(`${rangePrefix}${number}`, value);
  }
  const samples = workloads.map((workload) => ({ workload, of: new Map<string, Sample[]>() }));
  for (let round = 0; round < rounds; round += 1) {
    // Which goes first changes, so that neither always meets what the other left behind.
    const order = round % 2 === 0 ? [...stores] : [...stores].reverse();
    for (const { workload, of } of samples) {
      const asked = order.filter(([name]) => workload.isRead === true || name !== byLease);
      for (const [name, store] of asked) of.set(name, [...(of.get(name) ?? []), await measured(store, workload)]);
    }
  }
  tell(samples.flatMap(({ workload, of }) => rowsOf(workload, of)));
}

const directory = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
const cluster = await startLogCluster('raft', directory, { leaseDriftPpm: 1_000 });
const etcd = hasEtcd() ? await startEtcd(join(directory, 'etcd'), clock) : undefined;
try {
  await play(
    new Map<string, StoreDriven>([
      ['quorate', drivenBy(cluster, 'linearizable')],
      [byLease, drivenBy(cluster, 'lease')],
      ...(etcd === undefined ? [] : [['etcd', etcd] as const]),
    ]),
  );
} finally {
  await cluster.stop();
  await etcd?.stop();
  await rm(directory, { recursive: true, force: true });
}
