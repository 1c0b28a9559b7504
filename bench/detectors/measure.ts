/** Runs an estimator over a trace, and measures its quality as Chen, Toueg & Aguilera define it (2002, §2). */

import { type EstimatorConfig, heard, startEstimate, suspectAtMs } from '../../statecharts/failover.ts';
import type { Trace } from './traces.ts';

export interface Measured {
  /** From a crash just after a heartbeat has left to the suspicion: the mean, in milliseconds. */
  readonly detectionMs: number;
  readonly mistakes: number;
  readonly mistakesPerHour: number;
  /** Until a mistake is corrected, on average, in milliseconds. */
  readonly mistakeDurationMs: number;
  /** The share of the time in which the node is not suspected. */
  readonly queryAccuracy: number;
}

/** What the estimator makes of the trace, in which the node lives to the end. */
export function measure(config: EstimatorConfig, { arrivals, intervalMs, sent }: Trace): Measured {
  let estimate = startEstimate(config, 0);
  let latest = 0;
  let mistakes = 0;
  let mistakenMs = 0;
  let detectingMs = 0;
  let heartbeats = 0;
  let sinceMs: number | undefined;
  for (const [sequence, arrivalMs] of arrivals) {
    if (sequence <= latest) continue;
    const dueMs = suspectAtMs(estimate);
    if (sinceMs === undefined && dueMs < arrivalMs) {
      sinceMs = dueMs;
      mistakes += 1;
    }
    latest = sequence;
    estimate = heard(estimate, arrivalMs, sequence);
    const suspectMs = suspectAtMs(estimate);
    detectingMs += Math.max(suspectMs, arrivalMs) - sequence * intervalMs;
    heartbeats += 1;
    if (sinceMs === undefined || suspectMs <= arrivalMs) continue;
    mistakenMs += arrivalMs - sinceMs;
    sinceMs = undefined;
  }
  const lastedMs = sent * intervalMs;
  return {
    detectionMs: detectingMs / heartbeats,
    mistakes,
    mistakesPerHour: (mistakes * 3_600_000) / lastedMs,
    mistakeDurationMs: mistakes === 0 ? 0 : mistakenMs / mistakes,
    queryAccuracy: 1 - mistakenMs / lastedMs,
  };
}
