/**
 * The simulated network: what becomes of each envelope is read from the schedule, link by link, or drawn and written
 * down, so that the run can be replayed exactly.
 */

import { Observable, Subject } from 'rxjs';
import { type Address, nodeOf } from '../../statecharts/actor.ts';
import { type Arrival, arrivalOf, type Bus, type Envelope, type Loss, type PeerStatus } from '../bus/bus.ts';
import type { Clock } from '../environment/clock.ts';
import { chance, type Random } from '../environment/random.ts';
import type { Fate } from './schedule.ts';

/** Decides on the n-th envelope from one node to another, whose link is `n1>n2`. */
export type Fates = (from: string, to: string, link: string, index: number) => Fate;

/** What the network did with an envelope, for the event log. */
export type NetworkEvent =
  | { readonly type: 'sent'; readonly envelope: Envelope; readonly fate: Fate }
  | { readonly type: 'delivered'; readonly envelope: Envelope }
  | { readonly type: 'cut'; readonly envelope: Envelope };

/** What a link does to all that is sent over it. */
export interface Impairment {
  readonly lossProbability: number;
  /** How much longer it takes, in milliseconds. */
  readonly delayMs: number;
}

/** The impairment of a link that has none. */
export const unimpaired: Impairment = { lossProbability: 0, delayMs: 0 };

/** The network between simulated machines. */
export interface SimulatedNetwork {
  /** A machine's end of the bus, from its start to its next crash; `clock` is the machine's. */
  join(node: string, clock: Clock): Bus;
  /** The machine is gone; the others notice after a while, as they would by a reset connection. */
  leave(node: string): void;
  /** Cuts the links for which `isCut` holds; envelopes on their way are lost too. */
  setCut(isCut: (from: string, to: string) => boolean): void;
  /** Holds back what is sent over the links for which `isClogged` holds; what no longer is held arrives. */
  setClogged(isClogged: (from: string, to: string) => boolean): void;
  /** What is sent over links is lost, or late, beyond what the fates say of it. */
  setImpaired(impairmentOf: (from: string, to: string) => Impairment): void;
  /** The fates that were used, by link; impairments are no part of them. */
  fates(): Record<string, Fate[]>;
}

interface End {
  readonly node: string;
  readonly clock: Clock;
  readonly incoming: Subject<Arrival>;
  readonly peers: Subject<PeerStatus>;
  readonly losses: Subject<Loss>;
}

/** One machine's way to another. */
interface Link {
  readonly from: string;
  readonly to: string;
  /** `n1>n2`. */
  readonly name: string;
  readonly fates: Fate[];
}

/** How long it takes to notice that the other side is gone, in milliseconds. */
const resetDelayMs = 5;

/**
 * Makes a network that no machine has joined.
 *
 * @param onEvent hears what becomes of each envelope
 * @param random draws what impaired links lose
 */
export function createSimulatedNetwork(
  time: Clock,
  decide: Fates,
  onEvent: (event: NetworkEvent) => void,
  random: Random,
): SimulatedNetwork {
  const ends = new Map<string, End>();
  const used: Record<string, Fate[]> = {};
  let isCut: (from: string, to: string) => boolean = () => false;
  let isClogged: (from: string, to: string) => boolean = () => false;
  let impairmentOf = (_from: string, _to: string): Impairment => unimpaired;
  let clogged: Envelope[] = [];

  const linkOf = createLinks((name) => {
    used[name] ??= [];
    return used[name];
  });

  const arrive = (envelope: Envelope, { from, to }: Link): void => {
    const end = ends.get(to);
    if (end === undefined || isCut(from, to)) {
      onEvent({ type: 'cut', envelope });
      return;
    }
    // The machine takes it when it gets to it: a paused one only when it goes on.
    end.clock.enqueue(() => {
      onEvent({ type: 'delivered', envelope });
      end.incoming.next(arrivalOf(envelope, 'member'));
    });
  };
  const sendOff = (envelope: Envelope): void => {
    const link = linkOf(envelope);
    const { fates, from, name, to } = link;
    const decided = decide(from, to, name, fates.length);
    fates.push(decided);
    const fate = impairedFate(decided, impairmentOf(from, to), random);
    onEvent({ type: 'sent', envelope, fate });
    for (const delayMs of fate) time.setTimeout(() => transmit(envelope, link), delayMs);
  };
  const transmit = (envelope: Envelope, link: Link): void => {
    if (isClogged(link.from, link.to)) clogged.push(envelope);
    else arrive(envelope, link);
  };
  const tell = (node: string, about: string): void => {
    const end = ends.get(node);
    if (end === undefined) return;
    end.clock.enqueue(() => {
      end.peers.next({ node: about, status: 'disconnected', reason: 'connection reset' });
      end.losses.next({ node: about, reason: 'disconnected', count: 0 });
    });
  };

  const leave = (node: string): void => {
    ends.delete(node);
    for (const other of [...ends.keys()]) {
      if (!isCut(node, other)) time.setTimeout(() => tell(other, node), resetDelayMs);
    }
  };

  return {
    join(node, clock) {
      const end: End = { node, clock, incoming: new Subject(), peers: new Subject(), losses: new Subject() };
      ends.set(node, end);
      for (const other of ends.values()) {
        if (other === end) continue;
        clock.enqueue(() => end.peers.next({ node: other.node, status: 'connected' }));
        other.clock.enqueue(() => other.peers.next({ node, status: 'connected' }));
      }
      return {
        node,
        send(envelope) {
          if (ends.get(node) === end) sendOff(envelope);
        },
        envelopes: (address) =>
          address === undefined
            ? end.incoming.asObservable()
            : new Observable((subscriber) =>
                end.incoming.subscribe((envelope) => {
                  if (envelope.to === address) subscriber.next(envelope);
                }),
              ),
        reject(envelope) {
          const from = nodeOf(envelope.from);
          const sender = ends.get(from);
          if (isCut(node, from)) return;
          sender?.clock.setTimeout(
            () => sender.losses.next({ node, address: envelope.to, reason: 'absent', count: 1 }),
            resetDelayMs,
          );
        },
        peers: end.peers.asObservable(),
        losses: end.losses.asObservable(),
        close: async () => {
          if (ends.get(node) === end) leave(node);
        },
      };
    },
    leave,
    setCut(next) {
      isCut = next;
    },
    setClogged(next) {
      isClogged = next;
      const waiting = clogged;
      clogged = [];
      for (const envelope of waiting) transmit(envelope, linkOf(envelope));
    },
    setImpaired(next) {
      impairmentOf = next;
    },
    fates: () => used,
  };
}

function impairedFate(fate: Fate, impairment: Impairment, random: Random): Fate {
  if (impairment === unimpaired) return fate;
  const { lossProbability, delayMs } = impairment;
  return chance(random, lossProbability) ? [] : fate.map((ms) => ms + delayMs);
}

/** Finds the links of envelopes; each pair of addresses is taken apart once. */
function createLinks(fatesOf: (name: string) => Fate[]): (envelope: Envelope) => Link {
  const links = new Map<Address, Map<Address, Link>>();
  return ({ from: sender, to: addressee }) => {
    let bySender = links.get(sender);
    if (bySender === undefined) {
      bySender = new Map();
      links.set(sender, bySender);
    }
    let link = bySender.get(addressee);
    if (link === undefined) {
      const from = nodeOf(sender);
      const to = nodeOf(addressee);
      const name = `${from}>${to}`;
      link = { from, to, name, fates: fatesOf(name) };
      bySender.set(addressee, link);
    }
    return link;
  };
}
