/** What a probability is, and a distribution: for all that takes such numbers from outside. */

/** Whether it is a number from 0 to 1. */
export const isProbability = (value: number): boolean => typeof value === 'number' && value >= 0 && value <= 1;

/** How far what adds up to 1 may be from it, as one third does three times. */
const tolerance = 1e-12;

/** What the probabilities add up to, where that is not 1; undefined where it is. */
export function wrongSumOf(ways: readonly { readonly probability: number }[]): number | undefined {
  const sum = ways.reduce((total, { probability }) => total + probability, 0);
  return Math.abs(sum - 1) <= tolerance ? undefined : sum;
}
