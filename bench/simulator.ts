/** How fast the simulator is: virtual seconds a second, and events a second, for a five-node Raft, idle and loaded. */

import { systemClock } from '../src/environment/clock.ts';
import { seededRandomness } from '../src/environment/random.ts';
import { raftScenario } from '../src/proof/raft/scenario.ts';
import { allFaults } from '../src/simulator/plan.ts';
import { run } from '../src/simulator/run.ts';
import { nodeIds, type PlannedOperation, type Schedule } from '../src/simulator/schedule.ts';
import { runSuite } from '../src/simulator/suite.ts';
import { median, printTable } from './table.ts';

const clock = systemClock();
const scenario = raftScenario();
const machines = nodeIds(5);

const scheduleOf = (faultyMs: number, operations: readonly PlannedOperation[]): Schedule => ({
  version: 1,
  scenario: scenario.name,
  seed: 1,
  nodes: machines.length,
  faultyMs,
  recoveryMs: 10_000,
  quorum: machines.slice(0, 3),
  faults: [],
  operations,
  links: {},
  delayMs: 0.5,
});

/** A hundred operations in each virtual second, spread over many clients. */
const load = (durationMs: number): readonly PlannedOperation[] =>
  Array.from({ length: Math.ceil(durationMs / 600) }, (_, round) =>
    scenario.plan(machines, 600, seededRandomness(round).stream('workload')).map((operation) => ({
      ...operation,
      client: operation.client + 4 * (round % 8),
      atMs: operation.atMs + round * 600,
    })),
  )
    .flat()
    .sort((a, b) => a.atMs - b.atMs);

function measure(schedule: Schedule): { readonly virtualPerReal: number; readonly eventsPerSecond: number } {
  const startedMs = clock.nowMs();
  const { virtualMs, events, violation } = run(scenario, schedule);
  if (violation !== undefined) throw new Error(violation.problem);
  const realMs = clock.nowMs() - startedMs;
  return { virtualPerReal: virtualMs / realMs, eventsPerSecond: (events * 1_000) / realMs };
}

const cases: readonly (readonly [string, Schedule])[] = [
  ['idle', scheduleOf(120_000, [])],
  ['loaded, 100 operations/s', scheduleOf(10_000, load(10_000))],
];
for (const [, schedule] of cases) measure(schedule);
const samples = new Map(cases.map(([name]) => [name, [] as ReturnType<typeof measure>[]]));
for (let round = 0; round < 5; round += 1) {
  for (const [name, schedule] of cases) samples.get(name)?.push(measure(schedule));
}
printTable(
  ['five-node Raft, median of 5', 'virtual s per s', 'events/s'],
  [...samples].map(([name, all]) => [
    name,
    median(all.map((it) => it.virtualPerReal)),
    median(all.map((it) => it.eventsPerSecond)),
  ]),
);
const suite = runSuite(scenario, { seed: 1, runs: 50, nodes: 5, faults: allFaults, isNetworkFaulty: true, clock });
console.log(
  `with all faults: ${(suite.runs / (suite.realMs / 1_000)).toFixed(1)} runs/s, ${Math.round(suite.virtualMs / suite.realMs)} virtual s per s`,
);
