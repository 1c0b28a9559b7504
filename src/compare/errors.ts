/** What a comparison refuses. */

import { QuorateError } from '../../statecharts/actor.ts';

/** There is no method of that name. */
export class UnknownMethodError extends QuorateError {
  readonly code = 'UNKNOWN_METHOD';
}

/** There is no kind of fault of that name. */
export class UnknownFaultError extends QuorateError {
  readonly code = 'UNKNOWN_FAULT';
}
