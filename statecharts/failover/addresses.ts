/**
 * Where those live who watch a node, and what answers them on it. All detectors of one node have its name as their key, so
 * that they are each other's peers.
 */

import { type Address, addressOf } from '../actor.ts';

/** The names of the definitions, by which each knows the others. */
export const faultDetectorName = 'fault-detector';
export const heartbeatName = 'heartbeat';

/** The detector on `node` that watches `watched`. */
export const faultDetectorAddress = (node: string, watched: string): Address =>
  addressOf(node, faultDetectorName, watched);

/** What answers detectors on `node`. */
export const heartbeatAddress = (node: string): Address => addressOf(node, heartbeatName);
