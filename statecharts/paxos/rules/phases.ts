/**
 * The two phases of a ballot as those who propose see them (Paxos Made Simple §2.2): what they ask of the acceptors, what
 * they count, and which value they may propose.
 */

import { type Address, send } from '../../actor.ts';
import { isQuorum } from '../../quorum.ts';
import { type Acceptors, phase1Quorum, phase2Quorum } from '../acceptors.ts';
import { type Ballot, isLater, sameBallot } from '../ballot.ts';
import type { Acceptance } from '../messages.ts';

/** What an acceptor has promised with. */
export interface Promised {
  readonly from: Address;
  readonly accepted: Acceptance | null;
}

/** How far a proposer has come with its ballot. */
export interface Phases {
  readonly self: Address;
  readonly acceptors: Acceptors;
  /** The round of its last ballot, 0 before the first. Durable before the ballot is used. */
  readonly round: number;
  /** The latest round that it has heard of. */
  readonly highestRound: number;
  /** Phase 1: who has promised, sorted. */
  readonly promises: readonly Promised[];
  /** Phase 2: who has accepted, sorted. */
  readonly acceptances: readonly Address[];
}

/** Beyond so many refusals in a row, pauses grow no longer. */
const mostRefusals = 6;

/** What a refusal leaves: the next ballot has to be later than the one that stands in the way, after a longer pause. */
export const steppedBack = (
  { highestRound, refusals }: { readonly highestRound: number; readonly refusals: number },
  promised: Ballot,
) => ({ highestRound: Math.max(highestRound, promised.round), refusals: Math.min(refusals + 1, mostRefusals) });

/** A round beyond all that it has used or heard of. */
export const nextRound = ({ round, highestRound }: Phases): number => Math.max(round, highestRound) + 1;

/** The ballot at hand. */
export const ballotOf = ({ round, self }: Pick<Phases, 'round' | 'self'>): Ballot => ({ round, proposer: self });

/** Whether an answer is to the ballot at hand: each counts for its own ballot alone. */
const isOfBallot = (phases: Phases, { ballot }: { readonly ballot: Ballot }): boolean =>
  sameBallot(ballot, ballotOf(phases));

/** Phase 1a, to those acceptors that have not promised yet. */
export const prepares = (phases: Phases) => {
  const { acceptors, promises } = phases;
  const missing = acceptors.acceptors.filter((it) => !promises.some(({ from }) => from === it));
  return missing.map((to) => send(to, { type: 'prepare' as const, ballot: ballotOf(phases), acceptors }));
};

/** Phase 2a, to those acceptors that have not accepted yet. */
export const accepts = (phases: Phases, value: string) => {
  const { acceptors, acceptances } = phases;
  const missing = acceptors.acceptors.filter((it) => !acceptances.includes(it));
  return missing.map((to) => send(to, { type: 'accept' as const, ballot: ballotOf(phases), acceptors, value }));
};

/** The promises with one more; the first of each acceptor stays. */
const withPromise = (promises: readonly Promised[], { from, accepted }: Promised): readonly Promised[] =>
  promises.some((it) => it.from === from)
    ? promises
    : [...promises, { from, accepted }].sort((one, other) => (one.from < other.from ? -1 : 1));

/** The acceptances with one more. */
const withAcceptance = (acceptances: readonly Address[], from: Address): readonly Address[] =>
  acceptances.includes(from) ? acceptances : [...acceptances, from].sort();

/** Whether a quorum has promised. */
const isPrepared = ({ acceptors, promises }: Phases): boolean =>
  isQuorum(
    phase1Quorum(acceptors),
    promises.map(({ from }) => from),
  );

/** Whether a quorum has accepted, all of them at the ballot at hand: the value is chosen. */
const isChosen = ({ acceptors, acceptances }: Phases): boolean => isQuorum(phase2Quorum(acceptors), acceptances);

/**
 * The acceptance of the highest ballot among the promises (P2c): if any value is chosen at an earlier ballot, then it is
 * this one. Null when none of them has accepted anything, and so none is chosen.
 */
export const latestAccepted = (promises: readonly Promised[]): Acceptance | null =>
  promises.reduce<Acceptance | null>(
    (latest, { accepted }) =>
      accepted !== null && isLater(accepted.ballot, latest?.ballot ?? null) ? accepted : latest,
    null,
  );

/** The rules that all who propose have in common. */
export const phaseRules = {
  /** Phase 1a, again, where no promise has come. */
  prepareAgain: (phases: Phases) => ({ effects: prepares(phases) }),

  hearPromise: ({ promises }: Phases, promised: Promised) => ({
    context: { promises: withPromise(promises, promised) },
  }),

  hearAccepted: ({ acceptances }: Phases, { from }: { readonly from: Address }) => ({
    context: { acceptances: withAcceptance(acceptances, from) },
  }),

  isOfBallot,
  isPrepared,
  isChosen,
};
