/**
 * Surviving a dead primary, so far: watching nodes, and following where the primary is. Experimental: names and shapes may
 * change between minor versions.
 */

export * from '../../statecharts/failover.ts';
export * from './failover/detectors.ts';
export * from './failover/topology/errors.ts';
export {
  type AskManager,
  type FollowTopologyOptions,
  followTopology,
  type ManagerAnswer,
} from './failover/topology/follow.ts';
