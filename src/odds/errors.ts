/** What is wrong with a question about odds, each by its own name and code. */

import { QuorateError } from '../../statecharts/actor.ts';

/** A process whose choices are no probability distributions, or whose rewards are no costs. */
export class ProcessError extends QuorateError {
  readonly code = 'ODDS_PROCESS';
}

/** A limit was reached before the answer was known; a number would pretend. The message says what to raise. */
export class OddsLimitError extends QuorateError {
  readonly code = 'ODDS_LIMIT';
}

/** Numbers that no question about odds can have, such as a probability of 1.2. */
export class OddsInputError extends QuorateError {
  readonly code = 'ODDS_INPUT';
}
