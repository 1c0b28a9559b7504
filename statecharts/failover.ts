/**
 * Surviving a dead primary. Experimental: names and shapes may change between minor versions.
 *
 * So far: the estimators of failure detection, and how one is configured from the quality that is wanted.
 */

export * from './failover/errors.ts';
export * from './failover/estimators/configuration.ts';
export * from './failover/estimators/estimate.ts';
export type * from './failover/estimators/estimator.ts';
export { type FixedConfig, type FixedEstimate, fixedTimeout } from './failover/estimators/fixed.ts';
export { expectedArrivalMs, type NfdEConfig, type NfdEEstimate, nfdE } from './failover/estimators/nfd-e.ts';
export { type PhiConfig, type PhiEstimate, phi, phiAccrual } from './failover/estimators/phi.ts';
