/**
 * How many events a run may have, in all and at one virtual instant: callbacks of the virtual clock, and messages within a
 * machine, which take no time and come many to a callback. Actors that answer each other for ever, or ask again without
 * waiting, would keep a run from ending: reaching a limit is a finding, which tells what repeated.
 */

import type { Address } from '../../statecharts/actor.ts';
import type { Envelope } from '../bus/bus.ts';

/** What a run may have at the most. */
export interface EventLimits {
  /** Callbacks of the virtual clock, and messages within machines, in the whole run. Default 200,000. */
  readonly maxEvents?: number;
  /** The same at one virtual instant, during which no time passes. Default 5,000. */
  readonly maxEventsPerInstant?: number;
}

/** Several times what any protocol here needs under all faults on five nodes: 55,000 and 250. */
export const defaultEventLimits = { maxEvents: 200_000, maxEventsPerInstant: 5_000 };

/** Kinds of messages that are named when a limit is reached. */
const mostNamed = 2;

/** The messages of one type from one actor to another. */
interface Traffic {
  readonly what: string;
  times: number;
}

/** Counts the events of one run. */
export class EventCount {
  readonly #limits: Required<EventLimits>;
  /** By type, sender and addressee: a text for each message would cost more than all else here. */
  readonly #sent = new Map<string, Map<Address, Map<Address, Traffic>>>();
  /** Of each message sent at this instant. */
  #sentAtInstant: Traffic[] = [];
  #instantMs = -1;
  #events = 0;
  #eventsAtInstant = 0;

  constructor({
    maxEvents = defaultEventLimits.maxEvents,
    maxEventsPerInstant = defaultEventLimits.maxEventsPerInstant,
  }: EventLimits) {
    this.#limits = { maxEvents, maxEventsPerInstant };
  }

  /** Callbacks of the virtual clock, and messages within machines. */
  get events(): number {
    return this.#events;
  }

  /** A message was sent to another machine. */
  sent({ from, to, message: { type } }: Envelope): void {
    const bySender = memberOf(this.#sent, type, () => new Map<Address, Map<Address, Traffic>>());
    const byAddressee = memberOf(bySender, from, () => new Map<Address, Traffic>());
    const traffic = memberOf(byAddressee, to, () => ({ what: `${type} from ${from} to ${to}`, times: 0 }));
    traffic.times += 1;
    this.#sentAtInstant.push(traffic);
  }

  /** A message was sent within a machine. */
  sentWithin(envelope: Envelope, nowMs: number): void {
    this.#happened(nowMs);
    this.sent(envelope);
  }

  /** A callback of the clock has run. @returns what is wrong when there are too many, in words */
  next(nowMs: number): string | undefined {
    this.#happened(nowMs);
    const { maxEvents, maxEventsPerInstant } = this.#limits;
    if (this.#eventsAtInstant > maxEventsPerInstant) {
      return `more than ${maxEventsPerInstant} events at one instant${mostFrequent(this.#ofInstant())}`;
    }
    if (this.#events > maxEvents) {
      return `more than ${maxEvents} events in one run${mostFrequent(this.#ofRun())}`;
    }
    return undefined;
  }

  #happened(nowMs: number): void {
    if (nowMs !== this.#instantMs) {
      this.#instantMs = nowMs;
      this.#eventsAtInstant = 0;
      if (this.#sentAtInstant.length > 0) this.#sentAtInstant = [];
    }
    this.#events += 1;
    this.#eventsAtInstant += 1;
  }

  #ofRun(): Traffic[] {
    return [...this.#sent.values()].flatMap((bySender) =>
      [...bySender.values()].flatMap((byAddressee) => [...byAddressee.values()]),
    );
  }

  #ofInstant(): Traffic[] {
    const counts = new Map<Traffic, Traffic>();
    for (const traffic of this.#sentAtInstant) {
      memberOf(counts, traffic, () => ({ what: traffic.what, times: 0 })).times += 1;
    }
    return [...counts.values()];
  }
}

/** What `map` has for `key`, made where that is nothing. */
function memberOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let member = map.get(key);
  if (member === undefined) {
    member = make();
    map.set(key, member);
  }
  return member;
}

function mostFrequent(traffic: readonly Traffic[]): string {
  const most = traffic.toSorted((one, other) => other.times - one.times).slice(0, mostNamed);
  if (most.length === 0) return ', and no messages: timers or work of one machine repeat';
  return `, most often sent: ${most.map(({ what, times }) => `${what} (${times} times)`).join(', ')}`;
}
