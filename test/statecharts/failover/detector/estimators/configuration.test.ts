/** The configuration procedures of Chen, Toueg & Aguilera 2002, held to their formulas. */

import { expect, test } from 'vitest';
import {
  configureNfdE,
  missingByMoments,
  paceOf,
  type WantedQuality,
} from '../../../../../statecharts/failover/detector/estimators/configuration.ts';
import { DetectorQualityError } from '../../../../../statecharts/failover/errors.ts';

const seconds = 1_000;
/** Detection within 30 s, a mistake a month, corrected within 60 s: the requirement of the paper's examples. */
const wanted: WantedQuality = {
  detectionTimeMs: 30 * seconds,
  mistakeRecurrenceMs: 30 * 24 * 3_600 * seconds,
  mistakeDurationMs: 60 * seconds,
};

const reasonOf = (attempt: () => unknown): string => {
  try {
    attempt();
  } catch (error) {
    if (error instanceof DetectorQualityError) return error.reason;
    throw error;
  }
  return 'none';
};

test('delays known to be exponential with a mean of 0.02 s, one heartbeat in 100 lost, take 9.97 s and 20.03 s (§4)', () => {
  const missing = (slackMs: number): number => 0.01 + 0.99 * Math.exp(-slackMs / (0.02 * seconds));
  const { intervalMs, slackMs } = paceOf(wanted, missing);
  expect(intervalMs / seconds).toBeCloseTo(9.975, 2);
  expect(slackMs / seconds).toBeCloseTo(20.025, 2);
});

test('delays of which only a variance of 0.02 s² is known take 9.71 s and 20.29 s (§5, §6)', () => {
  const config = configureNfdE(wanted, { lossProbability: 0.01, delayVarianceMs2: 0.02 * seconds ** 2 });
  expect(config.intervalMs / seconds).toBeCloseTo(9.715, 2);
  expect(config.slackMs / seconds).toBeCloseTo(20.285, 2);
  expect(config.windowSize).toBe(32);
});

test('without knowing the distribution, a heartbeat is missing at most by the inequality of Chebyshev', () => {
  const missing = missingByMoments({ lossProbability: 0.1, delayVarianceMs2: 4 });
  expect(missing(2)).toBeCloseTo((4 + 0.4) / 8, 12);
  expect(missing(0)).toBe(1);
  expect(missing(1e9)).toBeCloseTo(0.1, 6);
});

test('more loss, more variance, rarer and shorter mistakes each take more heartbeats', () => {
  const measured = { lossProbability: 0.01, delayVarianceMs2: 0.02 * seconds ** 2 };
  const { intervalMs } = configureNfdE(wanted, measured);
  const others = [
    configureNfdE(wanted, { ...measured, lossProbability: 0.2 }),
    configureNfdE(wanted, { ...measured, delayVarianceMs2: 20 * seconds ** 2 }),
    configureNfdE({ ...wanted, mistakeRecurrenceMs: 1e3 * wanted.mistakeRecurrenceMs }, measured),
    configureNfdE({ ...wanted, mistakeDurationMs: 2 * seconds }, measured),
  ];
  for (const other of others) expect(other.intervalMs).toBeLessThan(intervalMs);
});

test('heartbeats need not leave more often than mistakes must be corrected', () => {
  const { intervalMs } = configureNfdE(
    { ...wanted, mistakeDurationMs: 2 * seconds },
    { lossProbability: 0.5, delayVarianceMs2: 0 },
  );
  expect(intervalMs).toBeLessThanOrEqual(0.5 * 2 * seconds);
});

test('a quality that cannot be had is refused with the reason', () => {
  const measured = { lossProbability: 0.01, delayVarianceMs2: 100 };
  expect(reasonOf(() => configureNfdE(wanted, { ...measured, lossProbability: 1 }))).toBe('unreachable');
  expect(reasonOf(() => configureNfdE({ ...wanted, detectionTimeMs: 5 }, measured))).toBe('too-many-heartbeats');
  expect(reasonOf(() => configureNfdE({ ...wanted, detectionTimeMs: 0 }, measured))).toBe('no-such-quality');
  expect(reasonOf(() => configureNfdE({ ...wanted, mistakeDurationMs: Number.NaN }, measured))).toBe('no-such-quality');
  expect(reasonOf(() => configureNfdE(wanted, { ...measured, lossProbability: -1 }))).toBe('no-such-network');
  expect(reasonOf(() => configureNfdE(wanted, { ...measured, delayVarianceMs2: Number.NaN }))).toBe('no-such-network');
  expect(reasonOf(() => configureNfdE(wanted, measured, { leastIntervalMs: 20 * seconds }))).toBe(
    'too-many-heartbeats',
  );
});
