/** What so many runs say about a probability, and what it proves that none of them showed something. */

import { OddsInputError } from '../errors.ts';
import type { Bounds } from '../markov/bounds.ts';
import { assertProbability } from './availability.ts';

/** What is added up for each of them, a hundred times, must come to an end. */
const mostRuns = 10_000_000;

/**
 * The exact confidence interval of a probability (Clopper & Pearson 1934): it holds the true one at least as often as said. Of
 * no success in n runs the upper bound stays above 0: about 3.7/n at 95 %, as both sides share what is left.
 *
 * @param confidence how often the interval may be relied on; default 0.95
 * @throws OddsInputError
 */
export function confidenceInterval(successes: number, runs: number, confidence = 0.95): Bounds {
  if (
    !Number.isSafeInteger(runs) ||
    runs < 1 ||
    runs > mostRuns ||
    !Number.isSafeInteger(successes) ||
    successes < 0 ||
    successes > runs
  ) {
    throw new OddsInputError(
      `expected up to as many successes as runs, and a run, of at most ${mostRuns}, got ${successes} of ${runs}`,
    );
  }
  assertProbability('confidence', confidence);
  const side = (1 - confidence) / 2;
  return {
    lower: successes === 0 ? 0 : solvedFor((p) => side - tail(successes, runs, p)),
    upper: successes === runs ? 1 : solvedFor((p) => 1 - tail(successes + 1, runs, p) - side),
  };
}

/**
 * What it proves that something never happened: its probability is at most this.
 *
 * @throws OddsInputError
 */
export function boundOfNone(runs: number, confidence = 0.95): number {
  if (!Number.isSafeInteger(runs) || runs < 1) throw new OddsInputError(`expected one run or more, got ${runs}`);
  assertProbability('confidence', confidence);
  return -Math.expm1(Math.log1p(-confidence) / runs);
}

/** Where a falling function of a probability is 0. */
function solvedFor(falling: (p: number) => number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 100; step += 1) {
    const middle = (low + high) / 2;
    if (falling(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** How probable it is that `k` or more of `n` succeed, each with probability `p`. */
function tail(k: number, n: number, p: number): number {
  if (p === 0) return k === 0 ? 1 : 0;
  if (p === 1) return 1;
  // The shorter side is summed, from the term nearest to its end on, each from the one before.
  return k > n * p ? sumFrom(k, n, p, 1) : 1 - sumFrom(k - 1, n, p, -1);
}

function sumFrom(k: number, n: number, p: number, step: 1 | -1): number {
  if (k < 0) return 0;
  let term = Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
  let sum = 0;
  const ratio = p / (1 - p);
  for (let count = k; count >= 0 && count <= n; count += step) {
    sum += term;
    if (term < sum * Number.EPSILON) break;
    term *= step === 1 ? ((n - count) / (count + 1)) * ratio : count / (n - count + 1) / ratio;
  }
  return sum;
}

function logChoose(n: number, k: number): number {
  let sum = 0;
  const less = Math.min(k, n - k);
  for (let i = 1; i <= less; i += 1) sum += Math.log((n - less + i) / i);
  return sum;
}
