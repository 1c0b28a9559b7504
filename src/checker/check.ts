/** Checks a model: explores it, judges its properties, and makes a trace of what it found. */

import { type Clock, systemClock } from '../environment/clock.ts';
import type { Eventually, Model, SystemState } from './model.ts';
import { actionKeys } from './search/avoiding.ts';
import { type Explored, explore, type Progress } from './search/explore.ts';
import { type Avoidance, findAvoidance } from './search/liveness.ts';
import { type Leg, retrace, type Trace } from './search/trace.ts';
import { startWatch, TimeIsOver } from './search/watch.ts';
import { createSystem } from './system/system.ts';

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
  /** Remembers the steps of single actors. Default true; without, every step runs a chart. */
  readonly memoise?: boolean;
  /** One of so many remembered steps is taken again and compared. Default 4,096. */
  readonly recomputeEvery?: number;
}

/**
 * `holds`, `reached`: as wanted, in every state. `violated`, `unreached`: not. `unknown`: the check stopped before it
 * could tell, or states beyond the boundary could tell otherwise.
 */
export type Verdict = 'holds' | 'reached' | 'violated' | 'unreached' | 'unknown';

export interface PropertyResult {
  readonly name: string;
  readonly kind: 'always' | 'sometimes' | 'eventually';
  readonly verdict: Verdict;
  /** A run that violates it, or, for a goal, one that reaches it; shortest for all but loops. */
  readonly trace?: Trace;
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
  /** The first state and all states that transitions led to, known or not, as TLC counts them. */
  readonly generated: number;
  /** The number of states on the longest of all shortest paths; the first state alone is 1. */
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
  const eventually = Object.entries(model.eventually ?? {});
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
  const explored = explore(system, {
    clock,
    keepGoing,
    maxStates: options.maxStates ?? defaultMaxStates,
    watch,
    progressIntervalMs: options.progressIntervalMs ?? 1_000,
    violations: model.mayFail === true ? violations : [failure, ...violations],
    goals: sometimes.map(([, holds]) => holds),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    ...(model.mayEnd === undefined ? {} : { mayEnd: model.mayEnd }),
  });
  const { states } = explored;
  const isExplored = explored.stoppedBy === undefined;
  let { stoppedBy } = explored;
  const search = (property: Eventually<History>): Avoidance | undefined | 'stopped' => {
    try {
      return findAvoidance(system, states, explored.expanded, property, watch);
    } catch (error) {
      if (!(error instanceof TimeIsOver)) throw error;
      stoppedBy ??= 'seconds';
      return 'stopped';
    }
  };

  const keyOf = actionKeys(system);
  const numberOf = (state: Uint32Array): number => states.find(state);
  const traceTo = (state: number): Trace => retrace(system, pathTo(explored, state), { numberOf, keyOf });
  const judged = (name: string, violatedAt: number): PropertyResult => {
    if (violatedAt >= 0) return { name, kind: 'always', verdict: 'violated', trace: traceTo(violatedAt) };
    return { name, kind: 'always', verdict: isExplored ? 'holds' : 'unknown' };
  };
  const names = [...(model.mayFail === true ? [] : ['no actor fails']), ...always.map(([name]) => name)];
  const properties: PropertyResult[] = names.map((name, index) => judged(name, explored.violated[index] ?? -1));
  if (model.mayEnd !== undefined) properties.push(judged('no deadlock', explored.deadlock));
  sometimes.forEach(([name], index) => {
    const at = explored.reached[index] ?? -1;
    if (at >= 0) properties.push({ name, kind: 'sometimes', verdict: 'reached', trace: traceTo(at) });
    else properties.push({ name, kind: 'sometimes', verdict: isExplored ? 'unreached' : 'unknown' });
  });
  for (const [name, property] of eventually) {
    const avoidance = search(property);
    if (typeof avoidance === 'object') {
      const trace = retrace(system, avoidance.legs, { numberOf, keyOf }, avoidance.loopFrom);
      properties.push({ name, kind: 'eventually', verdict: 'violated', trace });
    } else {
      const isKnown = avoidance !== 'stopped' && isExplored && explored.pruned === 0;
      properties.push({ name, kind: 'eventually', verdict: isKnown ? 'holds' : 'unknown' });
    }
  }

  return {
    model: model.name,
    ok: properties.every(({ verdict }) => verdict === 'holds' || verdict === 'reached'),
    complete: stoppedBy === undefined,
    ...(stoppedBy === undefined ? {} : { stoppedBy }),
    states: states.count,
    transitions: explored.transitions,
    generated: explored.transitions + 1,
    depth: explored.depth,
    pruned: explored.pruned,
    localStates: system.outcomes.localStates,
    envelopes: system.envelopes.count,
    networks: system.networks.count,
    seconds: (clock.nowMs() - startedMs) / 1000,
    bytesPerState: (states.bytes + system.bytes) / states.count,
    memo: { ...system.outcomes.memo },
    properties,
  };
}

/** The shortest path to a state, by the states that it leads through. */
function pathTo({ states }: Explored, state: number): Leg[] {
  const legs: Leg[] = [];
  for (let at = state; at !== 0; at = states.parentOf(at)) legs.push({ to: at });
  return legs.reverse();
}
