/** How long writes take, of one at a time: a clock for each would cost more than it tells. */

import type { Clock } from '../environment/clock.ts';
import type { OnDurable } from '../journal/journal.ts';

/**
 * Makes what times a write unless another one is being timed.
 *
 * @param taken told how long a write took, in milliseconds; not of one that failed
 * @returns the callback to hand to the journal in place of the one that it is given
 */
export function sampling({ nowMs }: Clock, taken: (durationMs: number) => void): (onDurable: OnDurable) => OnDurable {
  let isTiming = false;
  return (onDurable) => {
    if (isTiming) return onDurable;
    isTiming = true;
    const atMs = nowMs();
    return (error) => {
      isTiming = false;
      if (error === undefined) taken(nowMs() - atMs);
      onDurable(error);
    };
  };
}
