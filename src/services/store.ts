/** Replicated stores: the service, the key-value state machine, sessions, and clients over any bus. */

export { type Answer, answerOf, type Problem } from './http/problems.ts';
export { type Client, createStoreClient, type StoreClientOptions } from './store/client.ts';
export * from './store/coordination/coordination.ts';
export { type KeptLeaseOptions, keptLease } from './store/coordination/kept-lease.ts';
export type { First } from './store/coordination/queue.ts';
export type { TurnInput, TurnOutput } from './store/coordination/turn.ts';
export * from './store/errors.ts';
export { bytesOfKey, carriesBytes, keyOfBytes } from './store/key-value/byte-keys.ts';
export {
  type Comparison,
  type Condition,
  type KeyValueCommand,
  type KeyValueResult,
  keyLimitBytes,
  type LeaseCommand,
  type OperationResult,
  type Refusal,
  type Transaction,
  type TransactionOperation,
  transactionLimit,
  type Versioned,
  valueLimitBytes,
} from './store/key-value/commands.ts';
export type * from './store/key-value/contract.ts';
export * from './store/key-value/machine.ts';
export type { NamespaceCommand } from './store/key-value/namespace-commands.ts';
export type { Namespace, Quota } from './store/key-value/namespaces.ts';
export type { Entry, KeyChange, KeyValueAnswer, KeyValueQuestion } from './store/key-value/questions.ts';
export type { Selection } from './store/key-value/selection.ts';
export * from './store/key-value/store.ts';
export * from './store/key-value/typed.ts';
export * from './store/large-values/contract.ts';
export { largeValues } from './store/large-values/large-values.ts';
export type { LargeSource } from './store/large-values/source.ts';
export type { LogMembers, LogMembership, MemberChange, MemberRefusal, MemberStep } from './store/log/members.ts';
export { type PaxosOptions, paxos } from './store/log/paxos.ts';
export {
  type PrimaryBackupOptions,
  primaryBackup,
  type ReplicaReport,
} from './store/log/primary-backup.ts';
export { type RaftOptions, raft } from './store/log/raft.ts';
export type * from './store/log/replicated-log.ts';
export { type LogTiming, LogTimingError } from './store/log/timing.ts';
export * from './store/replicated-store.ts';
export type { MemberAdministration } from './store/requests/requester.ts';
export type { Applied, SlicedStateMachine, StateMachine, StateRestoration, StateView } from './store/state-machine.ts';
export { LaterAnswer } from './store/state-machine.ts';
