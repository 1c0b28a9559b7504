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

/** Adds up what happens in one turn. */
export interface Tally<T> {
  readonly reports: Observable<T>;
  complete(): void;
}

/** Adds up losses. */
export interface LossTally extends Tally<Loss> {
  add(node: string, reason: Loss['reason'], count: number, address?: Address): void;
}

/** Kinds of losses told apart within one turn; what exceeds it is added up without its address. */
const kindLimit = 1_000;

export function createLossTally(clock: Clock): LossTally {
  const subject = new Subject<Loss>();
  let pending = new Map<
    string,
    { node: string; reason: Loss['reason']; count: number; address: Address | undefined }
  >();
  let completed = false;

  const report = (): void => {
    const due = pending;
    pending = new Map();
    for (const { node, reason, count, address } of due.values()) {
      subject.next(address === undefined ? { node, reason, count } : { node, reason, count, address });
    }
  };
  return {
    reports: subject.asObservable(),
    add(node, reason, count, address) {
      if (completed) return;
      const told = pending.size < kindLimit ? address : undefined;
      const key = told === undefined ? `${reason} ${node}` : `${reason} ${told}`;
      const loss = pending.get(key);
      if (loss !== undefined) {
        loss.count += count;
        return;
      }
      if (pending.size === 0) clock.enqueue(report);
      pending.set(key, { node, reason, count, address: told });
    },
    complete() {
      if (completed) return;
      completed = true;
      report();
      subject.complete();
    },
  };
}
