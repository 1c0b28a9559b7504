/** The receiving end that transports share: hands each arriving envelope to the listeners of its address. */

import { Observable, Subject } from 'rxjs';
import type { Address } from '../../statecharts/actor.ts';
import type { Arrival } from './bus.ts';

/** Where envelopes arrive. */
export interface Inbox {
  /** Hands over an envelope. @returns false when its address has no listener */
  deliver(envelope: Arrival): boolean;
  /** What arrives for `address`, or everything when left out. Hot. */
  envelopes(address?: Address): Observable<Arrival>;
  /** Completes what was given out. Later envelopes go nowhere. */
  complete(): void;
}

/** Makes an inbox without listeners. */
export function createInbox(): Inbox {
  const whole = new Subject<Arrival>();
  const everything = whole.asObservable();
  const byAddress = new Map<Address, Subject<Arrival>>();
  let completed = false;

  const listenAt = (address: Address): Observable<Arrival> =>
    new Observable((subscriber) => {
      if (completed) {
        subscriber.complete();
        return undefined;
      }
      const subject = byAddress.get(address) ?? new Subject<Arrival>();
      byAddress.set(address, subject);
      const subscription = subject.subscribe(subscriber);
      return () => {
        subscription.unsubscribe();
        if (!subject.observed && byAddress.get(address) === subject) byAddress.delete(address);
      };
    });

  return {
    deliver(envelope) {
      const subject = byAddress.size === 0 ? undefined : byAddress.get(envelope.to);
      if (subject === undefined && !whole.observed) return false;
      whole.next(envelope);
      subject?.next(envelope);
      return true;
    },
    envelopes: (address) => (address === undefined ? everything : listenAt(address)),
    complete() {
      completed = true;
      whole.complete();
      for (const subject of [...byAddress.values()]) subject.complete();
      byAddress.clear();
    },
  };
}
