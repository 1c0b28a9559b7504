/**
 * Where those live who watch and steer. All detectors of what is watched have its name as their key, so that they are each
 * other's peers; what belongs to a group has the group's name as its key, and what belongs to one of its servers both names.
 */

import { type Address, addressOf } from '../actor.ts';

/** The names of the definitions, by which each knows the others. */
export const faultDetectorName = 'fault-detector';
export const heartbeatName = 'heartbeat';
export const probeName = 'failover.probe';
export const managerName = 'failover.manager';
export const standbyName = 'failover.standby';
export const registerName = 'failover.register';
export const routeName = 'failover.route';

/** The detector on `node` that watches `watched`. */
export const faultDetectorAddress = (node: string, watched: string): Address =>
  addressOf(node, faultDetectorName, watched);

/** What answers detectors on `node`. */
export const heartbeatAddress = (node: string): Address => addressOf(node, heartbeatName);

/** What a server of a group is called where servers of several groups are told apart. */
export const serverKey = (group: string, server: string): string => `${group}.${server}`;

/** What pings the server for the detectors on `node`. */
export const probeAddress = (node: string, group: string, server: string): Address =>
  addressOf(node, probeName, serverKey(group, server));

/** What steers the group when `node` is in office. */
export const managerAddress = (node: string, group: string): Address => addressOf(node, managerName, group);

/** What operates the server for the manager on `node`. */
export const standbyAddress = (node: string, group: string, server: string): Address =>
  addressOf(node, standbyName, serverKey(group, server));

/** What keeps the standing of the group, as `node` reaches it. */
export const registerAddress = (node: string, group: string): Address => addressOf(node, registerName, group);
