/**
 * Two-phase commit with presumed abort: one coordinator per transaction, one participant per branch, and the operations
 * that they ask of resources and of a decision register; and Paxos Commit, where acceptors keep the decision.
 */

export * from './two-phase-commit/acceptor/context.ts';
export { type AcceptorRules, acceptorRules } from './two-phase-commit/acceptor/rules.ts';
export * from './two-phase-commit/acceptor.ts';
export * from './two-phase-commit/addresses.ts';
export * from './two-phase-commit/coordinator/context.ts';
export { type CoordinatorRules, coordinatorRules } from './two-phase-commit/coordinator/rules.ts';
export type { CoordinatorView } from './two-phase-commit/coordinator/view.ts';
export * from './two-phase-commit/coordinator.ts';
export * from './two-phase-commit/definitions.ts';
export * from './two-phase-commit/messages.ts';
export * from './two-phase-commit/operations.ts';
export * from './two-phase-commit/participant/context.ts';
export { type ParticipantRules, participantRules } from './two-phase-commit/participant/rules.ts';
export type { ParticipantView } from './two-phase-commit/participant/view.ts';
export * from './two-phase-commit/participant.ts';
