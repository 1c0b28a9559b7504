/** The estimators that there are, chosen by data. Another one is a file of its own and a line in each of these. */

import { type FixedConfig, type FixedEstimate, fixedTimeout } from './fixed.ts';
import { type NfdEConfig, type NfdEEstimate, nfdE } from './nfd-e.ts';
import { type PhiConfig, type PhiEstimate, phiAccrual } from './phi.ts';

export type EstimatorConfig = FixedConfig | PhiConfig | NfdEConfig;
export type Estimate = FixedEstimate | PhiEstimate | NfdEEstimate;

/** What is known before the first heartbeat. @throws DetectorConfigError when `config` makes no sense */
export function startEstimate(config: EstimatorConfig, atMs: number): Estimate {
  switch (config.kind) {
    case 'fixed':
      return fixedTimeout.start(config, atMs);
    case 'phi':
      return phiAccrual.start(config, atMs);
    case 'nfd-e':
      return nfdE.start(config, atMs);
  }
}

/** Takes note of heartbeat `sequence`, which is later than all before it. */
export function heard(estimate: Estimate, arrivalMs: number, sequence: number): Estimate {
  switch (estimate.kind) {
    case 'fixed':
      return fixedTimeout.heard(estimate, arrivalMs, sequence);
    case 'phi':
      return phiAccrual.heard(estimate, arrivalMs, sequence);
    case 'nfd-e':
      return nfdE.heard(estimate, arrivalMs, sequence);
  }
}

/** The detector itself was away until `atMs`. */
export function interrupted(estimate: Estimate, atMs: number): Estimate {
  switch (estimate.kind) {
    case 'fixed':
      return fixedTimeout.interrupted(estimate, atMs);
    case 'phi':
      return phiAccrual.interrupted(estimate, atMs);
    case 'nfd-e':
      return nfdE.interrupted(estimate, atMs);
  }
}

/** The instant from which silence is a reason to suspect. */
export function suspectAtMs(estimate: Estimate): number {
  switch (estimate.kind) {
    case 'fixed':
      return fixedTimeout.suspectAtMs(estimate);
    case 'phi':
      return phiAccrual.suspectAtMs(estimate);
    case 'nfd-e':
      return nfdE.suspectAtMs(estimate);
  }
}
