/** What goes wrong between an application and the primary that its client follows. */

import { QuorateError } from '../../../statecharts/actor.ts';

/** There was no primary to be reached in time: what was asked certainly did not happen. */
export class NoPrimaryError extends QuorateError {
  readonly code = 'NO_PRIMARY';
}

/** The primary changed, or the connection to it broke, while something was under way: it may have happened or not. */
export class OutcomeUnknownError extends QuorateError {
  readonly code = 'OUTCOME_UNKNOWN';
}

/** A Redis server acknowledges before its standbys hold a write; in a durable group only the proxy keeps what that promises. */
export class DurableNeedsProxyError extends QuorateError {
  readonly code = 'DURABLE_NEEDS_PROXY';
}
