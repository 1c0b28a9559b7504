/**
 * Paxos (Lamport, Paxos Made Simple, 2001): acceptors that promise and accept, and who decides with them. Quorums are
 * majorities, or any whose two phases meet.
 */

export * from './paxos/acceptor.ts';
export * from './paxos/acceptors.ts';
export * from './paxos/addresses.ts';
export * from './paxos/ballot.ts';
export * from './paxos/errors.ts';
export * from './paxos/learner.ts';
export * from './paxos/messages.ts';
export * from './paxos/proposer.ts';
export * from './paxos/rules/acceptor.ts';
export * from './paxos/rules/learner.ts';
export * from './paxos/rules/proposer.ts';
