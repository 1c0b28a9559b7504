import { expect, test } from 'vitest';
import {
  type PhiConfig,
  type PhiEstimate,
  phi,
  phiAccrual,
  spread,
} from '../../../../../statecharts/failover/detector/estimators/phi.ts';
import { DetectorConfigError } from '../../../../../statecharts/failover/errors.ts';

const config: PhiConfig = { kind: 'phi', threshold: 1, windowSize: 4, minDeviationMs: 1, firstIntervalMs: 100 };

const after = (arrivalsMs: readonly number[], change: Partial<PhiConfig> = {}): PhiEstimate =>
  arrivalsMs.reduce<PhiEstimate>(
    (state, arrivalMs, index) => phiAccrual.heard(state, arrivalMs, index + 1),
    phiAccrual.start({ ...config, ...change }, 0),
  );

test('mean and deviation are those of the last intervals, as many as the window holds', () => {
  expect(spread(after([1_000, 1_080, 1_200]))).toEqual({ meanMs: 100, deviationMs: 20 });
  expect(spread(after([0, 5_000, 5_080, 5_200, 5_280, 5_400]))).toEqual({ meanMs: 100, deviationMs: 20 });
});

// With a mean of 100 ms and a deviation of 20 ms: P(later) is 0.5 at the mean, 0.1587 and 0.02275 one and two deviations on.
test.each([
  [1_300, 0.30103],
  [1_320, 0.79954],
  [1_340, 1.64302],
  [1_360, 2.8697],
])('at %d ms phi is -log10 of the probability that the heartbeat comes later: %d (§4.2)', (atMs, expected) => {
  expect(phi(after([1_000, 1_080, 1_200]), atMs)).toBeCloseTo(expected, 4);
});

test.each([0.5, 1, 2, 8, 16])('with a threshold of %d, suspicion begins as phi reaches it (§4.2)', (threshold) => {
  const state = after([1_000, 1_080, 1_200], { threshold });
  expect(phi(state, phiAccrual.suspectAtMs(state))).toBeCloseTo(threshold, 6);
});

test('before any interval was seen the first one stands in', () => {
  expect(phiAccrual.suspectAtMs(after([]))).toBeCloseTo(100 + 25 * 1.2815516, 4);
  expect(phiAccrual.suspectAtMs(after([1_000]))).toBeCloseTo(1_100 + 25 * 1.2815516, 4);
});

test('heartbeats as regular as a clock are still allowed the least deviation', () => {
  expect(phiAccrual.suspectAtMs(after([100, 200, 300], { threshold: 8 }))).toBeCloseTo(400 + 5.612, 2);
});

test('an interval in which the detector was away is none, nor is the one that it was cut from', () => {
  const away = phiAccrual.interrupted(after([1_000, 1_080, 1_200]), 9_000);
  expect(phiAccrual.suspectAtMs(away)).toBeCloseTo(9_100 + 20 * 1.2815516, 4);
  const back = phiAccrual.heard(away, 9_001, 9);
  expect(back.intervalsMs).toEqual([80, 120]);
  expect(phiAccrual.heard(back, 9_101, 10).intervalsMs).toEqual([80, 120, 100]);
});

test.each([
  { threshold: 0 },
  { threshold: 301 },
  { windowSize: 1 },
  { windowSize: 2.5 },
  { windowSize: 1_001 },
  { minDeviationMs: 0 },
  { firstIntervalMs: Number.NaN },
])('%o is refused', (change) => {
  expect(() => after([], change)).toThrow(DetectorConfigError);
});
