/** A writer that says that it lives, and asks again for what the store cannot do now as long as it does. */

import type { Subscription } from 'rxjs';
import { type Clock, pause } from '../../../environment/clock.ts';
import { keptLease } from '../coordination/kept-lease.ts';
import { isPassing } from '../coordination/queue.ts';
import { LeaseEndedError, NotHappenedError } from '../errors.ts';
import type { KeyValueStore } from '../key-value/contract.ts';

/** Before what the store cannot do now is tried again, in milliseconds. */
const againMs = 200;

/** One that is alive. */
export interface Life {
  /** Names it: no other lease of the store, before or after, has this number. */
  readonly lease: number;
  /** Asks until there is an answer: only for what may be done twice, and later. @throws LeaseEndedError once it is not alive any more */
  asking<T>(ask: () => Promise<T>): Promise<T>;
  /** The same for what may be done once: an outcome that is unknown is thrown. */
  askingOnce<T>(ask: () => Promise<T>): Promise<T>;
  /** It lives no more. Idempotent. */
  end(): void;
}

/** Says that a writer was not alive, for all that the store knows. */
export const notAlive = (ttlMs: number): LeaseEndedError =>
  new LeaseEndedError(
    `expected the writer to be seen every ${ttlMs} ms, but the store did not see it; put the value anew`,
  );

/** Begins a life, once its lease is granted. Rejects with what `grantLease` does. */
export function beginLife(store: KeyValueStore, ttlMs: number, clock: Clock): Promise<Life> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const askedWhile = async <T>(ask: () => Promise<T>, mayAskAgain: (error: unknown) => boolean): Promise<T> => {
      for (;;) {
        if (isOver) throw notAlive(ttlMs);
        try {
          return await ask();
        } catch (error) {
          if (!mayAskAgain(error)) throw error;
          await pause(clock, againMs);
        }
      }
    };
    const kept: Subscription = keptLease(store, { ttlMs, clock }).subscribe({
      next: (lease) =>
        resolve({
          lease,
          asking: (ask) => askedWhile(ask, isPassing),
          askingOnce: (ask) => askedWhile(ask, (error) => isPassing(error) && error instanceof NotHappenedError),
          end() {
            isOver = true;
            kept.unsubscribe();
          },
        }),
      error(error: unknown) {
        isOver = true;
        reject(error);
      },
    });
  });
}
