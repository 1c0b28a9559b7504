/** How a detector works, in milliseconds and counts, with defaults for nodes of one data centre. */

import * as v from 'valibot';
import { DetectorConfigError } from '../errors.ts';
import { type EstimatorConfig, startEstimate } from './estimators/estimate.ts';

const positiveMs = v.pipe(v.number(), v.finite(), v.gtValue(0));
const count = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

const schema = v.strictObject({
  intervalMs: positiveMs,
  probeTimeoutMs: positiveMs,
  relays: count(0, 16),
  suspicionMinMs: positiveMs,
  suspicionMaxMs: positiveMs,
  stallMs: positiveMs,
  maxHealth: count(0, 8),
  settleAfter: count(1, 1_000),
});

/** The settings of a detector. */
export interface DetectorSettings {
  /** How often the node is pinged. Default 100. */
  readonly intervalMs: number;
  /** How long indirect probes may take, when the detector itself is well. Default 100. */
  readonly probeTimeoutMs: number;
  /** How many others are asked to ping before a suspicion, at most 16. Default 3, as in SWIM. */
  readonly relays: number;
  /** How long a suspicion may be refuted, when as many others suspect as it takes. Default 100. */
  readonly suspicionMinMs: number;
  /** The same, when no other one does. Default 600. */
  readonly suspicionMaxMs: number;
  /** A timer that is later than this says that the detector itself was away. Default 50. */
  readonly stallMs: number;
  /** The worst that the detector thinks of its own health, at most 8, as in Lifeguard: it waits (1 + health) times as long. Default 8. */
  readonly maxHealth: number;
  /** How often a node that was taken for dead must answer before it is trusted again. Default 3. */
  readonly settleAfter: number;
}

export const defaultDetectorSettings: DetectorSettings = {
  intervalMs: 100,
  probeTimeoutMs: 100,
  relays: 3,
  suspicionMinMs: 100,
  suspicionMaxMs: 600,
  stallMs: 50,
  maxHealth: 8,
  settleAfter: 3,
};

/** Settings with defaults for what is not given. @throws DetectorConfigError */
export function detectorSettings(given: Partial<DetectorSettings>, estimator: EstimatorConfig): DetectorSettings {
  const parsed = v.safeParse(schema, { ...defaultDetectorSettings, ...given });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new DetectorConfigError(
      `expected settings of a detector, got a wrong ${v.getDotPath(issue)}: ${issue.message}`,
    );
  }
  const settings = parsed.output;
  if (settings.suspicionMaxMs < settings.suspicionMinMs) {
    throw new DetectorConfigError(
      `expected a suspicionMaxMs of at least suspicionMinMs, ${settings.suspicionMinMs}, got ${settings.suspicionMaxMs}`,
    );
  }
  if (estimator.kind === 'nfd-e' && estimator.intervalMs !== settings.intervalMs) {
    throw new DetectorConfigError(
      `expected pings as often as the estimator counts on, every ${estimator.intervalMs} ms, got an intervalMs of ` +
        `${settings.intervalMs}; give both the same`,
    );
  }
  startEstimate(estimator, 0);
  return settings;
}
