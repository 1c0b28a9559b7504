/** Replicated stores: the service, the key-value state machine, sessions, and clients over any bus. */

export { type Client, createStoreClient, type StoreClientOptions } from './store/client.ts';
export * from './store/errors.ts';
export * from './store/key-value/machine.ts';
export * from './store/key-value/store.ts';
export type { LogMembers, LogMembership, MemberChange, MemberRefusal } from './store/log/members.ts';
export { type PaxosOptions, paxos } from './store/log/paxos.ts';
export {
  type PrimaryBackupOptions,
  primaryBackup,
  type ReplicaReport,
} from './store/log/primary-backup.ts';
export { type RaftOptions, raft } from './store/log/raft.ts';
export type * from './store/log/replicated-log.ts';
export * from './store/replicated-store.ts';
export type { MemberAdministration } from './store/requests/requester.ts';
export type { Applied, SlicedStateMachine, StateMachine, StateRestoration, StateView } from './store/state-machine.ts';
