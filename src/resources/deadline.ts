/** Waiting that ends: a promise against a deadline of the given clock. */

import type { Clock } from '../environment/clock.ts';
import { ResourceDeadlineError } from './errors.ts';

/**
 * Waits for `work` at most `timeoutMs` milliseconds. The work itself goes on; whoever asked must stop it.
 *
 * @throws ResourceDeadlineError naming `what`, when the time is over
 */
export function within<T>(clock: Clock, work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const limitMs = Math.max(0, timeoutMs);
    const timeout = clock.setTimeout(() => {
      reject(new ResourceDeadlineError(`expected an end of ${what} within ${Math.ceil(limitMs)} ms, and none came`));
    }, limitMs);
    work.then(
      (value) => {
        clock.clearTimeout(timeout);
        resolve(value);
      },
      (error: unknown) => {
        clock.clearTimeout(timeout);
        reject(error);
      },
    );
  });
}

/** Time that several steps share. */
export interface Budget {
  /** Milliseconds that are left, at least 0. */
  remainingMs(): number;
}

export function budget(clock: Clock, timeoutMs: number): Budget {
  const untilMs = clock.nowMs() + timeoutMs;
  return { remainingMs: () => Math.max(0, untilMs - clock.nowMs()) };
}
