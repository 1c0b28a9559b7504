/**
 * What traces of OpenTelemetry cost the nodes of a replicated store: three durable processes on loopback are driven with puts of
 * 256 bytes while none, some and all of them are traced, in turns, so that a machine whose speed drifts does not tell. Spans go
 * through the SDK's batches to an exporter that drops them: what sending them costs is for the exporter to say.
 *
 * `node dist/bench/tracing.js [--rounds 7] [--seconds 3] [--in-flight 1,64] [--shares 0,0.01,1] [--json]`
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/environment/clock.ts';
import { drive, type Sample, startLogCluster } from './log-cluster.ts';
import { median, printTable } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    'in-flight': { type: 'string', default: '1,64' },
    shares: { type: 'string', default: '0,0.01,1' },
    json: { type: 'boolean', default: false },
  },
});
const clock = systemClock();
const shares = options.shares.split(',').map(Number);
const inFlights = options['in-flight'].split(',').map(Number);

/** Processor time of all nodes together for one put, in microseconds. */
interface Row {
  readonly share: number;
  readonly inFlight: number;
  readonly cpuMicrosPerPut: number;
  readonly least: number;
  readonly most: number;
  /** To that of the first share: the median of the rounds' own ratios, and the least and most of these. */
  readonly timesFirst: number;
  readonly timesLeast: number;
  readonly timesMost: number;
  readonly putsPerSecond: number;
}

/** What was sampled while this share was traced, by round. */
interface Measured {
  readonly share: number;
  readonly samples: Sample[];
}

/** @param first the samples of the share that others are compared with, by round */
function rowOf(share: number, inFlight: number, samples: readonly Sample[], first: readonly Sample[]): Row {
  const cpus = samples.map(({ nodeCpuMicrosPerOp }) => nodeCpuMicrosPerOp);
  const ratios = first.map(({ nodeCpuMicrosPerOp }, round) => (cpus[round] ?? Number.NaN) / nodeCpuMicrosPerOp);
  return {
    share,
    inFlight,
    cpuMicrosPerPut: median(cpus),
    least: Math.min(...cpus),
    most: Math.max(...cpus),
    timesFirst: median(ratios),
    timesLeast: Math.min(...ratios),
    timesMost: Math.max(...ratios),
    putsPerSecond: median(samples.map(({ opsPerSecond }) => opsPerSecond)),
  };
}

const directory = await mkdtemp(join(tmpdir(), 'quorate-bench-'));
const cluster = await startLogCluster('raft', directory);
try {
  const measured = inFlights.map((inFlight) => ({
    inFlight,
    of: shares.map((share): Measured => ({ share, samples: [] })),
  }));
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const { inFlight, of } of measured) {
      // Which goes first changes, so that none always meets what another left behind.
      for (const { share, samples } of round % 2 === 0 ? of : of.toReversed()) {
        const traced = { ...cluster, prepare: () => cluster.trace(share) };
        samples.push(await drive(traced, clock, inFlight, Number(options.seconds)));
      }
    }
  }
  const rows = measured.flatMap(({ inFlight, of }) =>
    of.map(({ share, samples }) => rowOf(share, inFlight, samples, of[0]?.samples ?? [])),
  );
  if (options.json) console.log(JSON.stringify({ rounds: Number(options.rounds), rows }));
  else {
    printTable(
      ['traced', 'in flight', 'node CPU µs/put', 'least', 'most', 'x first', 'least', 'most', 'puts/s'],
      rows.map((row) => [
        ...[`${row.share * 100} %`, String(row.inFlight), row.cpuMicrosPerPut, row.least, row.most],
        ...[row.timesFirst, row.timesLeast, row.timesMost, row.putsPerSecond],
      ]),
    );
  }
} finally {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
}
