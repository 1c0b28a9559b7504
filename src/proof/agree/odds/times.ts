/** How time is taken apart for the odds of a ballot: in milliseconds, with one for every message. */

export const times = {
  messageMs: 1,
  /** When the application asks. */
  askedMs: 1,
  /** Until the proposer says again whatever is not answered, which begins another attempt; the default of its chart is 100. */
  attemptMs: 90,
} as const;
