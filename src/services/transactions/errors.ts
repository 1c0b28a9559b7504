/**
 * How a transaction can fail. Two families, because callers must do different things: after a `TransactionAbortedError`
 * nothing of it happened and never will; after a `TransactionOutcomeUnknownError` it may have, or may still.
 */

import { QuorateError } from '../../../statecharts/actor.ts';
import type { AbortReason } from '../../../statecharts/two-phase-commit.ts';

/** Why a transaction was aborted: the coordinator's reason, or that it never got as far as a coordinator. */
export type AbortCode = AbortReason['code'] | 'manager-stopped';

/** The transaction was aborted, at every resource. It may be tried again. */
export class TransactionAbortedError extends QuorateError {
  readonly code = 'TRANSACTION_ABORTED';
  readonly transaction: string;
  readonly reason: AbortCode;
  /** The resource to blame, if one is: it refused to prepare or commit, or a statement at it failed. */
  readonly resource: string | undefined;
  readonly detail: string;

  constructor(
    aborted: {
      readonly transaction: string;
      readonly reason: AbortCode;
      readonly resource?: string | undefined;
      readonly detail: string;
    },
    options: { readonly cause?: unknown } = {},
  ) {
    const { transaction, reason, resource, detail } = aborted;
    const blamed = resource === undefined ? '' : ` because of '${resource}'`;
    super(
      `transaction ${transaction} was aborted${blamed} (${reason}): ${detail || 'no detail'}; it may be tried again`,
      options,
    );
    this.transaction = transaction;
    this.reason = reason;
    this.resource = resource;
    this.detail = detail;
  }
}

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

/** A manager that was asked did not answer in time, or cannot be reached. */
export class TransactionManagerUnreachableError extends QuorateError {
  readonly code = 'TRANSACTION_MANAGER_UNREACHABLE';
}
