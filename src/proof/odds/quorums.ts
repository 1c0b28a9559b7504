/**
 * Formulas for groups of which a quorum decides: how many servers are up, independently of each other (Trivedi 2002, §3.7), and
 * how many of those answer one round of questions, where each question and each answer may be lost by itself.
 */

import { majoritySize } from '../../../statecharts/quorum.ts';
import { availability, type FailureTimes, kOfN } from '../../odds.ts';

/** A year, in milliseconds. */
export const yearMs = 365.25 * 86_400_000;

/** What is to be expected of a worth that depends on how many of n are up. */
export function overServersUp(n: number, up: number, worth: (servers: number) => number): number {
  let sum = 0;
  let ways = 1;
  for (let k = 0; k <= n; k += 1) {
    sum += ways * up ** k * (1 - up) ** (n - k) * worth(k);
    ways = (ways * (n - k)) / (k + 1);
  }
  return sum;
}

/** One round of questions: how probable it is that a server that is up hears one, and that its answer is heard as well. */
export const roundTrip = (loss: number): number => (1 - loss) ** 2;

/** How probable it is that one round makes a majority of n, of one that asks, and `others` that are up. */
export const isMajority = (n: number, others: number, loss: number): number =>
  others < majoritySize(n) - 1 ? 0 : kOfN(majoritySize(n) - 1, others, roundTrip(loss));

/** How long in a year fewer than a majority of n are up, in milliseconds. */
export const majorityDowntimeMs = (n: number, times: FailureTimes): number =>
  yearMs * (1 - kOfN(majoritySize(n), n, availability(times)));
