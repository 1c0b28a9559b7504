/**
 * Quorate: fault-tolerance protocols as statechart actors. This entry is what every application needs: actors, nodes that
 * run them, and the parts in memory. It imports nothing of Node.js, and so also runs in a browser.
 */

export * from '../statecharts/actor.ts';
export * from './bus.ts';
export { type Clock, systemClock } from './environment/clock.ts';
export { type Environment, systemEnvironment } from './environment/environment.ts';
export { type Ids, seededIds, systemIds } from './environment/ids.ts';
export { type Random, type Randomness, seededRandomness, systemRandomness } from './environment/random.ts';
export type { Endpoint, Received, ServiceMail } from './host/endpoint.ts';
export * from './host/errors.ts';
export { type ActorHandle, following, type HandleLogic, type HandleOf, type OutputOf } from './host/handle.ts';
export {
  type Happened,
  type InspectionBatch,
  type InspectionEvent,
  latest,
  type Sampler,
} from './host/inspection.ts';
export { type LogNodeOptions, logNode, type NodeLog } from './host/logging.ts';
export type { Refused, RefusedCounts } from './host/mail.ts';
export {
  createNode,
  type Node,
  type NodeLimits,
  type NodeOptions,
  type StartOptions,
} from './host/node.ts';
export type { RoleCause, RoleChange } from './host/role-change.ts';
export * from './journal.ts';
export type { Operation, Resource } from './resources/resource.ts';
