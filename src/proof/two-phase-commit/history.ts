/** What a check of two-phase commit remembers of a run: what was told to whom, which no state of an actor keeps. */

import type { Outcome } from '../../../statecharts/two-phase-commit.ts';
import type { Observation } from '../../checker.ts';

export interface CommitHistory {
  /** What callers were told, sorted. */
  readonly verdicts: readonly Outcome[];
  /** The decisions that were sent, by coordinators or by participants that know, sorted. */
  readonly decisions: readonly Outcome[];
  /** Whether a branch was found with another outcome than the decided one. */
  readonly hazard: boolean;
}

export const emptyHistory: CommitHistory = { verdicts: [], decisions: [], hazard: false };

function withOutcome(told: readonly Outcome[], outcome: unknown): readonly Outcome[] {
  if ((outcome !== 'committed' && outcome !== 'aborted') || told.includes(outcome)) return told;
  return told.length === 0 ? [outcome] : ['aborted', 'committed'];
}

/** Folds what happens into the history. */
export function observeCommit(history: CommitHistory, happening: Observation): CommitHistory {
  if (happening.type === 'sent') {
    const { message } = happening;
    if (message.type !== 'decision' || !('outcome' in message)) return history;
    return { ...history, decisions: withOutcome(history.decisions, message.outcome) };
  }
  if (happening.type !== 'delivered') return history;
  const { type } = happening.output;
  if (type === 'hazard') return { ...history, hazard: true };
  return { ...history, verdicts: withOutcome(history.verdicts, type) };
}
