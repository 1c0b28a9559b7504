/** Attempts that are repeated where that is safe and may help: at a transaction that was aborted, or whose outcome is unknown. */

import { type Environment, systemEnvironment } from '../../environment/environment.ts';
import { TransactionAbortedError, TransactionOptionsError, TransactionOutcomeUnknownError } from './errors.ts';
import { assertSignal } from './transact-options.ts';

export interface RetryOptions {
  /** Attempts altogether. Default 5. */
  readonly maxAttempts?: number;
  /** The longest pause before the second attempt; it doubles with each further one. Default 20. */
  readonly firstDelayMs?: number;
  /** No pause is longer. Default 1,000. */
  readonly maxDelayMs?: number;
  /**
   * Whether each attempt has the same idempotency key: then one whose outcome is unknown is repeated, too. Default false.
   */
  readonly isIdempotent?: boolean;
  /** Ends the waiting; no further attempt is made. */
  readonly signal?: AbortSignal;
  /** Default: the system's. */
  readonly environment?: Environment;
}

/**
 * Runs `attempt` until it succeeds, or fails for good: with anything but a `TransactionAbortedError` that is retryable, or,
 * where attempts are idempotent, a `TransactionOutcomeUnknownError`. Pauses are drawn between nothing and a bound that
 * doubles, so that those which were in each other's way do not meet again.
 *
 * @param attempt is given its number, from 1
 * @returns what the first attempt that succeeds does
 * @throws what the last attempt threw; TransactionOptionsError; the signal's reason when it is given during a pause
 *
 * @example
 * await retry(() => manager.transact(work, { idempotencyKey }), { isIdempotent: true });
 */
export async function retry<T>(attempt: (number: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { maxAttempts = 5, firstDelayMs = 20, maxDelayMs = 1_000, isIdempotent = false, signal } = options;
  assertRetryOptions({ maxAttempts, firstDelayMs, maxDelayMs, isIdempotent });
  assertSignal(signal);
  const environment = options.environment ?? systemEnvironment();
  const random = environment.randomness.stream('retry');
  for (let number = 1; ; number += 1) {
    signal?.throwIfAborted();
    try {
      return await attempt(number);
    } catch (error) {
      if (number >= maxAttempts || !mayBeRepeated(error, isIdempotent)) throw error;
    }
    const boundMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (number - 1));
    await pauseUnlessAborted(environment, random.next() * boundMs, signal);
  }
}

function assertRetryOptions(options: Required<Omit<RetryOptions, 'signal' | 'environment'>>): void {
  const { maxAttempts, firstDelayMs, maxDelayMs } = options;
  for (const [name, value] of Object.entries({ maxAttempts, firstDelayMs, maxDelayMs })) {
    if (Number.isFinite(value) && value > 0) continue;
    throw new TransactionOptionsError(`expected ${name} to be a finite number above 0, got ${String(value)}`);
  }
  if (!Number.isSafeInteger(maxAttempts)) {
    throw new TransactionOptionsError(`expected maxAttempts to be a whole number, got ${maxAttempts}`);
  }
  // A text such as 'false' would count as true, and have what may have happened happen again.
  const isIdempotent: unknown = options.isIdempotent;
  if (typeof isIdempotent === 'boolean') return;
  throw new TransactionOptionsError(`expected isIdempotent to be true or false, got ${String(isIdempotent)}`);
}

const mayBeRepeated = (error: unknown, isIdempotent: boolean): boolean =>
  error instanceof TransactionAbortedError
    ? error.isRetryable
    : isIdempotent && error instanceof TransactionOutcomeUnknownError;

async function pauseUnlessAborted({ clock }: Environment, ms: number, signal: AbortSignal | undefined): Promise<void> {
  // One that was given while the attempt was under way is not told again.
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clock.clearTimeout(timeout);
      reject(signal?.reason);
    };
    const timeout = clock.setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
