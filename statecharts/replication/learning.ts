/**
 * How a server that is to vote learns the log before it does (Ongaro 2014, §4.2.1): in rounds, each of which sends what the
 * log holds when it begins; the one that ends in time is the last.
 */

import type { Progress } from './progress.ts';

/** A round in which the server that joins catches up. */
export interface CatchUp {
  /** From 1. */
  readonly round: number;
  /** The last entry of the log when the round began. */
  readonly targetIndex: number;
  /** How far the learner had come at the last look at it: entries, and signs of life from a snapshot's transfer. */
  readonly matched: number;
  readonly fetching: number;
}

/** Rounds after which a learner that was never in time is given up: it would hold up what it votes on. */
const maxRounds = 10;

/** A learner whose transfer has failed once is no further by trying again. */
const headwayOf = (learner: Progress | undefined): Pick<CatchUp, 'matched' | 'fetching'> => ({
  matched: learner?.match ?? 0,
  fetching: learner?.mode === 'snapshotting' && !learner.hasFailed ? learner.fetching : 0,
});

/** The round after `catchUp`; each has less to send, and so is shorter. */
export const nextRound = (catchUp: CatchUp | null, learner: Progress | undefined, lastIndex: number): CatchUp => ({
  round: (catchUp?.round ?? 0) + 1,
  targetIndex: lastIndex,
  ...headwayOf(learner),
});

/** Whether the learner has all that the round sends. */
export const hasEnded = (catchUp: CatchUp | null, learner: Progress | undefined): boolean =>
  (learner?.match ?? 0) >= (catchUp?.targetIndex ?? Number.POSITIVE_INFINITY);

/** Whether there is no further round. */
export const isLastRound = (catchUp: CatchUp | null): boolean => (catchUp?.round ?? 0) >= maxRounds;

/** Whether the learner has come further since the last look. */
export function isFurther(catchUp: CatchUp | null, learner: Progress | undefined): boolean {
  const { matched, fetching } = headwayOf(learner);
  return catchUp !== null && (matched > catchUp.matched || fetching > catchUp.fetching);
}

/** The round as of this look. */
export const lookedAt = (catchUp: CatchUp, learner: Progress | undefined): CatchUp => ({
  ...catchUp,
  ...headwayOf(learner),
});
