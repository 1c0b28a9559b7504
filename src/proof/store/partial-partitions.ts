/**
 * How long a replicated store makes no progress when its leader crashes, and when single links fail: in each of the three
 * shapes of Ng et al., Omni-Paxos (EuroSys 2023, §2), a cluster that works is cut, and clients at all nodes go on writing. A
 * server that sees a quorum remains in each of them, so that a protocol can go on.
 */

import { seededRandomness } from '../../environment/random.ts';
import { chained, constrainedElection, type Interval, quorumLoss } from '../../simulator/partial-partitions.ts';
import { run } from '../../simulator/run.ts';
import type { Scenario } from '../../simulator/scenario.ts';
import { type Fault, nodeIds, type PlannedOperation, type Schedule } from '../../simulator/schedule.ts';
import { shuffled } from '../../simulator/shuffled.ts';
import type { KeyOperation } from './operation.ts';
import type { StoreApplication } from './scenario.ts';

/** A cluster, and how it is cut while `leader` leads. */
export interface Shape {
  readonly name: string;
  readonly nodes: number;
  /** @param others the nodes but the leader, in a random order */
  cut(leader: string, others: readonly string[], during: Interval): readonly Fault[];
}

/** Shorter than any election, and long enough that the hub misses what is committed meanwhile. */
const staleMs = 300;

export const shapes: readonly Shape[] = [
  {
    name: 'quorum loss',
    nodes: 5,
    cut: (leader, others, during) => quorumLoss([leader, ...others], others[0] ?? '', during),
  },
  {
    name: 'constrained election',
    nodes: 5,
    cut: (leader, others, { atMs, untilMs }) =>
      constrainedElection([leader, ...others], others[0] ?? '', leader, { atMs: atMs - staleMs, untilMs }, atMs),
  },
  { name: 'chained', nodes: 3, cut: (leader, others, during) => chained([leader, ...others], during) },
  { name: 'chained', nodes: 5, cut: (leader, others, during) => chained([leader, ...others], during) },
];

/** The leader crashes, and stays away while the others elect another one. */
export const crashes: readonly Shape[] = [3, 5].map((nodes) => ({
  name: 'the leader crashes',
  nodes,
  cut: (leader, _others, during) => [{ kind: 'crash', node: leader, ...during }],
}));

/** What came of one cut, in milliseconds of virtual time. */
export interface Outage {
  /** From the cut until a write succeeded that was begun after it; undefined when none did. */
  readonly nextWriteMs: number | undefined;
  /** The longest time without such a success, from the cut until the network was mended. */
  readonly longestPauseMs: number;
}

/** How long the network stays cut. */
export const cutMs = 10_000;

/** By then a leader has been elected in every run. */
const cutAtMs = 3_000;
const writeEveryMs = 50;

/** Cuts a cluster of `scenario` in `shape`. The same seed gives the same outage. @throws Error when no server leads before */
export function measureOutage(scenario: Scenario<StoreApplication>, shape: Shape, seed: number): Outage {
  const nodes = nodeIds(shape.nodes);
  const untilMs = cutAtMs + cutMs;
  const random = seededRandomness(seed).stream('shape');
  const schedule = (faultyMs: number, faults: readonly Fault[]): Schedule => ({
    version: 1,
    scenario: scenario.name,
    seed,
    nodes: nodes.length,
    faultyMs,
    recoveryMs: 20_000,
    quorum: nodes,
    faults,
    operations: writesAt(nodes, faultyMs, writeEveryMs),
    links: {},
    delayMs: 1,
  });
  const leader = leaderAfter(scenario, schedule(cutAtMs - staleMs, []));
  const others = shuffled(
    nodes.filter((node) => node !== leader),
    random,
  );
  return outageIn(scenario, schedule(untilMs, shape.cut(leader, others, { atMs: cutAtMs, untilMs })), untilMs);
}

/** At each node a write every so often, of a client of its own, whatever becomes of the others. */
export const writesAt = (nodes: readonly string[], untilMs: number, everyMs: number): readonly PlannedOperation[] =>
  Array.from({ length: Math.floor(untilMs / everyMs) }, (_, round) =>
    nodes.map((node, at) => ({
      client: round * nodes.length + at,
      atMs: round * everyMs,
      node,
      operation: { f: 'put', key: node, value: round } satisfies KeyOperation,
    })),
  ).flat();

/** Who leads once the faults of `schedule` are over: until then all runs with this seed are the same. */
export function leaderAfter(scenario: Scenario<StoreApplication>, schedule: Schedule): string {
  let leader: string | undefined;
  const { violation } = run(
    {
      ...scenario,
      watch: () => ({
        check: () => undefined,
        finish({ machines }) {
          leader = machines.find(({ app }) => app?.store.status().role === 'leader')?.id;
          return undefined;
        },
        goals: () => [],
      }),
    },
    schedule,
  );
  if (leader === undefined) throw new Error(`no server leads before the cut: ${violation?.problem}`);
  return leader;
}

function outageIn(scenario: Scenario<StoreApplication>, schedule: Schedule, untilMs: number): Outage {
  const begunAtMs = new Map<PlannedOperation, number>();
  const succeededMs: number[] = [];
  const { violation } = run(
    {
      ...scenario,
      watch: () => ({
        invoked: (operation, nowMs) => void begunAtMs.set(operation, nowMs),
        ended(operation, { type }, nowMs) {
          const isAfter = (begunAtMs.get(operation) ?? 0) >= cutAtMs;
          if (isAfter && type === 'ok' && nowMs < untilMs) succeededMs.push(nowMs - cutAtMs);
        },
        check: () => undefined,
        goals: () => [],
      }),
    },
    schedule,
  );
  if (violation !== undefined) throw new Error(`${violation.kind}: ${violation.problem}`);
  const pausesMs = [...succeededMs, cutMs].map((atMs, index) => atMs - (succeededMs[index - 1] ?? 0));
  return { nextWriteMs: succeededMs[0], longestPauseMs: Math.max(...pausesMs) };
}
