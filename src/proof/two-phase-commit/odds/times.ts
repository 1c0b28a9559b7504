/**
 * How time is taken apart for the odds of a commit: in milliseconds, with one for every message and for every operation of a
 * database. Timeouts are the defaults of the charts; what they draw from a range is taken from within it, so that no two timers
 * end in the same millisecond: repetitions in the middle of theirs, inquiries a little later in theirs.
 */

import type { Weights } from '../../../odds.ts';

export const times = {
  messageMs: 1,
  operationMs: 1,
  /** Until a coordinator asks, or tells, once more: from 500 to 750. */
  retryMs: 625,
  /** Until a participant in doubt asks: from 1,000 to 1,500. */
  inquiryMs: 1_300,
  /** Until a coordinator stops waiting for votes. */
  voteTimeoutMs: 10_000,
} as const;

/** How often a coordinator asks for a vote before it gives up. */
export const asks = Math.ceil(times.voteTimeoutMs / times.retryMs);

/** The same for a model, of which a tick is a millisecond. What only forgets, or waits for the application, never happens. */
export const timing: Pick<Weights, 'tickMs' | 'delay' | 'operations' | 'timers' | 'drawnAt'> = {
  tickMs: 1,
  delay: times.messageMs,
  operations: times.operationMs,
  timers: {
    inquiryInterval: times.inquiryMs,
    transactionTimeout: 'never',
    retention: 'never',
    linger: 'never',
  },
  drawnAt: [{ fraction: 0.5, probability: 1 }],
};
