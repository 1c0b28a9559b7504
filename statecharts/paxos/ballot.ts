/**
 * Ballots, by which proposals are told apart and ordered (Paxos Made Simple §2.2: proposal numbers; The Part-Time
 * Parliament §2.1). A ballot is a round and the proposer that numbered it, so that no two proposers ever share one; that
 * a proposer does not use one of its own twice, in any life, is for the proposer to see to.
 */

import * as v from 'valibot';
import { type Address, isAddress } from '../actor/address.ts';

/** The number of a proposal. */
export interface Ballot {
  /** From 1; 0 is before any ballot. */
  readonly round: number;
  readonly proposer: Address;
}

/** A ballot as it comes off a wire or out of a journal. */
export const ballot = v.object({
  round: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  proposer: v.custom<Address>(isAddress, 'expected an address like n1/paxos.proposer/agree/owner'),
});

/** The total order of ballots, by round and then by proposer: negative when `one` comes first, 0 when they are the same. */
export function compareBallots(one: Ballot, other: Ballot): number {
  if (one.round !== other.round) return one.round - other.round;
  if (one.proposer === other.proposer) return 0;
  return one.proposer < other.proposer ? -1 : 1;
}

/** Whether `one` comes after `other`; any ballot comes after none at all. */
export const isLater = (one: Ballot, other: Ballot | null): boolean => other === null || compareBallots(one, other) > 0;

/** Whether both are the same ballot. */
export const sameBallot = (one: Ballot | null, other: Ballot | null): boolean =>
  one === other || (one !== null && other !== null && compareBallots(one, other) === 0);

/** The ballot for people, and a text that no other ballot has: `3 of n1/paxos.proposer/agree/owner`. */
export const ballotText = ({ round, proposer }: Ballot): string => `${round} of ${proposer}`;
