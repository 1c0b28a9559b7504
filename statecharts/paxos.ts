/**
 * Paxos (Lamport, Paxos Made Simple, 2001): acceptors that promise and accept, and who decides with them. Quorums are
 * majorities, or any whose two phases meet.
 */

export * from './paxos/acceptors.ts';
export * from './paxos/ballot.ts';
export * from './paxos/errors.ts';
