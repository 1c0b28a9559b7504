/**
 * Reads that wait for their leader to be confirmed: each for a round of messages that began after it arrived and that
 * enough others have answered (Ongaro 2014, §6.4; what is enough is the protocol's).
 */

/** A read that waits for a round. */
export interface PendingRead {
  readonly id: number;
  /** The commit index when it arrived. */
  readonly index: number;
  /** The first round that began after it arrived. */
  readonly round: number;
}

/** How many of `reads`, which stand in the order of their rounds, the confirmed `round` answers: the first so many. */
export function readsDue(reads: readonly PendingRead[], round: number): number {
  let due = 0;
  while ((reads[due]?.round ?? Number.POSITIVE_INFINITY) <= round) due += 1;
  return due;
}
