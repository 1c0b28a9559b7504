/**
 * How available things are that fail and are repaired independently of each other, in closed form (Trivedi, Probability and
 * Statistics with Reliability, Queuing, and Computer Science Applications, 2002, chapters 3, 5 and 8). Where failures are not
 * independent, give the common cause as a zone.
 */

import { OddsInputError } from '../errors.ts';
import { isProbability } from '../probabilities.ts';

/** How often something fails, and how long it is down then; both exponentially distributed. */
export interface FailureTimes {
  /** Mean time to failure, while it is up. */
  readonly mttfMs: number;
  /** Mean time to repair, while it is down. */
  readonly mttrMs: number;
}

/** @throws OddsInputError for what is no probability */
export function assertProbability(name: string, value: number): void {
  if (isProbability(value)) return;
  throw new OddsInputError(`expected a probability from 0 to 1 for ${name}, got ${value}`);
}

function assertCount(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} on` : `${least} to ${most}`;
  throw new OddsInputError(`expected a whole number from ${range} for ${name}, got ${value}`);
}

function assertTimes({ mttfMs, mttrMs }: FailureTimes): void {
  if (isTime(mttfMs) && mttfMs > 0 && isTime(mttrMs)) return;
  throw new OddsInputError(
    `expected an mttfMs above 0 and an mttrMs from 0 on, both below ${longestMs}, got ${mttfMs} and ${mttrMs}`,
  );
}

/** Beyond it, differences of times are lost in rounding, and what is infinite has no share of anything. */
const longestMs = 1e15;
const isTime = (ms: number): boolean =>
  typeof ms === 'number' && ms >= 0 && ms < longestMs && (ms === 0 || ms > 1 / longestMs);

/** What is added up for each number of things. */
const mostThings = 1_000;

/**
 * The share of time in which something is up, in the long run.
 *
 * @throws OddsInputError
 */
export function availability(times: FailureTimes): number {
  assertTimes(times);
  const { mttfMs, mttrMs } = times;
  return mttrMs === 0 ? 1 : 1 / (1 + mttrMs / mttfMs);
}

/** The probability that all of them are up. @throws OddsInputError */
export const inSeries = (...up: readonly number[]): number => atLeast(up.length, up);

/** The probability that one of them is up. @throws OddsInputError */
export const inParallel = (...up: readonly number[]): number => atLeast(1, up);

/**
 * The probability that `k` or more are up, each with its own probability.
 *
 * @throws OddsInputError
 *
 * @example
 * atLeast(2, [0.99, 0.99, 0.9]); // a majority of three
 */
export function atLeast(k: number, up: readonly number[]): number {
  for (const one of up) assertProbability('that one is up', one);
  return tailOf(countsOf(up), k);
}

/** The probability that `k` or more of `n` alike are up. @throws OddsInputError */
export function kOfN(k: number, n: number, up: number): number {
  assertCount('n', n, 0, mostThings);
  return atLeast(
    k,
    Array.from({ length: n }, () => up),
  );
}

/** Things that fail together: all are down when the zone is, and each may be down by itself. */
export interface Zone {
  readonly up: number;
  readonly members: readonly number[];
}

/**
 * The probability that `k` or more are up, where those of a zone fail together, too.
 *
 * @throws OddsInputError
 */
export function atLeastAcross(k: number, zones: readonly Zone[]): number {
  let counts: readonly number[] = [1];
  for (const { up, members } of zones) {
    assertProbability('that a zone is up', up);
    for (const one of members) assertProbability('that one is up', one);
    const whole = countsOf(members);
    const inZone = whole.map((probability, count) => up * probability + (count === 0 ? 1 - up : 0));
    counts = convolved(counts, inZone);
  }
  return tailOf(counts, k);
}

/** For each number of things, how probable it is that so many are up. */
function countsOf(up: readonly number[]): readonly number[] {
  assertCount('how many there are', up.length, 0, mostThings);
  return up.reduce<readonly number[]>((counts, one) => convolved(counts, [1 - one, one]), [1]);
}

function convolved(one: readonly number[], other: readonly number[]): readonly number[] {
  const sums = Array.from({ length: one.length + other.length - 1 }, () => 0);
  for (const [i, a] of one.entries()) for (const [j, b] of other.entries()) sums[i + j] = (sums[i + j] ?? 0) + a * b;
  return sums;
}

function tailOf(counts: readonly number[], k: number): number {
  assertCount('how many must be up', k, 0);
  return Math.min(
    1,
    counts.slice(k).reduce((sum, probability) => sum + probability, 0),
  );
}

/**
 * The mean time until fewer than `k` of `n` are up for the first time, from all up on, each repaired by itself: the time to
 * absorption of a birth-death chain.
 *
 * @throws OddsInputError
 */
export function meanTimeToLoss(k: number, n: number, times: FailureTimes): number {
  assertCount('k', k, 1);
  assertCount('n', n, k, mostThings);
  assertTimes(times);
  const { mttfMs, mttrMs } = times;
  if (mttrMs === 0) return Number.POSITIVE_INFINITY;
  // How long it takes from i down to i + 1 down: 1 / failures + repairs / failures * how long from i - 1.
  let onwards = 0;
  let total = 0;
  for (let down = 0; down <= n - k; down += 1) {
    const failures = (n - down) / mttfMs;
    const repairs = down / mttrMs;
    onwards = 1 / failures + (repairs / failures) * onwards;
    total += onwards;
  }
  return total;
}

/** A primary with a standby that takes over. */
export interface Failover extends FailureTimes {
  /** How probable it is that the standby can take over, and does: the coverage. */
  readonly coverage: number;
  /** How long that takes. */
  readonly switchMs: number;
}

/**
 * The share of time in which a primary with one standby serves, in the long run: a covered failure costs the time of the
 * switch; an uncovered one, and a second failure before the first is repaired, a repair, of one server at a time. With a coverage below 1, that is what
 * decides (Bouricius, Carter & Schneider 1969): more standbys do not help.
 *
 * @throws OddsInputError
 */
export function failoverAvailability(failover: Failover): number {
  const { mttfMs, mttrMs, coverage, switchMs } = failover;
  assertTimes(failover);
  assertProbability('coverage', coverage);
  if (!isTime(switchMs)) throw new OddsInputError(`expected a switchMs from 0 on, got ${switchMs}`);
  // Renewal: from both up on, until both are up again. With one up, the other is repaired, or that one fails as well; then one
  // is repaired, and so on: one is up alone for mttf mttr / (mttf + mttr) at a time, and that 1 + mttr / mttf times, between
  // which none is up for mttr, mttr / mttf times.
  const bothUp = mttfMs / 2;
  const upAlone = mttrMs;
  const repaired = mttrMs + (mttrMs * mttrMs) / mttfMs;
  const cycle = bothUp + coverage * (switchMs + repaired) + (1 - coverage) * mttrMs;
  return (bothUp + coverage * upAlone) / cycle;
}

/**
 * How probable it is that what must stay up does not for so long: a coordinator while participants are in doubt.
 *
 * @throws OddsInputError
 */
export function failsWithin(windowMs: number, times: Pick<FailureTimes, 'mttfMs'>): number {
  assertTimes({ ...times, mttrMs: 0 });
  if (!isTime(windowMs)) throw new OddsInputError(`expected a windowMs from 0 on, got ${windowMs}`);
  return -Math.expm1(-windowMs / times.mttfMs);
}
