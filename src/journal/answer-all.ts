/** Telling those who wait that their entries are durable, or will never be. */

import type { Clock } from '../environment/clock.ts';
import type { OnDurable } from './journal.ts';

/** Calls all of `waiting` in order. One that throws surfaces as an uncaught error, and the rest are called next. */
export function answerAll(clock: Clock, waiting: readonly OnDurable[], error?: Error): void {
  for (let index = 0; index < waiting.length; index += 1) {
    try {
      waiting[index]?.(error);
    } catch (thrown) {
      const rest = waiting.slice(index + 1);
      if (rest.length > 0) clock.enqueue(() => answerAll(clock, rest, error));
      throw thrown;
    }
  }
}
