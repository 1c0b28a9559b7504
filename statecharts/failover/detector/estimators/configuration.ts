/**
 * From the quality that is wanted to the numbers of a detector that has it (Chen, Toueg & Aguilera 2002, §4-6): how often
 * heartbeats must leave, and how long after its estimated arrival one may come. The fewest heartbeats are chosen that do.
 *
 * The three procedures of the paper are one, over the probability that a heartbeat has not arrived some time after it left:
 * known exactly when the distribution of delays is (§4), and bounded by the one-sided inequality of Chebyshev when only
 * loss, mean and variance are (§5). For NFD-E times count from the mean delay on (§6), which therefore need not be known.
 */

import { DetectorQualityError } from '../../errors.ts';
import type { NfdEConfig } from './nfd-e.ts';

/** The quality of detection that is wanted: three bounds, in milliseconds. */
export interface WantedQuality {
  /** A crash is detected within this time, beyond the mean delay of heartbeats: the upper bound of T_D. */
  readonly detectionTimeMs: number;
  /** From one mistake to the next it takes at least so long on average: the lower bound of E(T_MR). */
  readonly mistakeRecurrenceMs: number;
  /** A mistake is corrected within this time on average: the upper bound of E(T_M). */
  readonly mistakeDurationMs: number;
}

/** What was measured of the network. */
export interface MeasuredDelays {
  /** How probable it is that a heartbeat is lost, from 0 to 1. */
  readonly lossProbability: number;
  /** The variance of the delays, in square milliseconds. */
  readonly delayVarianceMs2: number;
}

/** How often heartbeats leave and how long they are waited for, in milliseconds: eta, and alpha or delta. */
export interface Pace {
  readonly intervalMs: number;
  readonly slackMs: number;
}

/** The probability, or a bound of it, that a heartbeat has not arrived `slackMs` after it was to be expected. */
export type Missing = (slackMs: number) => number;

/** Heartbeats do not leave more often than this, in milliseconds. */
const defaultLeastIntervalMs = 1;
const defaultWindowSize = 32;
/** How finely intervals are tried: the one that is found is within this factor of the largest that there is. */
const finely = 0.999;

/** What is missing at most, by loss and variance alone (§5, §6.2): `(V + p x²) / (V + x²)`. */
export function missingByMoments({ lossProbability, delayVarianceMs2 }: MeasuredDelays): Missing {
  if (!(lossProbability >= 0 && lossProbability <= 1)) {
    throw new DetectorQualityError(
      'no-such-network',
      `expected a lossProbability from 0 to 1, got ${lossProbability}; measure it over more heartbeats`,
    );
  }
  if (!(delayVarianceMs2 >= 0 && Number.isFinite(delayVarianceMs2))) {
    throw new DetectorQualityError(
      'no-such-network',
      `expected a delayVarianceMs2 of at least 0, got ${delayVarianceMs2}; measure it over more heartbeats`,
    );
  }
  return (slackMs) => {
    const square = slackMs * slackMs;
    return slackMs <= 0 ? 1 : (delayVarianceMs2 + lossProbability * square) / (delayVarianceMs2 + square);
  };
}

/**
 * The largest interval at which a detector of the quality `wanted` can do with its heartbeats, and the slack that belongs to it.
 *
 * @param leastIntervalMs refuses what would take heartbeats more often. Default 1 ms
 * @throws DetectorQualityError when the quality cannot be had, with the reason
 */
export function paceOf(wanted: WantedQuality, missing: Missing, leastIntervalMs = defaultLeastIntervalMs): Pace {
  const { detectionTimeMs, mistakeRecurrenceMs, mistakeDurationMs } = wanted;
  for (const [name, value] of Object.entries(wanted)) {
    if (value > 0 && Number.isFinite(value)) continue;
    throw new DetectorQualityError('no-such-quality', `expected a ${name} above 0, got ${value}`);
  }
  // Step 1. A mistake ends with the next heartbeat that comes in time, which each does with this probability.
  const inTime = 1 - missing(detectionTimeMs);
  if (inTime <= 0) {
    throw new DetectorQualityError(
      'unreachable',
      `expected some heartbeats to arrive within ${detectionTimeMs} ms, but none is sure to; allow a longer detectionTimeMs`,
    );
  }
  const greatestMs = Math.min(inTime * mistakeDurationMs, detectionTimeMs);
  // Step 2. The largest interval with which mistakes are rare enough.
  const suffices = (intervalMs: number): boolean =>
    recurrenceMs(intervalMs, detectionTimeMs, missing, mistakeRecurrenceMs) >= mistakeRecurrenceMs;
  let failing = greatestMs;
  let intervalMs = greatestMs;
  while (!suffices(intervalMs)) {
    failing = intervalMs;
    intervalMs *= finely;
    if (intervalMs < leastIntervalMs) break;
  }
  for (let step = 0; step < 40 && intervalMs >= leastIntervalMs; step += 1) {
    const middle = (intervalMs + failing) / 2;
    if (suffices(middle)) intervalMs = middle;
    else failing = middle;
  }
  if (intervalMs < leastIntervalMs) {
    throw new DetectorQualityError(
      'too-many-heartbeats',
      `expected to do with a heartbeat every ${leastIntervalMs} ms, but mistakes only every ${mistakeRecurrenceMs} ms, ` +
        `corrected within ${mistakeDurationMs} ms, need more; allow a longer detectionTimeMs, or more and longer mistakes`,
    );
  }
  // Step 3.
  return { intervalMs, slackMs: detectionTimeMs - intervalMs };
}

/**
 * The function f of step 2: a mistake is made when all heartbeats are missing that could have come in time. It stops
 * counting where it is `enough`.
 */
function recurrenceMs(intervalMs: number, detectionTimeMs: number, missing: Missing, enough: number): number {
  const count = Math.ceil(detectionTimeMs / intervalMs) - 1;
  let product = intervalMs;
  for (let nth = 1; nth <= count && product < enough; nth += 1) {
    product /= missing(detectionTimeMs - nth * intervalMs);
  }
  return product;
}

/**
 * Configures NFD-E for the quality that is wanted, over the loss and the delays that were measured (§6.2).
 *
 * @param options `windowSize`: see `NfdEConfig`, default 32; `leastIntervalMs`: see `paceOf`
 * @throws DetectorQualityError when the quality cannot be had, with the reason
 *
 * @example
 * configureNfdE(
 *   { detectionTimeMs: 1_000, mistakeRecurrenceMs: 24 * 3_600_000, mistakeDurationMs: 2_000 },
 *   { lossProbability: 0.01, delayVarianceMs2: 25 },
 * );
 */
export function configureNfdE(
  wanted: WantedQuality,
  measured: MeasuredDelays,
  options: { readonly windowSize?: number; readonly leastIntervalMs?: number } = {},
): NfdEConfig {
  const { windowSize = defaultWindowSize, leastIntervalMs } = options;
  return { kind: 'nfd-e', ...paceOf(wanted, missingByMoments(measured), leastIntervalMs), windowSize };
}
