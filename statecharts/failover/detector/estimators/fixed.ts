/** The fixed timeout: whatever has been silent for so long is suspected. The baseline that the others are measured by. */

import { DetectorConfigError } from '../../errors.ts';
import type { Estimator } from './estimator.ts';

export interface FixedConfig {
  readonly kind: 'fixed';
  /** The silence that is a reason to suspect, in milliseconds. */
  readonly timeoutMs: number;
}

export interface FixedEstimate extends FixedConfig {
  readonly lastMs: number;
}

export const fixedTimeout: Estimator<FixedConfig, FixedEstimate> = {
  start(config, atMs) {
    if (!(config.timeoutMs > 0 && Number.isFinite(config.timeoutMs))) {
      throw new DetectorConfigError(`expected a timeoutMs above 0, got ${config.timeoutMs}`);
    }
    return { ...config, lastMs: atMs };
  },
  heard: (state, arrivalMs) => ({ ...state, lastMs: arrivalMs }),
  interrupted: (state, atMs) => ({ ...state, lastMs: atMs }),
  suspectAtMs: ({ lastMs, timeoutMs }) => lastMs + timeoutMs,
};
