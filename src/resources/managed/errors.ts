/** What goes wrong between a manager and a server that it steers. */

import { QuorateError } from '../../../statecharts/actor.ts';

/** Why a server refused an operation. */
export type ServerRefusal =
  /** Another claim is in force. */
  | 'CLAIM_LOST'
  /** The server cannot do this as it is; the message says why, and what to do. */
  | 'NOT_POSSIBLE';

/** A server refused an operation: it certainly did not happen. */
export class ServerRefusedError extends QuorateError {
  readonly code: ServerRefusal;

  constructor(code: ServerRefusal, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A command at a server's machine failed; the message says what it said. */
export class HostCommandError extends QuorateError {
  readonly code = 'HOST_COMMAND';
}
