/**
 * What failover claims of every run, said once. A claim is a pure function over what was observed, and answers with what is
 * wrong, in words, or undefined.
 */

import type { Problem } from '../claim.ts';

/** A write, or a read, that a client was told of. */
export interface Told {
  readonly write: string;
  /** The epoch, and the server, under which it was acknowledged. */
  readonly epoch: number;
  readonly server: string;
  /** Whether it was asked when a write of a later epoch had been acknowledged before. */
  readonly isLate: boolean;
}

/** A server that is primary. */
export interface Reign {
  readonly server: string;
  readonly epoch: number;
  /** Whether its data have the write. */
  holds(write: string): boolean;
}

/** What was acknowledged is in every later primary, when it becomes one and for as long as it is. */
export function survives(told: Told, reign: Reign): Problem {
  if (reign.epoch <= told.epoch || reign.holds(told.write)) return undefined;
  return `${reign.server}, primary of epoch ${reign.epoch}, lacks ${told.write}, which was acknowledged in epoch ${told.epoch}`;
}

/** In each epoch one server acknowledges. */
export const oneServer = (one: Told, other: Told): Problem =>
  one.epoch === other.epoch && one.server !== other.server
    ? `${one.server} and ${other.server} both acknowledge in epoch ${one.epoch}`
    : undefined;

/**
 * What a client is told under an epoch it asked before any later epoch acknowledged a write: so no reply is older than one
 * before it. (The last confirmation of an epoch may be on its way while the next one begins.)
 */
export const inOrder = ({ write, epoch, isLate }: Told): Problem =>
  isLate
    ? `${write} is answered in epoch ${epoch}, and was asked after a later one had acknowledged a write`
    : undefined;
