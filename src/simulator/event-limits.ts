/**
 * How many events a run may have, in all and at one virtual instant. Servers that answer each other for ever, or ask
 * again without waiting, would keep a run from ending: reaching a limit is a finding, which tells what repeated.
 */

import type { Envelope } from '../bus/bus.ts';

/** What a run may have at the most. */
export interface EventLimits {
  /** Callbacks of the virtual clock in the whole run. Default 200,000. */
  readonly maxEvents?: number;
  /** The same at one virtual instant, during which no time passes. Default 5,000. */
  readonly maxEventsPerInstant?: number;
}

/** More than ten times what any protocol here needs under all faults on five nodes: 13,300 and 250. */
export const defaultEventLimits = { maxEvents: 200_000, maxEventsPerInstant: 5_000 };

/** Kinds of messages that are named when a limit is reached. */
const mostNamed = 2;

/** Counts the events of one run. */
export class EventCount {
  readonly #limits: Required<EventLimits>;
  readonly #sent = new Map<string, number>();
  #sentAtInstant = new Map<string, number>();
  #instantMs = -1;
  #events = 0;
  #eventsAtInstant = 0;

  constructor({
    maxEvents = defaultEventLimits.maxEvents,
    maxEventsPerInstant = defaultEventLimits.maxEventsPerInstant,
  }: EventLimits) {
    this.#limits = { maxEvents, maxEventsPerInstant };
  }

  /** A message was sent. */
  sent({ from, to, message }: Envelope): void {
    const what = `${message.type} from ${from} to ${to}`;
    for (const counts of [this.#sent, this.#sentAtInstant]) counts.set(what, (counts.get(what) ?? 0) + 1);
  }

  /** An event has happened. @returns what is wrong when there are too many, in words */
  next(nowMs: number): string | undefined {
    if (nowMs !== this.#instantMs) {
      this.#instantMs = nowMs;
      this.#eventsAtInstant = 0;
      this.#sentAtInstant = new Map();
    }
    this.#events += 1;
    this.#eventsAtInstant += 1;
    const { maxEvents, maxEventsPerInstant } = this.#limits;
    if (this.#eventsAtInstant > maxEventsPerInstant) {
      return `more than ${maxEventsPerInstant} events at one instant${mostFrequent(this.#sentAtInstant)}`;
    }
    if (this.#events > maxEvents) {
      return `more than ${maxEvents} events in one run${mostFrequent(this.#sent)}`;
    }
    return undefined;
  }
}

function mostFrequent(counts: ReadonlyMap<string, number>): string {
  const most = [...counts].sort(([, one], [, other]) => other - one).slice(0, mostNamed);
  if (most.length === 0) return ', and no messages: timers or work of one machine repeat';
  return `, most often sent: ${most.map(([what, times]) => `${what} (${times} times)`).join(', ')}`;
}
