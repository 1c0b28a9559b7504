/**
 * What the inspection stream costs while nobody looks: the same actor takes the same steps with the stream and with a
 * stand-in that does nothing at all, in turns, so that a machine whose speed drifts does not tell.
 */

import { faultDetector } from '../examples/fault-detector.ts';
import { systemClock } from '../src/environment/clock.ts';
import { seededRandomness } from '../src/environment/random.ts';
import { createInspection, type Inspection } from '../src/host/inspection.ts';
import type { Runner, RunnerHost } from '../src/host/runner/contract.ts';
import { startRunner } from '../src/host/runner.ts';
import { median, printTable } from './table.ts';

const clock = systemClock();
const rounds = 41;
const stepsPerRound = 20_000;

function createRunner(inspection: Inspection): Runner {
  const host: RunnerHost = {
    clock: { nowMs: clock.nowMs, setTimeout: () => 0, clearTimeout: () => {}, enqueue: () => {} },
    timeouts: seededRandomness(1).stream('timeouts'),
    inspection,
    development: false,
    perform: () => {},
    dispatch: (job) => job(),
    overload: () => undefined,
    send: () => {},
    refuse: () => {},
    append: () => {},
    roleChanged: () => {},
    ended: () => {},
  };
  const runner = startRunner(
    {
      definition: faultDetector,
      address: 'n1/example.fault-detector/n2',
      input: { peer: 'n2/example.fault-detector/n1' },
      records: [],
      delays: {},
      observer: undefined,
    },
    host,
  );
  runner.launch();
  return runner;
}

function microsecondsPerStep(runner: Runner): number {
  const startedMs = clock.nowMs();
  for (let step = 0; step < stepsPerRound; step += 1) {
    runner.receive('n2/example.fault-detector/n1', { type: 'heartbeat' });
  }
  return ((clock.nowMs() - startedMs) * 1_000) / stepsPerRound;
}

const silent: Inspection = {
  ...createInspection('n1', clock.nowMs),
  observed: false,
  wants: () => false,
  report: () => {},
};
const without = createRunner(silent);
const withStream = createRunner(createInspection('n1', clock.nowMs));
for (const runner of [without, withStream]) microsecondsPerStep(runner);

const samples = Array.from({ length: rounds }, (_, round) => {
  // Each goes first in every other round.
  const pair = round % 2 === 0 ? [without, withStream] : [withStream, without];
  const times = new Map(pair.map((runner) => [runner, microsecondsPerStep(runner)]));
  return { without: times.get(without) ?? 0, with: times.get(withStream) ?? 0 };
});
const ratios = samples.map((sample) => (sample.with / sample.without - 1) * 100);
printTable(
  ['a step of an actor', 'µs, median', 'µs, min'],
  [
    ['without inspection', median(samples.map((it) => it.without)), Math.min(...samples.map((it) => it.without))],
    ['with the stream, unobserved', median(samples.map((it) => it.with)), Math.min(...samples.map((it) => it.with))],
  ],
);
console.log(`overhead, median of ${rounds} interleaved pairs: ${median(ratios).toFixed(2)} %`);
