/**
 * The abstract specification that forms of Paxos refine: Lamport's Voting (in "The Paxos algorithm, or how to win a Turing
 * award", and TLA+ Examples, PaxosHowToWinATuringAward). There are no messages and no proposers: acceptors give up
 * ballots, and vote for values at ballots, one value at each. A vote is allowed only where a quorum shows that no other
 * value was or can be chosen at any earlier ballot. From that it follows that at most one value is ever chosen.
 */

import type { Address } from '../../../statecharts/actor.ts';
import { type Ballot, compareBallots, isLater, sameBallot } from '../../../statecharts/paxos.ts';
import { isQuorum, type Quorum } from '../../../statecharts/quorum.ts';
import type { Specification } from '../../checker.ts';
import type { Vote } from '../acceptors/votes.ts';

/** What an acceptor has done. */
export interface Voter {
  readonly acceptor: Address;
  /** It votes at no earlier ballot any more; null at first. */
  readonly maxBallot: Ballot | null;
  /** All its votes, by ballot. */
  readonly votes: readonly Vote[];
}

/** A state of the specification: the acceptors, always in the same order. */
export type Voting = readonly Voter[];

/** The quorums of the two phases; the same ones in the original, any that meet after Flexible Paxos. */
export interface VotingQuorums {
  readonly phase1: Quorum;
  readonly phase2: Quorum;
}

const voteAt = ({ votes }: Voter, ballot: Ballot): Vote | undefined =>
  votes.find((vote) => sameBallot(vote.ballot, ballot));

/** The values for which a quorum has voted at one ballot. */
export function chosenIn(voting: Voting, { phase2 }: VotingQuorums): readonly string[] {
  const all = voting.flatMap(({ votes }) => votes);
  const chosen = all.filter(({ ballot }) =>
    isQuorum(
      phase2,
      voting.filter((voter) => voteAt(voter, ballot) !== undefined).map(({ acceptor }) => acceptor),
    ),
  );
  return [...new Set(chosen.map(({ value }) => value))].sort();
}

/**
 * ShowsSafeAt, for some quorum: all of it have given up earlier ballots, and at the latest of these at which any of it has
 * voted, that was for `value`.
 */
export function isSafeAt(voting: Voting, { phase1 }: VotingQuorums, { ballot, value }: Vote): boolean {
  const ready = voting.filter(({ maxBallot }) => maxBallot !== null && compareBallots(maxBallot, ballot) >= 0);
  const latestOf = ({ votes }: Voter): Vote | null =>
    votes.reduce<Vote | null>(
      (latest, vote) => (isLater(ballot, vote.ballot) && isLater(vote.ballot, latest?.ballot ?? null) ? vote : latest),
      null,
    );
  // Of a group that shows a value safe, the latest vote is some vote, or none: then nobody may have voted later.
  const bases: readonly (Vote | null)[] = [null, ...ready.map(latestOf)];
  return bases.some((base) => {
    if (base !== null && base.value !== value) return false;
    const within = ready.filter((voter) => {
      const latest = latestOf(voter);
      return latest === null || (base !== null && compareBallots(latest.ballot, base.ballot) <= 0);
    });
    const hasBase = base === null || within.some((voter) => voteAt(voter, base.ballot) !== undefined);
    return (
      hasBase &&
      isQuorum(
        phase1,
        within.map(({ acceptor }) => acceptor),
      )
    );
  });
}

/** The one acceptor that differs, before and after; undefined when there are more, or none. */
function changed(before: Voting, after: Voting): readonly [was: Voter, is: Voter] | undefined {
  const pairs = before.flatMap((was, index) => {
    const is = after[index];
    return is === undefined || isSame(was, is) ? [] : [[was, is] as const];
  });
  return pairs.length === 1 ? pairs[0] : undefined;
}

const isSame = (one: Voter, other: Voter): boolean =>
  sameBallot(one.maxBallot, other.maxBallot) && hasSameVotes(one, other);
const hasSameVotes = (one: Voter, other: Voter): boolean =>
  one.votes.length === other.votes.length &&
  one.votes.every((vote) => voteAt(other, vote.ballot)?.value === vote.value);

/** The specification. */
export const votingOf = (quorums: VotingQuorums): Omit<Specification<Voting>, 'maps'> => ({
  begins: (voting) => voting.every(({ maxBallot, votes }) => maxBallot === null && votes.length === 0),
  steps: {
    IncreaseMaxBal(before, after) {
      const [was, is] = changed(before, after) ?? [];
      if (was === undefined || is === undefined || is.maxBallot === null) return false;
      return hasSameVotes(was, is) && isLater(is.maxBallot, was.maxBallot);
    },
    VoteFor(before, after) {
      const [was, is] = changed(before, after) ?? [];
      if (was === undefined || is === undefined) return false;
      const [vote, another] = is.votes.filter(({ ballot }) => voteAt(was, ballot) === undefined);
      if (vote === undefined || another !== undefined || is.votes.length !== was.votes.length + 1) return false;
      const others = before.filter((it) => it !== was);
      return (
        hasSameVotes(was, { ...is, votes: is.votes.filter((it) => it !== vote) }) &&
        sameBallot(is.maxBallot, vote.ballot) &&
        !isLater(was.maxBallot ?? vote.ballot, vote.ballot) &&
        others.every((it) => (voteAt(it, vote.ballot)?.value ?? vote.value) === vote.value) &&
        // An acceptor gives up earlier ballots as it votes, so it may itself be one of those who show the value safe.
        isSafeAt([...others, { ...was, maxBallot: vote.ballot }], quorums, vote)
      );
    },
  },
});
