/**
 * How agreements and registers can fail. After `DecisionUnknownError` the value may be chosen, or may still be; after
 * `RegisterUnknownError` the change may have happened, or may still; after every other error the call has changed nothing.
 */

import { QuorateError } from '../../../statecharts/actor.ts';

/** A key that is empty, too long, or not well-formed text. */
export class DecisionKeyError extends QuorateError {
  readonly code = 'DECISION_KEY';
}

/** A value that JSON has no text for, or a text that is none of JSON. */
export class DecisionValueError extends QuorateError {
  readonly code = 'DECISION_VALUE';
}

/** A value with more bytes of JSON text than may be. */
export class DecisionValueLimitError extends QuorateError {
  readonly code = 'DECISION_VALUE_LIMIT';
}

/**
 * The key is already decided by other acceptors, or by other quorums of them: those that its first proposal named. Name
 * them, or choose another key.
 */
export class AcceptorsDifferError extends QuorateError {
  readonly code = 'DECISION_ACCEPTORS_DIFFER';
  /** The nodes that decide the key, sorted. */
  readonly acceptors: readonly string[];

  constructor(message: string, acceptors: readonly string[]) {
    super(message);
    this.acceptors = acceptors;
  }
}

/** The caller did not name the acceptors of the key, and the node does not know the founders of the cluster, which they would be. */
export class AcceptorsUnknownError extends QuorateError {
  readonly code = 'DECISION_ACCEPTORS_UNKNOWN';
}

/**
 * The call ended before it was known what is chosen: its deadline passed, or its node stopped. The value that it proposed
 * may be chosen now, or later, or never; the same call again tells, and does no harm.
 */
export class DecisionUnknownError extends QuorateError {
  readonly code = 'DECISION_UNKNOWN';
}

/**
 * The change of a register may have happened, may happen later, or never: another change came between while it was being
 * accepted, or its deadline passed or its node stopped then. Read the register to see what it holds; a change that may
 * happen twice may be made again, any other had better be recognisable in the value.
 */
export class RegisterUnknownError extends QuorateError {
  readonly code = 'REGISTER_UNKNOWN';
}

/**
 * The deadline passed, or the node stopped, before anything of the change had left: it has not happened, and will not. So
 * ends every read that is not answered in time, too.
 */
export class RegisterUnchangedError extends QuorateError {
  readonly code = 'REGISTER_UNCHANGED';
}

/** Too many changes of the register wait on this node. The call has done nothing; make it later. */
export class RegisterOverloadedError extends QuorateError {
  readonly code = 'REGISTER_OVERLOADED';
}
