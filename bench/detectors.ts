/**
 * The quality of each estimator of the fault detector over traces of heartbeats, simulated (loss, bursts, load) and recorded, as
 * a table and as a plot in the terminal: how long a crash goes undetected, against how often a node that lives is
 * suspected. `--record NAME` records a trace first, `--busy N` with N processes that keep processors busy.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { EstimatorConfig } from '../statecharts/failover.ts';
import { measure } from './detectors/measure.ts';
import { plot } from './detectors/plot.ts';
import { recordTrace } from './detectors/record.ts';
import { recordedTraces, simulatedTraces } from './detectors/traces.ts';
import { printTable } from './table.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    heartbeats: { type: 'string', default: '36000' },
    traces: { type: 'string', default: 'bench/traces' },
    record: { type: 'string' },
    busy: { type: 'string', default: '0' },
    pings: { type: 'string', default: '1500' },
  },
});
const intervalMs = 100;
const recordedIntervalMs = 20;

if (values.record !== undefined) {
  const trace = await recordTrace(values.record, Number(values.pings), recordedIntervalMs, Number(values.busy));
  mkdirSync(values.traces, { recursive: true });
  writeFileSync(join(values.traces, `${values.record}.json`), `${JSON.stringify(trace)}\n`);
}

/** Estimators from hasty to patient, for heartbeats every `everyMs`. */
const estimatorsFor = (
  everyMs: number,
): readonly (readonly [name: string, mark: string, config: EstimatorConfig])[] => [
  ...[1.2, 1.5, 2, 3, 4, 6].map(
    (factor) => [`fixed ${factor} intervals`, 'f', { kind: 'fixed', timeoutMs: factor * everyMs }] as const,
  ),
  ...[1, 2, 4, 8, 12, 16].map(
    (threshold) =>
      [
        `phi ${threshold}`,
        'p',
        { kind: 'phi', threshold, windowSize: 1_000, minDeviationMs: everyMs / 100, firstIntervalMs: everyMs },
      ] as const,
  ),
  ...[0.2, 0.5, 1, 2, 3, 5].map(
    (slack) =>
      [
        `nfd-e +${slack} intervals`,
        'n',
        { kind: 'nfd-e', intervalMs: everyMs, slackMs: slack * everyMs, windowSize: 32 },
      ] as const,
  ),
];

const traces = [
  ...simulatedTraces(Number(values.seed), Number(values.heartbeats), intervalMs),
  ...recordedTraces(values.traces),
];
for (const trace of traces) {
  const results = estimatorsFor(trace.intervalMs).map(([name, mark, config]) => ({
    name,
    mark,
    ...measure(config, trace),
  }));
  console.log(
    `\n${trace.name} (${trace.sent} heartbeats, every ${trace.intervalMs} ms, ${trace.arrivals.length} heard)\n`,
  );
  printTable(
    ['estimator', 'detection ms', 'mistakes', 'recurrence s', 'mistake ms', 'query accuracy'],
    results.map((it) => [
      it.name,
      it.detectionMs,
      String(it.mistakes),
      it.mistakes === 0 ? '-' : 3_600 / it.mistakesPerHour,
      it.mistakes === 0 ? '-' : it.mistakeDurationMs,
      it.queryAccuracy.toFixed(6),
    ]),
  );
  console.log(
    `\n${plot(
      results.map(({ mark, detectionMs, mistakesPerHour }) => ({ mark, x: detectionMs, y: mistakesPerHour })),
      'detection, ms: f fixed, p phi, n nfd-e',
      'mistakes per hour',
    )}`,
  );
}
