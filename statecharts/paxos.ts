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
export { candidateAlone as logCandidateAlone } from './paxos/log/candidate.ts';
export type { Configuration as PaxosConfiguration } from './paxos/log/configuration.ts';
export type { Role as PaxosRole, ServerContext as PaxosServerContext } from './paxos/log/context.ts';
export { PaxosBootstrapError, PaxosInvariantError } from './paxos/log/errors.ts';
export { followerAlone as logFollowerAlone } from './paxos/log/follower.ts';
export { leaderAlone as logLeaderAlone } from './paxos/log/leader.ts';
export type {
  Entry as PaxosEntry,
  PaxosInput,
  PaxosMessage,
  PaxosOutput,
  PaxosRecord,
  PaxosRequest,
  Snapshot as PaxosSnapshot,
} from './paxos/log/messages.ts';
export { type PaxosRules, paxosRules } from './paxos/log/rules.ts';
export { Slots } from './paxos/log/slots.ts';
export type { ServerView as PaxosServerView } from './paxos/log/view.ts';
export { delays as paxosDelays } from './paxos/log/vocabulary.ts';
export * from './paxos/messages.ts';
export * from './paxos/proposer.ts';
export * from './paxos/register.ts';
export * from './paxos/rooms.ts';
export * from './paxos/rules/acceptor.ts';
export * from './paxos/rules/learner.ts';
export * from './paxos/rules/proposer.ts';
export * from './paxos/rules/register.ts';
export { definePaxosServer, paxosServer, serverChart as paxosServerChart } from './paxos/server.ts';
