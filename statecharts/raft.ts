/** Raft: replicated logs. The actor, the charts of its roles, and what goes in and comes out. */

export { candidateAlone } from './raft/candidate.ts';
export { type Configuration, quorumOf, settledConfiguration } from './raft/configuration.ts';
export type { Leadership, Role as RaftRole, ServerContext } from './raft/context.ts';
export { RaftBootstrapError, RaftInvariantError } from './raft/errors.ts';
export { followerAlone } from './raft/follower.ts';
export { leaderAlone } from './raft/leader.ts';
export { Log } from './raft/log.ts';
export type {
  Entry,
  RaftInput,
  RaftMessage,
  RaftOutput,
  RaftRecord,
  RaftRequest,
  Snapshot,
} from './raft/messages.ts';
export { preCandidateAlone } from './raft/pre-candidate.ts';
export { type RaftRules, raftRules } from './raft/rules.ts';
export { defineServer, raftServer, serverChart } from './raft/server.ts';
export type { ServerView } from './raft/view.ts';
export { delays as raftDelays } from './raft/vocabulary.ts';
export { defaultLimits, type Limits as RaftLimits } from './replication/limits.ts';
export { allMembers, foundingMembers, isChanging, isPlace, type Members, sameMembers } from './replication/members.ts';
export type { Progress } from './replication/progress.ts';
export type { RequestRefusal as RefusalReason } from './replication/refusals.ts';
export { entrySizeBytes } from './replication/sequence.ts';
