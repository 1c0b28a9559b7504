/** What a check of two-phase commit remembers of a run: what was told to whom, which no state of an actor keeps. */

import type { Observation } from '../../checker.ts';

/** Which outcomes were told; `both` is what must never be. */
export type Told = 'none' | 'committed' | 'aborted' | 'both';

export interface CommitHistory {
  /** What callers were told. */
  readonly verdict: Told;
  /** The decisions that were sent, by coordinators or by participants that know. */
  readonly decision: Told;
  /** Whether a branch was found with another outcome than the decided one. */
  readonly hazard: boolean;
}

export const emptyHistory: CommitHistory = { verdict: 'none', decision: 'none', hazard: false };

const withOutcome = (told: Told, outcome: unknown): Told => {
  if (outcome !== 'committed' && outcome !== 'aborted') return told;
  return told === 'none' || told === outcome ? outcome : 'both';
};

/** Folds what happens into the history. */
export function observeCommit(history: CommitHistory, happening: Observation): CommitHistory {
  if (happening.type === 'sent') {
    const { message } = happening;
    if (message.type !== 'decision' || !('outcome' in message)) return history;
    return { ...history, decision: withOutcome(history.decision, message.outcome) };
  }
  if (happening.type !== 'delivered') return history;
  const { type } = happening.output;
  if (type === 'hazard') return { ...history, hazard: true };
  return { ...history, verdict: withOutcome(history.verdict, type) };
}
