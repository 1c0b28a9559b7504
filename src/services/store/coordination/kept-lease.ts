/** A lease that is kept as long as its owner lives, and whose owner knows in time when it may have ended. */

import { Observable } from 'rxjs';
import { type Clock, pause } from '../../../environment/clock.ts';
import { systemEnvironment } from '../../../environment/environment.ts';
import { LeaseEndedError } from '../errors.ts';
import type { KeyValueStore } from '../key-value/contract.ts';

/** A lease is kept whenever so much of its time has gone by. */
const keepingShare = 1 / 3;
/** How long its end may take when it is given up, in milliseconds. */
const revokeMs = 1_000;

type LeaseStore = Pick<KeyValueStore, 'grantLease' | 'keepLease' | 'revokeLease'>;

/** How a lease is kept. */
export interface KeptLeaseOptions {
  /** How long it outlives its owner at most, in milliseconds: 100 ms to 24 hours. */
  readonly ttlMs: number;
  /** What the owner measures by; the system's by default. */
  readonly clock?: Clock;
}

/**
 * Grants a lease and keeps it, until it is unsubscribed from; then it is revoked. Emits the lease once it is granted.
 *
 * Its owner measures from before it asked, and the store from when it answered: so the observable errors with
 * LeaseEndedError before the store can have ended the lease, where the clocks of both run at one rate. Whatever else the
 * store cannot do is tried again while there is time.
 */
export const keptLease = (
  store: LeaseStore,
  { ttlMs, clock = systemEnvironment().clock }: KeptLeaseOptions,
): Observable<number> =>
  new Observable<number>((subscriber) => {
    let lease: number | undefined;
    let [isOver, validUntilMs] = [false, clock.nowMs() + ttlMs];
    let deadline = clock.setTimeout(lost, ttlMs);
    function lost(): void {
      isOver = true;
      subscriber.error(new LeaseEndedError(`expected the lease to be kept within ${ttlMs} ms, but no answer said so`));
    }
    const keep = async (): Promise<void> => {
      const askedAtMs = clock.nowMs();
      const left = { deadlineMs: Math.max(1, validUntilMs - askedAtMs) };
      const leased = lease === undefined ? await store.grantLease(ttlMs, left) : await store.keepLease(lease, left);
      if (isOver) return;
      validUntilMs = askedAtMs + ttlMs;
      clock.clearTimeout(deadline);
      deadline = clock.setTimeout(lost, validUntilMs - clock.nowMs());
      if (lease !== undefined) return;
      lease = leased.lease;
      subscriber.next(lease);
    };
    const goOn = async (): Promise<void> => {
      while (!isOver) {
        try {
          await keep();
        } catch (error) {
          // A lease that was granted without a word of it ends by itself.
          if (error instanceof LeaseEndedError || (lease === undefined && isOver)) throw error;
        }
        await pause(clock, ttlMs * keepingShare);
      }
    };
    goOn().catch((error: unknown) => {
      if (!isOver) subscriber.error(error);
    });
    return () => {
      isOver = true;
      clock.clearTimeout(deadline);
      // Best effort: without it, the lease ends when its time is over.
      if (lease !== undefined) store.revokeLease(lease, { deadlineMs: revokeMs }).catch(() => undefined);
    };
  });
