/** Atomic transactions over several databases: the manager of a node, the register of decisions, and a client. */

export { transactionDefinitions } from './transactions/actors.ts';
export * from './transactions/client.ts';
export * from './transactions/contract.ts';
export {
  type AcceptorDecisions,
  type Decisions,
  inJournal,
  inRegister,
  type JournalDecisions,
  paxosCommit,
  type RegisterDecisions,
} from './transactions/decisions.ts';
export * from './transactions/errors.ts';
export type { TransactionOutcome } from './transactions/inquiry.ts';
export type { ListedTransaction } from './transactions/listing.ts';
export { createTransactionManager } from './transactions/manager.ts';
export type { TransactionLimits, TransactionManagerOptions, TransactionTimes } from './transactions/options.ts';
export type { ResourceReport } from './transactions/recovery.ts';
export { createDecisionRegisterMachine } from './transactions/register/machine.ts';
export { createDecisionRegister, type DecisionRegister } from './transactions/register/register.ts';
export { type RetryOptions, retry } from './transactions/retry.ts';
export type { TakeOverReport } from './transactions/take-over-parts.ts';
export type { TransactOptions } from './transactions/transact-options.ts';
export type { Work, WorkOf } from './transactions/work.ts';
