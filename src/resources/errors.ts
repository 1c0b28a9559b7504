/** What goes wrong between a transaction and its resources, each by its own name and code. */

import { QuorateError } from '../../statecharts/actor.ts';

/** Coordinates of a branch that no database could keep as a name. */
export class BranchNameError extends QuorateError {
  readonly code = 'BRANCH_NAME';
}

/** A branch with these coordinates was begun before. */
export class DuplicateBranchError extends QuorateError {
  readonly code = 'DUPLICATE_BRANCH';
}

/** A statement for a branch that takes none any more: it was prepared or ended, or lost its connection. */
export class BranchClosedError extends QuorateError {
  readonly code = 'BRANCH_CLOSED';
}

/** A statement that would end the branch behind the transaction manager's back, such as COMMIT. */
export class BranchControlError extends QuorateError {
  readonly code = 'BRANCH_CONTROL';
}

/**
 * A statement for a branch in which one has failed, and that was not taken back to a savepoint since. Nothing was sent; the
 * branch votes no.
 */
export class BranchFailedError extends QuorateError {
  readonly code = 'BRANCH_FAILED';
}

/**
 * A statement of the application has ended the branch's transaction behind the manager's back, although statements that
 * do are refused: what it had done may stay, whatever is decided. The transaction's outcome is unknown, and a person must
 * look.
 */
export class BranchBrokenError extends QuorateError {
  readonly code = 'BRANCH_BROKEN';
}

/** Something that is no text of a statement, or no parameters of one. Nothing was sent. */
export class StatementTextError extends QuorateError {
  readonly code = 'STATEMENT_TEXT';
}

/** What a resource has refused, a statement or to prepare or commit, in its own terms. */
export interface Refusal {
  /** Its own code, for instance the SQLSTATE `40001`; undefined where it has none. */
  readonly resourceCode: string | undefined;
  /** Whether it may not refuse the same when asked in another transaction. */
  readonly isTransient: boolean;
}

/** A statement that the resource refused; `cause` is the driver's own error. */
export class StatementError extends QuorateError {
  readonly code = 'STATEMENT';
  /** The resource's own code of the error, for instance the SQLSTATE `23505`. */
  readonly resourceCode: string | undefined;
  /** Whether the same statement may succeed in another transaction, as after a deadlock. */
  readonly isTransient: boolean;

  constructor(message: string, options: { readonly cause?: unknown } & Partial<Refusal> = {}) {
    super(message, { cause: options.cause });
    this.resourceCode = options.resourceCode;
    this.isTransient = options.isTransient ?? false;
  }
}

/** Waiting for a lock would have closed a circle, or took too long. */
export class LockError extends QuorateError {
  readonly code = 'LOCK';
}

/** All connections to a resource are taken, and none became free in time. */
export class ResourceBusyError extends QuorateError {
  readonly code = 'RESOURCE_BUSY';
}

/** The resource did not answer in time. */
export class ResourceDeadlineError extends QuorateError {
  readonly code = 'RESOURCE_DEADLINE';
}

/** No connection to the resource, or the connection was lost. */
export class ResourceUnreachableError extends QuorateError {
  readonly code = 'RESOURCE_UNREACHABLE';
}

/** The function that says where a resource is failed, or did not answer with a URL of it. */
export class ResourceAddressError extends QuorateError {
  readonly code = 'RESOURCE_ADDRESS';
}

/** The resource refuses user, password or database. */
export class ResourceLoginError extends QuorateError {
  readonly code = 'RESOURCE_LOGIN';
}

/** The resource cannot take part as it is set up; the message says what to set. */
export class ResourceSetupError extends QuorateError {
  readonly code = 'RESOURCE_SETUP';
}

/** An isolation level that there is not. */
export class IsolationLevelError extends QuorateError {
  readonly code = 'ISOLATION_LEVEL';
}

/** A branch was to run by an isolation, or read only, that its resource does not offer. */
export class BranchModeError extends QuorateError {
  readonly code = 'BRANCH_MODE';
}

/** The resource was closed. */
export class ResourceClosedError extends QuorateError {
  readonly code = 'RESOURCE_CLOSED';
}

/** The driver of a database, an optional dependency, is not installed. */
export class DriverMissingError extends QuorateError {
  readonly code = 'DRIVER_MISSING';
}
