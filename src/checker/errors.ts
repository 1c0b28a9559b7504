/** What the checker refuses, and why. */

import { QuorateError } from '../../statecharts/actor.ts';

/** A model that cannot be checked as it was written. */
export class ModelError extends QuorateError {
  readonly code = 'CHECKER_MODEL';
}

/** Equal inputs gave different results: a chart, a rule or the model is not a pure function. */
export class NotPureError extends QuorateError {
  readonly code = 'CHECKER_NOT_PURE';
}

/** A model that outgrows what the checker can hold. */
export class CheckLimitError extends QuorateError {
  readonly code = 'CHECKER_LIMIT';
}
