/**
 * Surviving a dead primary. Experimental: names and shapes may change between minor versions.
 *
 * So far: the fault detector, what answers it, and its estimators, which are configured from the quality that is wanted.
 */

export * from './failover/addresses.ts';
export type * from './failover/context.ts';
export * from './failover/errors.ts';
export * from './failover/estimators/configuration.ts';
export * from './failover/estimators/estimate.ts';
export type * from './failover/estimators/estimator.ts';
export { type FixedConfig, type FixedEstimate, fixedTimeout } from './failover/estimators/fixed.ts';
export { expectedArrivalMs, type NfdEConfig, type NfdEEstimate, nfdE } from './failover/estimators/nfd-e.ts';
export { type PhiConfig, type PhiEstimate, phi, phiAccrual } from './failover/estimators/phi.ts';
export {
  defineFaultDetector,
  faultDetector,
  faultDetectorChart,
} from './failover/fault-detector.ts';
export {
  defineHeartbeat,
  type HeartbeatContext,
  type HeartbeatRules,
  heartbeat,
  heartbeatChart,
  heartbeatRules,
} from './failover/heartbeat.ts';
export {
  type FaultDetectorMessage,
  type HeartbeatMessage,
  type Opinion,
  type OpinionChange,
  opinions,
  type Why,
} from './failover/messages.ts';
export * from './failover/quality.ts';
export { suspicionMs } from './failover/rules/judging.ts';
export { type FaultDetectorRules, faultDetectorRules } from './failover/rules.ts';
export { type DetectorSettings, defaultDetectorSettings } from './failover/settings.ts';
export { faultDetectorDelays } from './failover/vocabulary.ts';
