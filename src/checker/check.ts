/** Checks a model: explores it, judges its properties, and makes a trace of what it found. */

import { type Clock, systemClock } from '../environment/clock.ts';
import type { Model, SystemState } from './model.ts';
import { type MetIn, receptionsFound } from './receptions/found.ts';
import type { Receptions } from './receptions.ts';
import { actionKeys } from './search/actions.ts';
import { explore, type Progress } from './search/explore.ts';
import { startWatch } from './search/watch.ts';
import { createSystem } from './system/system.ts';
import { judgeAll, type PropertyResult } from './verdicts.ts';

export interface CheckOptions {
  /** Measures how long it takes; the system's clock by default. */
  readonly clock?: Clock;
  /** Stops when more states than this were found; default 200 million. */
  readonly maxStates?: number;
  /** Stops after this many seconds, wherever it is; default never. Traces of what was found until then are made. */
  readonly maxSeconds?: number;
  /** Called while the check is running, at most every `progressIntervalMs` (default 1,000). */
  readonly onProgress?: (progress: Progress) => void;
  readonly progressIntervalMs?: number;
  /** Explores everything even after a violation. Default false: it stops, with a shortest counterexample. */
  readonly keepGoing?: boolean;
  /** Has traces tell each step of a chart, for those that show them. Default false: it takes time. */
  readonly tellsCharts?: boolean;
  /** Remembers the steps of single actors. Default true; without, every step runs a chart. */
  readonly memoise?: boolean;
  /** One of so many remembered steps is taken again and compared. Default 4,096. */
  readonly recomputeEvery?: number;
}

export interface CheckResult {
  readonly model: string;
  /** Whether every property holds and every goal was reached. */
  readonly ok: boolean;
  /** Whether every state within the boundary was explored, and searched for loops where `eventually` asks for it. */
  readonly complete: boolean;
  readonly stoppedBy?: 'violation' | 'states' | 'seconds';
  /** Distinct states. */
  readonly states: number;
  readonly transitions: number;
  /** The first states and all states that transitions led to, known or not, as TLC counts them. */
  readonly generated: number;
  /** The number of states on the longest of all shortest paths; a first state alone is 1. */
  readonly depth: number;
  /** Transitions over the model's boundary, which were not followed. */
  readonly pruned: number;
  /** Different states of single actors, different envelopes, different contents of the network. */
  readonly localStates: number;
  readonly envelopes: number;
  readonly networks: number;
  readonly seconds: number;
  /** Bytes of the visited states, their index, parents and network contents, per state. */
  readonly bytesPerState: number;
  readonly memo: { readonly hits: number; readonly misses: number; readonly recomputed: number };
  readonly properties: readonly PropertyResult[];
  /** What the charts did with all that was sent to them, and which of their transitions were taken. No part of `ok`. */
  readonly receptions: Receptions;
}

const defaultMaxStates = 200_000_000;
const defaultRecomputeEvery = 4_096;

/**
 * Checks `model`.
 *
 * @throws ModelError for a model that cannot be run as it was written; NotPureError when a chart, a rule or the model
 * does not do the same again in the same state; CheckLimitError when it outgrows the checker
 *
 * @example
 * const result = check(model);
 * if (!result.ok) console.error(renderResult(result));
 */
export function check<History>(model: Model<History>, options: CheckOptions = {}): CheckResult {
  const clock = options.clock ?? systemClock();
  const startedMs = clock.nowMs();
  const { memoise = true, recomputeEvery = defaultRecomputeEvery, keepGoing = false } = options;
  const system = createSystem(model, { memoise, recomputeEvery });

  const always = Object.entries(model.always ?? {});
  const sometimes = Object.entries(model.sometimes ?? {});
  const violations = always.map(
    ([, holds]) =>
      (state: SystemState<History>) =>
        !holds(state),
  );
  const failure = (_state: SystemState<History>, vector: Uint32Array): boolean => {
    if (system.outcomes.failures === 0) return false;
    return vector.subarray(0, system.layout.actors).some((local) => system.outcomes.hasFailed(local));
  };
  const watch = startWatch(clock, options.maxSeconds ?? Number.POSITIVE_INFINITY);
  const met: MetIn[] = [];
  const explored = explore(system, {
    clock,
    keepGoing,
    maxStates: options.maxStates ?? defaultMaxStates,
    watch,
    progressIntervalMs: options.progressIntervalMs ?? 1_000,
    violations: model.mayFail === true ? violations : [failure, ...violations],
    goals: sometimes.map(([, holds]) => holds),
    onExpanded(at) {
      for (const hole of system.outcomes.log.newHoles()) met.push({ ...hole, at });
    },
    comparisons: Object.values(model.refines ?? {}).map((it) => it.compare()),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(model.mayEnd === undefined ? {} : { mayEnd: model.mayEnd }),
  });
  const { states } = explored;
  const landmarks = { numberOf: (state: Uint32Array) => states.find(state), keyOf: actionKeys(system) };
  const { properties, isOutOfTime } = judgeAll(system, explored, landmarks, watch, options.tellsCharts);
  const stoppedBy = explored.stoppedBy ?? (isOutOfTime ? 'seconds' : undefined);

  return {
    model: model.name,
    ok: properties.every(({ verdict }) => verdict === 'holds' || verdict === 'reached'),
    complete: stoppedBy === undefined,
    ...(stoppedBy === undefined ? {} : { stoppedBy }),
    states: states.count,
    transitions: explored.transitions,
    generated: explored.transitions + system.starts.length,
    depth: explored.depth,
    pruned: explored.pruned,
    localStates: system.outcomes.localStates,
    envelopes: system.envelopes.count,
    networks: system.networks.count,
    seconds: (clock.nowMs() - startedMs) / 1000,
    bytesPerState: (states.bytes + system.bytes) / states.count,
    memo: { ...system.outcomes.memo },
    properties,
    receptions: receptionsFound(system, explored, met, landmarks),
  };
}
