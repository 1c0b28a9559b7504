/**
 * What atomic commit claims of every run, said once, for the checker, the simulator and the tests. A claim is a pure
 * function over what was observed of a transaction. It answers with what is wrong, in words, or undefined.
 */

import type { Outcome } from '../../../statecharts/two-phase-commit.ts';
import type { Problem } from '../claim.ts';

/** At which resources the branches of a transaction stand how; a branch that changed nothing stands nowhere. */
export interface Branches {
  readonly transaction: string;
  /** Neither prepared nor at an end; also where a session and its changes are gone without a trace. */
  readonly open: readonly string[];
  readonly prepared: readonly string[];
  readonly committed: readonly string[];
  readonly aborted: readonly string[];
}

/** A coordinator that the register has answered under an epoch. */
export interface Ownership {
  readonly transaction: string;
  readonly epoch: number;
  readonly owner: string;
}

const listed = (names: readonly string[]): string => [...names].sort().join(', ');

/** Agreement (AC1): no branch commits while another one is rolled back. */
export const agreement = ({ transaction, committed, aborted }: Branches): Problem =>
  committed.length > 0 && aborted.length > 0
    ? `atomicity: ${transaction} is committed at ${listed(committed)} and rolled back at ${listed(aborted)}`
    : undefined;

/** Validity (AC3): nothing commits unless every branch is prepared. */
export function validity({ transaction, open, committed, aborted }: Branches): Problem {
  const unprepared = [...open, ...aborted];
  if (committed.length === 0 || unprepared.length === 0) return undefined;
  return `validity: ${transaction} is committed at ${listed(committed)}, and not prepared at ${listed(unprepared)}`;
}

/** AC2: no decision is reversed: all `outcomes` that `source` told of a transaction are the same. */
export function oneOutcome(transaction: string, source: string, outcomes: Iterable<Outcome>): Problem {
  const [first, second] = new Set(outcomes);
  return second === undefined
    ? undefined
    : `a decision was reversed: ${source} told ${first} of ${transaction}, and ${second}`;
}

/** Callers hear what is decided: what they heard contradicts no branch. */
export function truthful(heard: Outcome, { transaction, open, committed, aborted }: Branches): Problem {
  const against = heard === 'committed' ? [...open, ...aborted] : committed;
  if (against.length === 0) return undefined;
  return `a client was told that ${transaction} ${heard}, and it is not so at ${listed(against)}`;
}

/** What a resource, or the participant that asked it, has called rolled back does not come back. */
export const goneForGood = (resource: string, { transaction, prepared, committed }: Branches): Problem =>
  prepared.includes(resource) || committed.includes(resource)
    ? `absence: ${transaction} was rolled back for good at ${resource}, and came back`
    : undefined;

/** Durability: of a transaction that committed and is over, every branch has committed. */
export function durability({ transaction, open, prepared, aborted }: Branches): Problem {
  const missing = [...open, ...prepared, ...aborted];
  return missing.length === 0 ? undefined : `durability: ${transaction} committed, but not at ${listed(missing)}`;
}

/** A register lets one coordinator own a transaction under an epoch. */
export const oneOwnerPerEpoch = (one: Ownership, other: Ownership): Problem =>
  one.transaction === other.transaction && one.epoch === other.epoch && one.owner !== other.owner
    ? `two owners: ${one.owner} and ${other.owner} both own ${one.transaction} under epoch ${one.epoch}`
    : undefined;

/** Idempotency: what a client asked for once, however often it repeats it, at most one transaction has committed. */
export const committedOnce = (note: string, transactions: readonly string[]): Problem =>
  transactions.length > 1 ? `idempotency: '${note}' was committed by ${listed(transactions)}` : undefined;
