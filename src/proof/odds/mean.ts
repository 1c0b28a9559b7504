/**
 * The mean of a number over independent runs, and how far the truth may be from it. What is rare and costs much makes such numbers
 * skewed, so that the interval of the normal distribution would end too early on that side: it is bent by the transformation of
 * Hall, On the Removal of Skewness by Transformation (1992). There is room besides for what no run has shown: it may have the
 * probability that `boundOfNone` leaves to it, and is taken to be as far away as 0 is.
 */

import { boundOfNone } from '../../odds.ts';
import type { SampleInterval } from './quantities.ts';

/** How often an interval may be relied on. */
export const confidence = 0.999;
/** The normal distribution's quantile of 0.9995: so many standard errors to each side hold a mean as often. */
const standardErrors = 3.2905;

/** Gathers the first three moments one by one (Welford 1962; Terriberry 2007), so that little is lost to rounding. */
export class Mean {
  #runs = 0;
  #mean = 0;
  #squares = 0;
  #cubes = 0;

  add(value: number): void {
    const before = this.#runs;
    this.#runs += 1;
    const distance = value - this.#mean;
    const share = distance / this.#runs;
    const term = distance * share * before;
    this.#mean += share;
    this.#cubes += term * share * (this.#runs - 2) - 3 * share * this.#squares;
    this.#squares += term;
  }

  /** The interval, in units of which `factor` make one of the numbers. */
  scaled(factor: number): SampleInterval {
    const runs = this.#runs;
    const deviation = runs > 1 ? Math.sqrt(this.#squares / (runs - 1)) : Number.POSITIVE_INFINITY;
    const skewness = deviation > 0 && runs > 2 ? this.#cubes / runs / deviation ** 3 : 0;
    const error = deviation / Math.sqrt(runs);
    const unseen = this.#mean * boundOfNone(runs, confidence);
    const lower = this.#mean - error * unbent(standardErrors, skewness, runs) - unseen;
    const upper = this.#mean - error * unbent(-standardErrors, skewness, runs) + unseen;
    return {
      type: 'sample',
      value: this.#mean * factor,
      lower: Math.max(0, lower) * factor,
      upper: upper * factor,
      runs,
    };
  }
}

/** The inverse of Hall's transformation: how far out a skewed mean is where a normal one is `quantile` standard errors out. */
function unbent(quantile: number, skewness: number, runs: number): number {
  const bend = skewness / (3 * Math.sqrt(runs));
  if (Math.abs(bend) < 1e-9) return quantile;
  return (Math.cbrt(1 + 3 * bend * (quantile - bend / 2)) - 1) / bend;
}
