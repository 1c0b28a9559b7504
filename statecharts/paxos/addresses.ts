/**
 * Where acceptors live, and those who talk to them. The key of an address begins with the kind of what is decided, so that
 * decisions of different kinds and the same key have nothing to do with each other.
 */

import { type Address, addressOf } from '../actor.ts';

/** The names of the definitions, by which each knows the others. */
export const acceptorName = 'paxos.acceptor';
export const proposerName = 'paxos.proposer';
export const learnerName = 'paxos.learner';
export const registerName = 'paxos.register';

/** What is decided under a key: one value for ever, or the values of a register, one after the other. */
export type DecisionKind = 'agree' | 'register';

/** The key of all addresses that have to do with one decision. */
export const decisionKey = (kind: DecisionKind, key: string): string => `${kind}/${key}`;

/** Where the acceptor of a decision lives on `node`. */
export const acceptorAddress = (node: string, kind: DecisionKind, key: string): Address =>
  addressOf(node, acceptorName, decisionKey(kind, key));
