/**
 * How far data reach, across epochs. Whoever holds something of an epoch's history holds all that was acknowledged before that
 * epoch; so positions compare by epoch first, and within one history by offset. A history that the standing does not know may
 * be anything, and reaches nowhere. So does a position before the beginning of its history: a standby takes the name of a new
 * history (Redis: `+CONTINUE` with another replication id) before it has what lies between its own data and that beginning.
 */

import type { Position } from '../servers.ts';
import { type Member, type Standing, sameMember } from './standing.ts';

/** A position, with the epoch of its history. */
export interface Reach {
  readonly epoch: number;
  readonly offset: number;
}

/** What was found of a server: which one in which incarnation, and how far its data reach. */
export interface Found extends Member {
  readonly position: Position;
}

export const compareReach = (one: Reach, other: Reach): number => one.epoch - other.epoch || one.offset - other.offset;

/**
 * How far a server's data reach; null where that is not known. A candidate that was promoted before that could be recorded
 * has begun the history of the epoch in which it was chosen, whatever that is called.
 */
export function reachOf({ histories, candidate, epoch }: Standing, found: Found): Reach | null {
  const { history, offset } = found.position;
  const known = histories.find((it) => it.history === history);
  if (known !== undefined) return offset < known.since ? null : { epoch: known.epoch, offset };
  return sameMember(candidate, found) ? { epoch, offset } : null;
}
