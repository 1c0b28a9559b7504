/**
 * Random walks: the same models that `check` explores to the end, walked at random. A walk sees few of the runs, but long
 * ones, of systems that are far too large to be explored: many servers, terms, crashes and messages.
 */

import { type Clock, systemClock } from '../environment/clock.ts';
import { seededRandomness } from '../environment/random.ts';
import type { Model } from './model.ts';
import type { Trace } from './search/trace.ts';
import { createJudge, shortened, traceOf, walkOnce } from './search/walking.ts';
import { type StepKind, stepKinds } from './steps.ts';
import { createSystem } from './system/system.ts';

/** How likely each kind of step is against the other kinds that are possible; 0 for never. */
export type StepWeights = Readonly<Record<StepKind, number>>;

/** Mostly progress, now and then a fault: with all kinds alike, nothing would ever get done between two crashes. */
export const defaultWeights: StepWeights = {
  deliver: 20,
  duplicate: 1,
  lose: 1,
  local: 20,
  timer: 3,
  request: 3,
  flush: 10,
  crash: 0.2,
  restart: 2,
  execute: 10,
  answer: 10,
  unreachable: 0.5,
  tick: 3,
  unknown: 0.5,
  change: 10,
};

export interface WalkOptions {
  /** How many walks, one after the other, from seeds that follow each other. Default 1. */
  readonly walks?: number;
  /** How many steps each takes at the most. Default 1,000. */
  readonly steps?: number;
  /** What differs from `defaultWeights`. */
  readonly weights?: Partial<StepWeights>;
  /** Ends after this many seconds, with fewer walks. Default never. */
  readonly maxSeconds?: number;
  /** Measures how long it takes; the system's clock by default. */
  readonly clock?: Clock;
}

export interface WalkResult {
  readonly model: string;
  /** Whether nothing was violated. Goals that were missed are for the caller to judge. */
  readonly ok: boolean;
  /** The walks that were taken, and the steps of all of them. */
  readonly walks: number;
  readonly steps: number;
  /** How many walks came to a state from which no step leads on. */
  readonly ended: number;
  /** How many walks reached each goal of the model. */
  readonly goals: ReadonlyMap<string, number>;
  readonly missed: readonly string[];
  readonly violation?: WalkViolation;
  readonly seconds: number;
}

/** What a walk ran into. */
export interface WalkViolation {
  /** The seed of that walk alone. */
  readonly seed: number;
  /** The name of the property. */
  readonly property: string;
  /** How many steps the walk had taken. */
  readonly steps: number;
  /** A run that violates the property, from which steps were left out for as long as it still did. */
  readonly trace: Trace;
}

const defaultSteps = 1_000;
const recomputeEvery = 4_096;

/**
 * Walks through `model` at random. `eventually` cannot be told of a walk, which says nothing of how a run goes on;
 * everything else is judged in each state: `always`, `mayEnd`, whether an actor fails, and the goals.
 *
 * The same seed and options take the same walks. Memory grows with what actors come to, and so with `walks` and `steps`.
 *
 * @throws ModelError for a model that cannot be run as it was written; NotPureError when something in it is not pure
 *
 * @example
 * const { violation } = walk(model, 1, { walks: 100, steps: 2_000 });
 * if (violation !== undefined) console.error(renderTrace(violation.trace));
 */
export function walk<History>(model: Model<History>, seed: number, options: WalkOptions = {}): WalkResult {
  const { walks = 1, steps = defaultSteps, maxSeconds = Number.POSITIVE_INFINITY, clock = systemClock() } = options;
  const weights = stepKinds.map((kind) => options.weights?.[kind] ?? defaultWeights[kind]);
  const startedMs = clock.nowMs();
  const system = createSystem(model, { memoise: true, recomputeEvery });
  const judge = createJudge(system);
  const goals = new Map(Object.keys(model.sometimes ?? {}).map((goal) => [goal, 0]));
  const total = { walks: 0, steps: 0, ended: 0 };
  let violation: WalkViolation | undefined;
  while (total.walks < walks && violation === undefined && clock.nowMs() - startedMs < maxSeconds * 1_000) {
    const own = seed + total.walks;
    const random = seededRandomness(own).stream('walk');
    const { run, property, hasEnded, reached } = walkOnce(system, judge, { steps, weights, random });
    total.walks += 1;
    total.steps += run.path.length;
    if (hasEnded) total.ended += 1;
    for (const goal of reached) goals.set(goal, (goals.get(goal) ?? 0) + 1);
    if (property === undefined) continue;
    const trace = traceOf(system, shortened(system, judge, run, property));
    violation = { seed: own, property, steps: run.path.length, trace };
  }
  return {
    model: model.name,
    ok: violation === undefined,
    ...total,
    goals,
    missed: [...goals].flatMap(([goal, count]) => (count === 0 ? goal : [])),
    ...(violation === undefined ? {} : { violation }),
    seconds: (clock.nowMs() - startedMs) / 1_000,
  };
}
