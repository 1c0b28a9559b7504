/** What a check of a decision remembers of a run: the votes, which acceptors forget, and what was told to whom. */

import * as v from 'valibot';
import type { Address, Tagged } from '../../../statecharts/actor.ts';
import { answers, compareBallots } from '../../../statecharts/paxos.ts';
import type { Observation } from '../../checker.ts';
import type { Vote } from './voting.ts';

export interface DecisionHistory {
  /** What each acceptor has told of having accepted, by ballot; sorted. */
  readonly votes: readonly (Vote & { readonly acceptor: Address })[];
  /** What was told as chosen, sorted. */
  readonly told: readonly string[];
  /** The nodes that have crashed, sorted. */
  readonly crashed: readonly string[];
}

export const emptyHistory: DecisionHistory = { votes: [], told: [], crashed: [] };

const isAccepted = (message: Tagged): message is Tagged & v.InferOutput<typeof answers.accepted> =>
  message.type === 'accepted' && v.is(answers.accepted, message);

/** Folds what happens into the history. */
export function observeDecision(history: DecisionHistory, happening: Observation): DecisionHistory {
  if (happening.type === 'sent' && isAccepted(happening.message)) {
    const { ballot, value } = happening.message;
    const vote = { acceptor: happening.from, ballot, value };
    const isKnown = history.votes.some(
      (it) => it.acceptor === vote.acceptor && it.value === value && compareBallots(it.ballot, ballot) === 0,
    );
    if (isKnown) return history;
    const votes = [...history.votes, vote].sort(
      (a, b) =>
        (a.acceptor < b.acceptor ? -1 : a.acceptor > b.acceptor ? 1 : 0) ||
        compareBallots(a.ballot, b.ballot) ||
        (a.value < b.value ? -1 : 1),
    );
    return { ...history, votes };
  }
  if (happening.type === 'crashed') {
    const { node } = happening;
    return history.crashed.includes(node) ? history : { ...history, crashed: [...history.crashed, node].sort() };
  }
  if (happening.type !== 'delivered') return history;
  const { output } = happening;
  if (output.type !== 'chosen' || !('value' in output) || typeof output.value !== 'string') return history;
  return history.told.includes(output.value) ? history : { ...history, told: [...history.told, output.value].sort() };
}
