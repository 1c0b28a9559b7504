/**
 * Faults of a running node's links, which come and go as they are ordered. They happen to what the node sends; while a link
 * has none, an envelope passes untouched.
 */

import { type Observable, Subject, type Subscription } from 'rxjs';
import { nodeOf } from '../../statecharts/actor.ts';
import type { Clock } from '../environment/clock.ts';
import { chance, type Random } from '../environment/random.ts';
import type { Bus, Envelope } from './bus.ts';
import { delaying } from './faults.ts';

/** What is wrong with a link, in one direction. */
export interface LinkFault {
  /** Of each envelope; 1 cuts the link. Default 0. */
  readonly lossProbability?: number;
  /** By how much each envelope is held up, in milliseconds; none overtakes another. Default 0. */
  readonly delayMs?: number;
}

/** The links from one node to others. */
export interface LinkFaults {
  /** `bus`, with the faults that are ordered. To be called once. */
  on(bus: Bus): Bus;
  /** Orders what is wrong with the link to `peer` from now on, in place of what was; what is held up there is lost. */
  set(peer: string, fault: LinkFault): void;
  /** Ends all faults. */
  heal(): void;
  /** What a fault took away. */
  readonly lost: Observable<Envelope>;
}

interface FaultyLink {
  readonly envelopes: Subject<Envelope>;
  readonly subscription: Subscription;
}

/** Links without a fault so far. */
export function createLinkFaults({ clock, random }: { readonly clock: Clock; readonly random: Random }): LinkFaults {
  const faulty = new Map<string, FaultyLink>();
  const lost = new Subject<Envelope>();
  let target: Bus | undefined;
  const end = (peer: string): void => {
    faulty.get(peer)?.subscription.unsubscribe();
    faulty.delete(peer);
  };
  /** What the bus could never carry is lost here: its sender, which may wait no longer, cannot be told by an exception. */
  const pass = (envelope: Envelope): void => {
    try {
      target?.send(envelope);
    } catch {
      lost.next(envelope);
    }
  };
  return {
    on(bus) {
      target = bus;
      return {
        ...bus,
        send(envelope) {
          const link = faulty.size === 0 ? undefined : faulty.get(nodeOf(envelope.to));
          if (link === undefined) bus.send(envelope);
          else link.envelopes.next(envelope);
        },
      };
    },
    set(peer, { lossProbability = 0, delayMs = 0 }) {
      end(peer);
      const envelopes = new Subject<Envelope>();
      const arriving =
        delayMs === 0 ? envelopes : envelopes.pipe(delaying({ minMs: delayMs, maxMs: delayMs }, clock, random));
      const subscription = arriving.subscribe((envelope) => {
        if (chance(random, lossProbability)) lost.next(envelope);
        else pass(envelope);
      });
      faulty.set(peer, { envelopes, subscription });
    },
    heal() {
      for (const peer of [...faulty.keys()]) end(peer);
    },
    lost: lost.asObservable(),
  };
}
