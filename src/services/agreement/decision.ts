/** What all calls of an agreement have in common: which decision they are about, who decides it, and how long they wait. */

import { nodeOf } from '../../../statecharts/actor.ts';
import {
  type Acceptors,
  acceptor,
  acceptorAddress,
  acceptorsOf,
  type DecisionKind,
  decisionKey,
  proposer,
  type QuorumSizes,
  register,
} from '../../../statecharts/paxos.ts';
import { type Clock, systemClock } from '../../environment/clock.ts';
import { AcceptorsDifferError, DecisionKeyError } from './errors.ts';
import { isWellFormed } from './json.ts';

/** Which decision, and who decides. */
export interface DecisionOptions {
  /** Names the decision: 1 to 512 bytes of text. All that belongs to it is kept for ever. */
  readonly key: string;
  /**
   * The nodes whose acceptors decide, in any order; up to 31. They stay the same for as long as there is the key: every
   * call has to name the same.
   */
  readonly acceptors: readonly string[];
  /** How many acceptors make a quorum of each phase; by default a majority. */
  readonly quorums?: QuorumSizes;
  /** How long the call may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
  /** Measures it; the system's clock by default. The same as the node's. */
  readonly clock?: Clock;
}

/** A decision, as charts know it. */
export interface Decision {
  /** The key of its actors' addresses. */
  readonly actorKey: string;
  readonly acceptors: Acceptors;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

/** The most bytes of a key. */
export const keyLimitBytes = 512;
const defaultDeadlineMs = 5_000;
const encoder = new TextEncoder();

/**
 * What a node needs to be an acceptor: `createNode({ ..., definitions: agreementDefinitions })`, or `startNode` likewise. Calls make
 * their own node one.
 */
export const agreementDefinitions = [acceptor, proposer, register] as const;

/** Checks what a call names. @throws DecisionKeyError, AcceptorsError, AddressError for what is no id of a node */
export function decisionOf(kind: DecisionKind, options: DecisionOptions): Decision {
  const { key, acceptors, quorums, deadlineMs = defaultDeadlineMs, clock = systemClock() } = options;
  const sizeBytes = encoder.encode(key).length;
  if (sizeBytes < 1 || sizeBytes > keyLimitBytes || !isWellFormed(key)) {
    throw new DecisionKeyError(
      `expected a key of 1 to ${keyLimitBytes} bytes of text, got ${sizeBytes}; choose another`,
    );
  }
  return {
    actorKey: decisionKey(kind, key),
    acceptors: acceptorsOf(
      acceptors.map((node) => acceptorAddress(node, kind, key)),
      quorums,
    ),
    deadlineMs,
    clock,
  };
}

/** The error for a call that named other acceptors than `theirs`. */
export function differing({ actorKey, acceptors }: Decision, theirs: Acceptors): AcceptorsDifferError {
  return new AcceptorsDifferError(
    `expected the acceptors that decide '${actorKey}', ${textOf(theirs)}, got ${textOf(acceptors)}; name those, or choose another key`,
    nodesOf(theirs),
  );
}

/** The nodes of acceptors. */
export const nodesOf = ({ acceptors }: Acceptors): readonly string[] => acceptors.map(nodeOf);

const textOf = (them: Acceptors): string =>
  `${nodesOf(them).join(', ')} (${them.phase1Size} to promise, ${them.phase2Size} to accept)`;
