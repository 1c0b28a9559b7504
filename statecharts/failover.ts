/**
 * Surviving a dead primary. Experimental: names and shapes may change between minor versions.
 *
 * The fault detector, what answers it, and its estimators, which are configured from the quality that is wanted; and groups of
 * servers, of which one is primary: their standing, and what managers, standbys and the register of the standing say.
 */

export * from './failover/addresses.ts';
export type * from './failover/detector/context.ts';
export * from './failover/detector/estimators/configuration.ts';
export * from './failover/detector/estimators/estimate.ts';
export type * from './failover/detector/estimators/estimator.ts';
export { type FixedConfig, type FixedEstimate, fixedTimeout } from './failover/detector/estimators/fixed.ts';
export { expectedArrivalMs, type NfdEConfig, type NfdEEstimate, nfdE } from './failover/detector/estimators/nfd-e.ts';
export { type PhiConfig, type PhiEstimate, phi, phiAccrual } from './failover/detector/estimators/phi.ts';
export {
  type FaultDetectorMessage,
  type HeartbeatMessage,
  type Opinion,
  type OpinionChange,
  opinions,
  type Why,
} from './failover/detector/messages.ts';
export * from './failover/detector/quality.ts';
export { suspicionMs } from './failover/detector/rules/judging.ts';
export { type FaultDetectorRules, faultDetectorRules } from './failover/detector/rules.ts';
export { type DetectorSettings, defaultDetectorSettings } from './failover/detector/settings.ts';
export { faultDetectorDelays } from './failover/detector/vocabulary.ts';
export * from './failover/errors.ts';
export { defineFailoverManager, failoverManager, managerChart } from './failover/failover-manager.ts';
export {
  defineFaultDetector,
  faultDetector,
  faultDetectorChart,
} from './failover/fault-detector.ts';
export * from './failover/group/changes.ts';
export * from './failover/group/choice.ts';
export * from './failover/group/decide.ts';
export * from './failover/group/journal.ts';
export * from './failover/group/plan.ts';
export * from './failover/group/positions.ts';
export * from './failover/group/register.ts';
export * from './failover/group/standing.ts';
export {
  defineHeartbeat,
  type HeartbeatContext,
  type HeartbeatRules,
  heartbeat,
  heartbeatChart,
  heartbeatRules,
} from './failover/heartbeat.ts';
export {
  type ManagerBegin,
  type ManagerContext,
  managerContext,
  type Seen,
  type Sight,
} from './failover/manager/context.ts';
export { type FoundingObstacle, foundingObstacles } from './failover/manager/founding.ts';
export {
  type Alarm,
  alarms,
  type ManagerMessage,
  type ManagerOutput,
  type ManagerRefusal,
  type ManagerRequest,
  type ManagerRole,
  managerMessages,
  managerRequests,
  managerRoles,
} from './failover/manager/messages.ts';
export { type ManagerRules, managerRules } from './failover/manager/rules.ts';
export type { ManagerView } from './failover/manager/view.ts';
export { managerDelays } from './failover/manager/vocabulary.ts';
export {
  defineProbe,
  type ProbeBegin,
  type ProbeContext,
  type ProbeRules,
  probe,
  probeChart,
  probeRules,
} from './failover/probe.ts';
export type { RouteBegin, RouteContext } from './failover/route/context.ts';
export type { Cut, RouteOutput } from './failover/route/messages.ts';
export { type RouteRules, routeRules } from './failover/route/rules.ts';
export { defineRoute, route, routeChart } from './failover/route.ts';
export * from './failover/servers.ts';
export { type StandbyBegin, type StandbyContext, standbyContext } from './failover/standby/context.ts';
export {
  type Done,
  type Order,
  type StandbyMessage,
  type StandbyOperation,
  type StandbyReport,
  type StandbyRole,
  standbyMessages,
  standbyRoles,
} from './failover/standby/messages.ts';
export { type StandbyRules, standbyRules } from './failover/standby/rules.ts';
export type { StandbyView } from './failover/standby/view.ts';
export { standbyDelays } from './failover/standby/vocabulary.ts';
export { defineStandby, standby, standbyChart } from './failover/standby.ts';
export * from './failover/topology.ts';
