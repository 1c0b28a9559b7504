/**
 * The phi accrual detector (Hayashibara, Défago, Yared & Katayama, SRDS 2004). Of the times between the last heartbeats it
 * keeps a window; with these taken as normally distributed, `phi(t) = -log10(P(the next one comes later than t))` says
 * how implausible silence has become (§4.2). The node is suspected as phi reaches a threshold: at 1 one suspicion in ten is
 * a mistake, at 2 one in a hundred, as far as the distribution is right.
 *
 * Deviations from the paper: a first interval stands in for the window until there is one, and a least deviation keeps
 * very regular heartbeats from being expected to the microsecond, as all implementations have found necessary. What was
 * heard over a gap of lost heartbeats is one long interval, as there.
 */

import { DetectorConfigError } from '../../errors.ts';
import type { Estimator } from './estimator.ts';
import { normalQuantile, normalTail } from './normal.ts';

export interface PhiConfig {
  readonly kind: 'phi';
  /** Suspicion begins as phi reaches it; above 0, at most 300. */
  readonly threshold: number;
  /** How many intervals are remembered; from 2 to 1,000, the paper's choice. */
  readonly windowSize: number;
  /** The deviation is taken to be at least so much, in milliseconds. */
  readonly minDeviationMs: number;
  /** What intervals are before any was seen, in milliseconds. */
  readonly firstIntervalMs: number;
}

export interface PhiEstimate extends PhiConfig {
  readonly lastMs: number;
  /** Whether `lastMs` is an arrival, from which an interval can be counted. */
  readonly isArrival: boolean;
  /** The last intervals, oldest first. */
  readonly intervalsMs: readonly number[];
  /** The threshold as a number of deviations beyond the mean. */
  readonly deviations: number;
}

const greatestThreshold = 300;
const greatestWindow = 1_000;

/** The mean and the deviation of the times between heartbeats, in milliseconds. */
export function spread({ intervalsMs, firstIntervalMs, minDeviationMs }: PhiEstimate): {
  readonly meanMs: number;
  readonly deviationMs: number;
} {
  const count = intervalsMs.length;
  // A first guess may be wrong by a quarter of itself.
  if (count === 0) {
    return { meanMs: firstIntervalMs, deviationMs: Math.max(minDeviationMs, firstIntervalMs / 4) };
  }
  const meanMs = intervalsMs.reduce((sum, it) => sum + it, 0) / count;
  const variance = intervalsMs.reduce((sum, it) => sum + (it - meanMs) ** 2, 0) / count;
  return { meanMs, deviationMs: Math.max(minDeviationMs, Math.sqrt(variance)) };
}

/** How implausible it has become at `atMs` that the next heartbeat is only late (§4.2). */
export function phi(state: PhiEstimate, atMs: number): number {
  const { meanMs, deviationMs } = spread(state);
  return -Math.log10(normalTail((atMs - state.lastMs - meanMs) / deviationMs));
}

export const phiAccrual: Estimator<PhiConfig, PhiEstimate> = {
  start(config, atMs) {
    const { threshold, windowSize, minDeviationMs, firstIntervalMs } = config;
    if (!(threshold > 0 && threshold <= greatestThreshold)) {
      throw new DetectorConfigError(`expected a threshold above 0 and up to ${greatestThreshold}, got ${threshold}`);
    }
    if (!(Number.isInteger(windowSize) && windowSize >= 2 && windowSize <= greatestWindow)) {
      throw new DetectorConfigError(`expected a windowSize from 2 to ${greatestWindow}, got ${windowSize}`);
    }
    if (!(minDeviationMs > 0 && Number.isFinite(minDeviationMs))) {
      throw new DetectorConfigError(`expected a minDeviationMs above 0, got ${minDeviationMs}`);
    }
    if (!(firstIntervalMs > 0 && Number.isFinite(firstIntervalMs))) {
      throw new DetectorConfigError(`expected a firstIntervalMs above 0, got ${firstIntervalMs}`);
    }
    const deviations = normalQuantile(10 ** -threshold);
    return { ...config, lastMs: atMs, isArrival: false, intervalsMs: [], deviations };
  },
  heard: (state, arrivalMs) => ({
    ...state,
    lastMs: arrivalMs,
    isArrival: true,
    intervalsMs: state.isArrival
      ? [...state.intervalsMs, arrivalMs - state.lastMs].slice(-state.windowSize)
      : state.intervalsMs,
  }),
  // Neither the interval that was cut short nor the one that follows it was measured.
  interrupted: (state, atMs) => ({ ...state, lastMs: atMs, isArrival: false }),
  suspectAtMs(state) {
    const { meanMs, deviationMs } = spread(state);
    return state.lastMs + Math.max(0, meanMs + state.deviations * deviationMs);
  },
};
