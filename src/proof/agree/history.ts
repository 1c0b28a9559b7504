/** What a check of a decision remembers of a run: the votes, which acceptors forget, and what was told to whom. */

import type { Observation } from '../../checker.ts';
import { type CastVote, withVoteIn } from '../acceptors/votes.ts';

export interface DecisionHistory {
  /** What each acceptor has told of having accepted, by ballot; sorted. */
  readonly votes: readonly CastVote[];
  /** What was told as chosen, sorted. */
  readonly told: readonly string[];
  /** The nodes that have crashed, sorted. */
  readonly crashed: readonly string[];
}

export const emptyHistory: DecisionHistory = { votes: [], told: [], crashed: [] };

/** Folds what happens into the history. */
export function observeDecision(history: DecisionHistory, happening: Observation): DecisionHistory {
  if (happening.type === 'sent') return withVoteIn(history, happening);
  if (happening.type === 'crashed') {
    const { node } = happening;
    return history.crashed.includes(node) ? history : { ...history, crashed: [...history.crashed, node].sort() };
  }
  if (happening.type !== 'delivered') return history;
  const { output } = happening;
  if (output.type !== 'chosen' || !('value' in output) || typeof output.value !== 'string') return history;
  return history.told.includes(output.value) ? history : { ...history, told: [...history.told, output.value].sort() };
}
