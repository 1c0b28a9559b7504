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

/** What a leader knows of the reads that it was asked, in the order of their rounds, and its last round. */
interface Asked {
  readonly reads: readonly PendingRead[];
  readonly round: number;
}

interface Answered<Leadership extends Asked> {
  readonly answered: readonly PendingRead[];
  readonly leadership: Leadership;
  /** Reads that arrived during the round that has just ended share the next one, which must begin. */
  readonly mustAsk: boolean;
}

/** Which reads of `leadership` the `confirmed` round answers, and what becomes of the others. */
export function answeredBy<Leadership extends Asked>(leadership: Leadership, confirmed: number): Answered<Leadership> {
  const due = readsDue(leadership.reads, confirmed);
  if (due === 0) return { answered: [], leadership, mustAsk: false };
  const reads = leadership.reads.slice(due);
  return {
    answered: leadership.reads.slice(0, due),
    leadership: { ...leadership, reads },
    mustAsk: (reads.at(-1)?.round ?? 0) > leadership.round,
  };
}

/** How many of `reads` the confirmed `round` answers: the first so many. */
function readsDue(reads: readonly PendingRead[], round: number): number {
  let due = 0;
  while ((reads[due]?.round ?? Number.POSITIVE_INFINITY) <= round) due += 1;
  return due;
}
