/**
 * Where a manager's decisions are kept: in its node's journal, in a decision register, or with acceptors (Paxos Commit).
 * A transaction's id says which of these it is, and by a digest which acceptors: whoever finds its branches in a database
 * asks those and no others, for others would know nothing of it and call it aborted.
 */

import { acceptorsOf } from '../../../statecharts/paxos/acceptors.ts';
import { acceptorAddress, type DecisionPlace } from '../../../statecharts/two-phase-commit.ts';
import { acceptorsDigest, type DecisionKind, partsOfTransactionId } from './ids.ts';

/** In the journal of the manager's node: while that is dead, what is prepared waits for it. */
export interface JournalDecisions {
  readonly type: 'journal';
}

/** In a decision register among the node's resources, under this name. */
export interface RegisterDecisions<Name extends string = string> {
  readonly type: 'register';
  readonly resource: Name;
}

/** With acceptors, one for each of these nodes. */
export interface AcceptorDecisions {
  readonly type: 'acceptors';
  readonly nodes: readonly string[];
  /** Acceptors that earlier transactions were decided by. */
  readonly former: readonly (readonly string[])[];
}

/** Where decisions are kept. Made by `inJournal`, `inRegister` and `paxosCommit`. */
export type Decisions<Name extends string = string> = JournalDecisions | RegisterDecisions<Name> | AcceptorDecisions;

/** Keeps decisions in the journal of the manager's node. The default. */
export const inJournal = (): JournalDecisions => ({ type: 'journal' });

/**
 * Keeps decisions in a decision register, so that other nodes can take over.
 *
 * @param resource its name among the node's resources
 */
export const inRegister = <const Name extends string>(resource: Name): RegisterDecisions<Name> => ({
  type: 'register',
  resource,
});

/**
 * Keeps decisions with acceptors, after Gray & Lamport, Consensus on Transaction Commit (2006): of 2F + 1 of them, F may
 * be dead together with the coordinator, and other nodes can still take over. Each of these nodes is made with
 * `definitions: transactionDefinitions`, or has a manager itself.
 *
 * @param options `acceptors`: the ids of the nodes, those to be used first in front, where a manager's own node always
 * stands; `former`: sets of acceptors that were given before, for as long as their transactions may be in doubt
 * @throws AcceptorsError when there are none, too many, or one is named twice
 *
 * @example
 * createTransactionManager({ node, decisions: paxosCommit({ acceptors: ['n1', 'n2', 'n3'] }) });
 */
export function paxosCommit(options: {
  readonly acceptors: readonly string[];
  readonly former?: readonly (readonly string[])[];
}): AcceptorDecisions {
  const { acceptors, former = [] } = options;
  for (const nodes of [acceptors, ...former]) acceptorsOf(nodes.map((node) => acceptorAddress(node, 'any')));
  return { type: 'acceptors', nodes: acceptors, former };
}

/** How a manager finds where the decision of a transaction is kept. */
export interface Places {
  readonly decisions: Decisions;
  /** For the transactions that it begins. */
  readonly own: DecisionPlace;
  /** What ids of those say about it. */
  readonly named: { readonly kind: DecisionKind; readonly acceptors?: string };
  /** Of a transaction that acceptors or a register decide; a text says why it cannot be told. */
  of(transaction: string): DecisionPlace | string;
}

/**
 * Makes the finder of a manager's decisions.
 *
 * @param retentionMs how long acceptors remember an outcome
 */
export function createPlaces(decisions: Decisions, last: string | undefined, retentionMs: number): Places {
  const { type } = decisions;
  const sets = type === 'acceptors' ? [decisions.nodes, ...decisions.former] : [];
  const byDigest = new Map(sets.map((nodes) => [acceptorsDigest(nodes), nodes]));
  const withAcceptors = (nodes: readonly string[]): DecisionPlace => ({ type: 'acceptors', nodes, retentionMs });
  const own: DecisionPlace = type === 'acceptors' ? withAcceptors(decisions.nodes) : decisions;
  return {
    decisions,
    own,
    named:
      type === 'acceptors'
        ? { kind: 'acceptors', acceptors: acceptorsDigest(decisions.nodes) }
        : { kind: type === 'journal' && last !== undefined ? 'last' : type },
    of(transaction) {
      const id = partsOfTransactionId(transaction);
      if (id?.kind === 'register') {
        if (type === 'register') return own;
        return `transaction ${transaction} was decided in a register; name it to the manager`;
      }
      const nodes = id?.acceptors === undefined ? undefined : byDigest.get(id.acceptors);
      if (nodes !== undefined) return withAcceptors(nodes);
      return `transaction ${transaction} was decided by other acceptors than this manager has; name them as \`former\``;
    },
  };
}
