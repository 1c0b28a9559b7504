/**
 * How a transaction can fail. Two families, because callers must do different things: after a `TransactionAbortedError`
 * nothing of it happened and never will; after a `TransactionOutcomeUnknownError` it may have, or may still.
 */

import { QuorateError } from '../../../statecharts/actor.ts';
import type { AbortReason } from '../../../statecharts/two-phase-commit.ts';
import {
  LockError,
  type Refusal,
  ResourceBusyError,
  ResourceDeadlineError,
  ResourceUnreachableError,
  StatementError,
} from '../../resources/errors.ts';

/** Why a transaction was aborted: the coordinator's reason, or that it never got as far as a coordinator. */
export type AbortCode = AbortReason['code'] | 'manager-stopped';

/** The transaction was aborted, at every resource. `isRetryable` says whether another attempt may end differently. */
export class TransactionAbortedError extends QuorateError {
  readonly code = 'TRANSACTION_ABORTED';
  readonly transaction: string;
  readonly reason: AbortCode;
  /** The resource to blame, if one is: it refused to prepare or commit, or a statement at it failed. */
  readonly resource: string | undefined;
  readonly detail: string;
  /** The resource's own code of what it refused, for instance the SQLSTATE `40001`; undefined where it gave none. */
  readonly resourceCode: string | undefined;
  /** Whether the same may succeed when tried again: it was in time, locks, conflicts or reach, and not in what was asked. */
  readonly isRetryable: boolean;

  constructor(
    aborted: {
      readonly transaction: string;
      readonly reason: AbortCode;
      readonly resource?: string | undefined;
      readonly detail: string;
      readonly refusal?: Refusal | undefined;
    },
    options: { readonly cause?: unknown } = {},
  ) {
    const { transaction, reason, resource, detail, refusal } = aborted;
    const isRetryable = refusal?.isTransient ?? mayPass(reason, options.cause);
    const blamed = resource === undefined ? '' : ` because of '${resource}'`;
    super(
      `transaction ${transaction} was aborted${blamed} (${reason}): ${detail || 'no detail'}; nothing of it happened${isRetryable ? ', and it may be tried again' : ''}`,
      options,
    );
    this.transaction = transaction;
    this.reason = reason;
    this.resource = resource;
    this.detail = detail;
    this.resourceCode = refusal?.resourceCode;
    this.isRetryable = isRetryable;
  }
}

/** Aborts that say nothing against the transaction itself. */
const passing: ReadonlySet<AbortCode> = new Set<AbortCode>([
  'vote-timeout',
  'transaction-timeout',
  'absent',
  'not-registered',
  'taken-over',
  'presumed',
  'manager-stopped',
]);

/** Whether what aborted a transaction may not be there at the next attempt. */
const mayPass = (reason: AbortCode, cause: unknown): boolean =>
  cause === undefined
    ? passing.has(reason)
    : cause instanceof LockError ||
      cause instanceof ResourceBusyError ||
      cause instanceof ResourceDeadlineError ||
      cause instanceof ResourceUnreachableError ||
      (cause instanceof StatementError && cause.isTransient);

/** It is not known yet how the transaction ends. Ask `manager.outcome(error.transaction)` later. */
export class TransactionOutcomeUnknownError extends QuorateError {
  readonly code = 'TRANSACTION_OUTCOME_UNKNOWN';
  readonly transaction: string;

  constructor(transaction: string, detail: string, options: { readonly cause?: unknown } = {}) {
    super(
      `the outcome of transaction ${transaction} is not known yet: ${detail}; ask for it later, or repeat with the same idempotency key`,
      options,
    );
    this.transaction = transaction;
  }
}

/** A limit of the manager is reached; the transaction was not begun, or the statement not run. */
export class TransactionLimitError extends QuorateError {
  readonly code = 'TRANSACTION_LIMIT';
}

/** The manager was closed, or its node has stopped; nothing was begun. */
export class TransactionManagerClosedError extends QuorateError {
  readonly code = 'TRANSACTION_MANAGER_CLOSED';
}

/** Options with which a manager cannot work; the message says which. */
export class TransactionOptionsError extends QuorateError {
  readonly code = 'TRANSACTION_OPTIONS';
}

/** A session that the application used otherwise than for statements, or after its transaction's end. */
export class TransactionUseError extends QuorateError {
  readonly code = 'TRANSACTION_USE';
}

/**
 * A transaction that was begun within the function of another one of the same manager, at a resource that both use, or
 * under the same idempotency key. Use the sessions that the enclosing function was given.
 */
export class NestedTransactionError extends QuorateError {
  readonly code = 'NESTED_TRANSACTION';
}

/** A transaction has committed under this idempotency key, and it was asked for something else. Nothing was begun. */
export class IdempotencyMismatchError extends QuorateError {
  readonly code = 'IDEMPOTENCY_MISMATCH';
  /** The one that committed. */
  readonly transaction: string;

  constructor(message: string, transaction: string) {
    super(message);
    this.transaction = transaction;
  }
}

/** What the function of a transaction with a request returned cannot be kept for repetitions: the transaction is aborted. */
export class ResultNotStorableError extends QuorateError {
  readonly code = 'RESULT_NOT_STORABLE';
}

/** A manager that was asked did not answer in time, or cannot be reached. */
export class TransactionManagerUnreachableError extends QuorateError {
  readonly code = 'TRANSACTION_MANAGER_UNREACHABLE';
}
