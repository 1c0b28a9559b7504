/**
 * Interval iteration: the solution of a question's equations, from below and from above at once (Haddad & Monmege 2018; Baier,
 * Klein, Leuschner, Parker & Wunderlich 2017). Both are bounds at every moment: rounding goes outwards, and the start from
 * above is either 1 or was verified.
 */

import { OddsLimitError } from '../errors.ts';
import { type Bounds, roundedDown, roundedUp } from './bounds.ts';
import type { Equations } from './equations.ts';
import { at } from './graph.ts';
import type { Extreme } from './regions.ts';

/** How far a solution goes. */
export interface Precision {
  /** The bounds differ by at most this share of the upper one. */
  readonly relative: number;
  /** How often all equations are applied, at most. */
  readonly maxSweeps: number;
}

type Rounding = (sum: number, terms: number) => number;

/** What one choice is worth, by the values of the unknowns. */
function worthOf(
  { graph, constant, constantTerms }: Equations,
  choice: number,
  x: Float64Array,
  round: Rounding,
): number {
  const { firstOutcome, target, probability } = graph;
  const end = at(firstOutcome, choice + 1);
  let sum = at(constant, choice);
  for (let outcome = at(firstOutcome, choice); outcome < end; outcome += 1) {
    sum += at(probability, outcome) * at(x, at(target, outcome));
  }
  return round(sum, at(constantTerms, choice) + end - at(firstOutcome, choice));
}

/** The best choice of a state for the scheduler, by the values of the unknowns. */
function optimum(equations: Equations, extreme: Extreme, state: number, x: Float64Array, round: Rounding): number {
  const { firstChoice } = equations.graph;
  let best = extreme === 'greatest' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  for (let choice = at(firstChoice, state); choice < at(firstChoice, state + 1); choice += 1) {
    const worth = worthOf(equations, choice, x, round);
    best = extreme === 'greatest' ? Math.max(best, worth) : Math.min(best, worth);
  }
  return best;
}

/** Raises lower bounds by one sweep. States explored later stand nearer to the goal as a rule: they go first. */
function raise(equations: Equations, extreme: Extreme, lower: Float64Array): void {
  for (let state = lower.length - 1; state >= 0; state -= 1) {
    lower[state] = Math.max(at(lower, state), optimum(equations, extreme, state, lower, roundedDown));
  }
}

/** Lowers upper bounds by one sweep. */
function lowerDown(equations: Equations, extreme: Extreme, upper: Float64Array): void {
  for (let state = upper.length - 1; state >= 0; state -= 1) {
    upper[state] = Math.min(at(upper, state), optimum(equations, extreme, state, upper, roundedUp));
  }
}

/**
 * Bounds of one unknown.
 *
 * @param upper sound upper bounds to start from; changed
 * @throws OddsLimitError when the sweeps are used up
 */
export function intervalOf(
  equations: Equations,
  extreme: Extreme,
  unknown: number,
  upper: Float64Array,
  { relative, maxSweeps }: Precision,
): Bounds {
  const lower = new Float64Array(upper.length);
  for (let sweep = 0; sweep < maxSweeps; sweep += 1) {
    raise(equations, extreme, lower);
    lowerDown(equations, extreme, upper);
    const bounds = { lower: at(lower, unknown), upper: at(upper, unknown) };
    if (bounds.upper - bounds.lower <= relative * bounds.upper) return bounds;
  }
  throw new OddsLimitError(
    `expected bounds that differ by at most ${relative} of the value within ${maxSweeps} sweeps, got ` +
      `[${at(lower, unknown)}, ${at(upper, unknown)}]; raise maxSweeps, or ask for less precision`,
  );
}

/**
 * Upper bounds of expected rewards to start from: the values that the same process has with a little more reward per choice,
 * as far as they were iterated, once one application of the true equations lowers all of them; then no solution lies above
 * (Park's induction, as in Hartmanns & Kaminski 2020, Optimistic Value Iteration).
 *
 * @throws OddsLimitError when the sweeps are used up
 */
export function verifiedUpper(equations: Equations, extreme: Extreme, { maxSweeps }: Precision): Float64Array {
  const { constant, graph } = equations;
  const extra = constant.reduce((most, reward) => Math.max(most, reward), 0) / 8;
  const raised = { ...equations, constant: constant.map((reward) => reward + extra) };
  const values = new Float64Array(graph.stateCount);
  for (let sweep = 0; sweep < maxSweeps; sweep += 1) {
    raise(raised, extreme, values);
    const isUpper = values.every((value, state) => optimum(equations, extreme, state, values, roundedUp) <= value);
    if (isUpper) return values;
  }
  throw new OddsLimitError(
    `expected a bound from above within ${maxSweeps} sweeps, got none; raise maxSweeps, or make the model smaller`,
  );
}
