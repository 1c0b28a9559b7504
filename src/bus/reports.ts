/**
 * What a bus says about itself: how it stands with its peers, and what it has lost. Losses are added up and reported
 * once per turn of the clock's queue, so that a flood of them costs little.
 */

import { Observable, Subject } from 'rxjs';
import type { Address } from '../../statecharts/actor.ts';
import type { Clock } from '../environment/clock.ts';
import type { Loss, PeerStatus } from './bus.ts';

/** The present status of every known peer. */
export interface PeerStatuses {
  readonly changes: Observable<PeerStatus>;
  of(node: string): PeerStatus | undefined;
  /** Takes note of a status; one that says what is known already is not reported again. */
  set(status: PeerStatus): void;
  /** Forgets a peer without a word. */
  forget(node: string): void;
  complete(): void;
}

export function createPeerStatuses(): PeerStatuses {
  const known = new Map<string, PeerStatus>();
  const subject = new Subject<PeerStatus>();
  return {
    changes: new Observable((subscriber) => {
      for (const status of [...known.values()]) subscriber.next(status);
      return subject.subscribe(subscriber);
    }),
    of: (node) => known.get(node),
    set(status) {
      const before = known.get(status.node);
      if (before?.status === status.status && before.reason === status.reason) return;
      known.set(status.node, status);
      subject.next(status);
    },
    forget: (node) => void known.delete(node),
    complete: () => subject.complete(),
  };
}

/** Adds up what is alike within one turn of the clock's queue. */
export interface Tally<T extends { count: number }> {
  /** Adds `item.count` to what was added under the same key, of which the first item is kept. */
  add(key: string, item: T): void;
  /** How many keys were added and not reported yet. */
  readonly size: number;
  /** Reports now. */
  flush(): void;
}

/** @param report called in a later turn, once for each key that was added since */
export function createTally<T extends { count: number }>(clock: Clock, report: (item: T) => void): Tally<T> {
  let pending = new Map<string, T>();
  let scheduled = false;
  const flush = (): void => {
    const due = pending;
    pending = new Map();
    for (const item of due.values()) report(item);
  };
  return {
    add(key, item) {
      const known = pending.get(key);
      if (known !== undefined) {
        known.count += item.count;
        return;
      }
      pending.set(key, item);
      if (scheduled) return;
      scheduled = true;
      clock.enqueue(() => {
        scheduled = false;
        flush();
      });
    },
    get size() {
      return pending.size;
    },
    flush,
  };
}

/** Losses told apart by address within one turn; those of further addresses are reported for their node as a whole. */
const addressLimit = 1_000;

/** Adds up losses. */
export interface LossTally {
  readonly reports: Observable<Loss>;
  add(node: string, reason: Loss['reason'], count: number, address?: Address): void;
  /** Reports what is left, and falls silent. */
  complete(): void;
}

export function createLossTally(clock: Clock): LossTally {
  const subject = new Subject<Loss>();
  const tally = createTally<Loss & { count: number }>(clock, (loss) => subject.next(loss));
  let completed = false;
  return {
    reports: subject.asObservable(),
    add(node, reason, count, address) {
      if (completed) return;
      if (address === undefined || tally.size >= addressLimit) tally.add(`${reason} ${node}`, { node, reason, count });
      else tally.add(`${reason} ${address}`, { node, reason, count, address });
    },
    complete() {
      if (completed) return;
      completed = true;
      tally.flush();
      subject.complete();
    },
  };
}
