/** Votes: that acceptors have told of having accepted, which is what protocols over the acceptors of Paxos choose by. */

import * as v from 'valibot';
import type { Address, Tagged } from '../../../statecharts/actor.ts';
import { answers, type Ballot, compareBallots, sameBallot } from '../../../statecharts/paxos.ts';
import { isQuorum, type Quorum } from '../../../statecharts/quorum.ts';
import type { Observation } from '../../checker.ts';

/** That an acceptor has voted for a value at a ballot. */
export interface Vote {
  readonly ballot: Ballot;
  readonly value: string;
}

/** A vote, and whose it is. */
export interface CastVote extends Vote {
  readonly acceptor: Address;
}

const isAccepted = (message: Tagged): message is Tagged & v.InferOutput<typeof answers.accepted> =>
  message.type === 'accepted' && v.is(answers.accepted, message);

/** Takes note of the vote that a message tells of, if any. The same object where there is none that is new. */
export function withVoteIn<H extends { readonly votes: readonly CastVote[] }>(
  history: H,
  { from, message }: Extract<Observation, { readonly type: 'sent' }>,
): H {
  if (!isAccepted(message)) return history;
  const { ballot, value } = message;
  const votes = withVote(history.votes, { acceptor: from, ballot, value });
  return votes === history.votes ? history : { ...history, votes };
}

/** `votes` with one more; the same object where it is known. */
export function withVote(votes: readonly CastVote[], vote: CastVote): readonly CastVote[] {
  const isKnown = votes.some(
    (it) => it.acceptor === vote.acceptor && it.value === vote.value && sameBallot(it.ballot, vote.ballot),
  );
  if (isKnown) return votes;
  return [...votes, vote].sort(
    (a, b) =>
      (a.acceptor < b.acceptor ? -1 : a.acceptor > b.acceptor ? 1 : 0) ||
      compareBallots(a.ballot, b.ballot) ||
      (a.value < b.value ? -1 : 1),
  );
}

/** What a quorum has voted for at one ballot, each once. */
export function choicesIn(votes: readonly CastVote[], quorum: Quorum): readonly Vote[] {
  const isSame = (one: Vote, other: Vote): boolean => one.value === other.value && sameBallot(one.ballot, other.ballot);
  return votes.filter((vote, place) => {
    const alike = votes.filter((it) => isSame(it, vote));
    return (
      votes.findIndex((it) => isSame(it, vote)) === place &&
      isQuorum(
        quorum,
        alike.map(({ acceptor }) => acceptor),
      )
    );
  });
}
