/** Numbers that are known from below and from above. */

/** What is asked for lies between both, ends included. `Infinity` where it is infinite. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/**
 * A factor by which a sum of `terms` products of numbers that are not negative errs at most: each of the operations rounds by
 * half a unit in the last place, which is 2^-53 of the result (Goldberg 1991).
 */
const slack = (terms: number): number => (terms + 2) * 2 ** -52;

/** Not above what the sum would be without rounding. */
export const roundedDown = (sum: number, terms: number): number => sum * (1 - slack(terms));

/** Not below what the sum would be without rounding. */
export const roundedUp = (sum: number, terms: number): number => sum * (1 + slack(terms));
