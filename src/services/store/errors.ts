/**
 * How a request to a store can fail. Two families, because callers must do different things: after a `NotHappenedError`
 * the request has changed nothing and never will; after an `OutcomeUnknownError` it may have happened, or still may.
 */

import { QuorateError } from '../../../statecharts/actor.ts';

/** The request did not happen and never will. It may be made anew, where the cause is gone. */
export abstract class NotHappenedError extends QuorateError {}

/** No node that could serve the request was found within its deadline: there is no leader, or no way to it. */
export class UnavailableError extends NotHappenedError {
  readonly code = 'UNAVAILABLE';
}

/**
 * Since it was started, the node has not applied what it had in its log: a stale answer would say of keys that exist that
 * they do not. Ask another node, or this one once a majority has told it what is committed.
 */
export class NotCaughtUpError extends NotHappenedError {
  readonly code = 'NOT_CAUGHT_UP';
}

/**
 * Nothing has shown within the deadline that the state of the node is as fresh as was asked for: it reaches no leader, or
 * has not applied yet what the leader has. Ask another node, or allow more.
 */
export class TooStaleError extends NotHappenedError {
  readonly code = 'TOO_STALE';
}

/** Too much waits already, here or at the leader. Try again later, with less at once. */
export class OverloadedError extends NotHappenedError {
  readonly code = 'OVERLOADED';
}

/**
 * No session could be had: there are as many as may be, and none of them is idle. Close clients that are done, wait until
 * those of dead ones are idle (`SessionLimits.idleMs`), or raise the limit. Requests with an idempotency key need none.
 */
export class SessionsFullError extends NotHappenedError {
  readonly code = 'SESSIONS_FULL';
}

/** The state has as many bytes as the store allows. Delete something, or raise the limit on all nodes. */
export class StoreFullError extends NotHappenedError {
  readonly code = 'STORE_FULL';
}

/** The condition of a conditional write does not hold. */
export class PreconditionFailedError extends NotHappenedError {
  readonly code = 'PRECONDITION_FAILED';
  /** The version that is there; undefined when there is none. */
  readonly actualVersion: number | undefined;

  constructor(message: string, actualVersion: number | undefined) {
    super(message);
    this.actualVersion = actualVersion;
  }
}

/** The store does not acknowledge writes in this mode: its protocol has no modes, or what it keeps would not bear it. */
export class ModeNotOfferedError extends NotHappenedError {
  readonly code = 'MODE_NOT_OFFERED';
}

/** Fewer replicas are in sync than the store asks for before it acknowledges a write. Start those that are missing. */
export class TooFewInSyncError extends NotHappenedError {
  readonly code = 'TOO_FEW_IN_SYNC';
}

/** A key that is empty, too long, or not well-formed text. */
export class KeyLimitError extends NotHappenedError {
  readonly code = 'KEY_LIMIT';
}

/** A value, or a command, that is too long. */
export class ValueLimitError extends NotHappenedError {
  readonly code = 'VALUE_LIMIT';
}

/** Bytes under a key that are no value of the type that was asked for, or a value that has no bytes. */
export class MalformedValueError extends NotHappenedError {
  readonly code = 'MALFORMED_VALUE';
}

/** A large value was replaced or deleted while its parts were read, and the store does not know them any more. Read it again. */
export class LargeValueReplacedError extends NotHappenedError {
  readonly code = 'LARGE_VALUE_REPLACED';
}

/** A request that does not read as one. */
export class MalformedRequestError extends NotHappenedError {
  readonly code = 'MALFORMED_REQUEST';
}

/** There is no such lease: it was not kept in time, or revoked, and its keys are deleted. */
export class LeaseEndedError extends NotHappenedError {
  readonly code = 'LEASE_ENDED';
}

/** There are as many leases as may be, or of one client, or a lease has as many keys. */
export class LeaseLimitError extends NotHappenedError {
  readonly code = 'LEASE_LIMIT';
}

/** The write would take a namespace beyond its quota. Delete something in it, or have its quota raised. */
export class QuotaExceededError extends NotHappenedError {
  readonly code = 'QUOTA_EXCEEDED';
}

/** There are as many namespaces as may be, or too many keys where one should begin. */
export class NamespaceLimitError extends NotHappenedError {
  readonly code = 'NAMESPACE_LIMIT';
}

/** So far back the store does not know any more how it was, or what has changed. Begin anew, from `floor` on. */
export class RevisionForgottenError extends NotHappenedError {
  readonly code = 'REVISION_FORGOTTEN';
  /** The first revision of which the node that was asked knows how the store was; changes after it are known. */
  readonly floor: number;

  constructor(message: string, floor: number) {
    super(message);
    this.floor = floor;
  }
}

/** The node that was asked has not come to that revision, and maybe no node. */
export class RevisionAheadError extends NotHappenedError {
  readonly code = 'REVISION_AHEAD';
}

/** An idempotency key came a second time with another request. */
export class IdempotencyKeyReusedError extends NotHappenedError {
  readonly code = 'IDEMPOTENCY_KEY_REUSED';
}

/** The store or client was closed before the request was sent. */
export class StoreClosedError extends NotHappenedError {
  readonly code = 'STORE_CLOSED';
}

/** The request may have happened, or may still happen. Read, or repeat it with the same idempotency key, to find out. */
export class OutcomeUnknownError extends QuorateError {
  readonly code: string = 'OUTCOME_UNKNOWN';
}

/** The token of the client may not do what it asked for; HTTP answers 403. */
export class ForbiddenError extends NotHappenedError {
  readonly code = 'FORBIDDEN';
}

/** A node was not replaced, and will not be by this request: the members are who they were. */
export class NotReplacedError extends NotHappenedError {
  readonly code = 'NOT_REPLACED';
  /** A `MemberRefusal`, `no-secret`, `members-fixed`, or `given-up`. */
  readonly reason: string;

  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason;
  }
}

/** No node was added, promoted, removed or moved, and none will be by this request: the members are who they were. */
export class MembersUnchangedError extends NotHappenedError {
  readonly code = 'MEMBERS_UNCHANGED';
  /** A `MemberRefusal`, `no-secret`, `members-fixed`, or `given-up`. */
  readonly reason: string;
  /** Entries that a learner lacks which should vote. */
  readonly behind: number | undefined;

  constructor(message: string, reason: string, behind?: number) {
    super(message);
    this.reason = reason;
    this.behind = behind;
  }
}

/** No other node leads because of this request: why, is the `reason`. */
export class NotHandedOverError extends NotHappenedError {
  readonly code = 'NOT_HANDED_OVER';
  /** A `HandOverRefusal`, or `another-leads`. */
  readonly reason: string;

  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason;
  }
}

/** The session that would tell a first request from a repeated one is gone. The request was not applied now. */
export class SessionExpiredError extends OutcomeUnknownError {
  override readonly code = 'SESSION_EXPIRED';
}

/**
 * A store that can no longer follow the log, because its state machine threw, or the log makes no sense. A request that
 * ends with it did not happen.
 */
export class StoreFailedError extends NotHappenedError {
  readonly code = 'STORE_FAILED';
}

/** Bytes from the log or from a snapshot that this program does not read. */
export class UnreadableStateError extends QuorateError {
  readonly code = 'UNREADABLE_STATE';
}

/** A view of a state was read on after a later one had been opened, or the state been replaced. A fault of the reader. */
export class ViewEndedError extends QuorateError {
  readonly code = 'VIEW_ENDED';

  constructor() {
    super('expected the view to be open, but a later one or a restored state has ended it; open a new view');
  }
}

/** A copy of a state was read on after the state was wanted for something else: it was read too slowly, or the state was replaced. */
export class CopyEndedError extends QuorateError {
  readonly code = 'COPY_ENDED';
}
