/**
 * Faults as RxJS operators over envelopes, and `withFaults`, which puts them before or behind any bus, so that the
 * same faults shake the network in memory and a real cluster. What they take away is not reported as a loss: a real
 * network does not report it either.
 */

import { filter, merge, mergeMap, Observable, of, Subject, type Subscriber, type TeardownLogic } from 'rxjs';
import { nodeOf } from '../../statecharts/actor.ts';
import type { Clock, TimeoutHandle } from '../environment/clock.ts';
import { chance, type Random } from '../environment/random.ts';
import type { Bus, Envelope, Loss } from './bus.ts';
import { createInbox } from './inbox.ts';

/** Something that happens to envelopes on their way. */
export type Fault = <Carried extends Envelope>(source: Observable<Carried>) => Observable<Carried>;

/** A range of times in milliseconds, both ends included. */
export interface RangeMs {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Loses each envelope with the given probability. */
export const dropping = (probability: number, random: Random): Fault => filter(() => !chance(random, probability));

/** Carries each envelope a second time, right behind the first, with the given probability. */
export const duplicating = (probability: number, random: Random): Fault =>
  mergeMap((envelope) => (chance(random, probability) ? of(envelope, envelope) : of(envelope)));

/**
 * Loses what is sent from one node to another while the way between them is cut.
 *
 * @param isCut asked for each envelope, so that a cut may come, go, and be one-way
 */
export const partitioned = (isCut: (from: string, to: string) => boolean): Fault =>
  filter(({ from, to }) => !isCut(nodeOf(from), nodeOf(to)));

/**
 * Holds each envelope for a time drawn from `rangeMs`, as a slow line does: between each two nodes no envelope overtakes,
 * so an envelope may have to wait for the one before it.
 */
export const delaying = (rangeMs: RangeMs, clock: Clock, random: Random): Fault =>
  holding(<Carried extends Envelope>(held: Held, release: (envelope: Carried) => void) => {
    /** The line from each node to each other, and when its last envelope leaves it. */
    const lines = new Map<string, { queue: Carried[]; freeAtMs: number }>();
    return (envelope: Carried) => {
      const nowMs = clock.nowMs();
      const key = `${nodeOf(envelope.from)} ${nodeOf(envelope.to)}`;
      const line = lines.get(key) ?? { queue: [], freeAtMs: nowMs };
      lines.set(key, line);
      line.queue.push(envelope);
      line.freeAtMs = Math.max(line.freeAtMs, nowMs + drawMs(rangeMs, random));
      // Real timers may fire in another order than they were asked for; the head of the line leaves whichever is due.
      held.after(line.freeAtMs - nowMs, () => {
        const next = line.queue.shift();
        if (line.queue.length === 0) lines.delete(key);
        if (next !== undefined) release(next);
      });
    };
  }, clock);

/**
 * Holds an envelope, with the given probability, for a time drawn from `rangeMs`, while others pass it.
 */
export const reordering = (probability: number, rangeMs: RangeMs, clock: Clock, random: Random): Fault =>
  holding(
    (held, release) => (envelope) => {
      if (!chance(random, probability)) release(envelope);
      else held.after(drawMs(rangeMs, random), () => release(envelope));
    },
    clock,
  );

const drawMs = ({ minMs, maxMs }: RangeMs, random: Random): number => minMs + (maxMs - minMs) * random.next();

/** Timeouts of one subscription. */
interface Held {
  after(ms: number, run: () => void): void;
}

/** An operator that keeps envelopes for a while. When its source completes, it completes after the last of them. */
function holding(
  start: <Carried extends Envelope>(held: Held, release: (envelope: Carried) => void) => (envelope: Carried) => void,
  clock: Clock,
): Fault {
  return <Carried extends Envelope>(source: Observable<Carried>) =>
    new Observable((subscriber: Subscriber<Carried>): TeardownLogic => {
      const pending = new Set<TimeoutHandle>();
      let completed = false;
      const held: Held = {
        after(ms, run) {
          const handle = clock.setTimeout(() => {
            pending.delete(handle);
            run();
            if (completed && pending.size === 0) subscriber.complete();
          }, ms);
          pending.add(handle);
        },
      };
      const take = start<Carried>(held, (envelope) => subscriber.next(envelope));
      const subscription = source.subscribe({
        next: take,
        error: (error) => subscriber.error(error),
        complete() {
          completed = true;
          if (pending.size === 0) subscriber.complete();
        },
      });
      return () => {
        subscription.unsubscribe();
        for (const handle of pending) clock.clearTimeout(handle);
        pending.clear();
      };
    });
}

/** The faults of one bus; operators are combined with RxJS's `pipe`. */
export interface Faults {
  /** Happens to what the bus sends. */
  readonly outgoing?: Fault;
  /** Happens to what the bus receives, before anybody who listens gets it. */
  readonly incoming?: Fault;
}

/**
 * A bus on which faults happen. Closing it closes `bus`; what a fault holds at that moment is lost. Rejections,
 * statuses and losses are not touched.
 */
export function withFaults(bus: Bus, { outgoing, incoming }: Faults): Bus {
  const sending = new Subject<Envelope>();
  const inbox = createInbox();
  const lostLater = new Subject<Loss>();
  const failures: unknown[] = [];
  let isSending = false;
  const sent = (outgoing === undefined ? sending : sending.pipe(outgoing)).subscribe((envelope) => {
    try {
      bus.send(envelope);
    } catch (error) {
      // The sender of an envelope that a fault has held cannot be told by an exception any more.
      if (isSending) failures.push(error);
      else lostLater.next({ node: nodeOf(envelope.to), reason: 'dropped', count: 1 });
    }
  });
  const arriving = bus.envelopes();
  const received = (incoming === undefined ? arriving : arriving.pipe(incoming)).subscribe((envelope) => {
    if (!inbox.deliver(envelope)) bus.reject(envelope);
  });
  return {
    node: bus.node,
    send(envelope) {
      isSending = true;
      sending.next(envelope);
      isSending = false;
      if (failures.length > 0) throw failures.splice(0)[0];
    },
    envelopes: (address) => inbox.envelopes(address),
    reject: (envelope) => bus.reject(envelope),
    peers: bus.peers,
    losses: merge(bus.losses, lostLater),
    ...(bus.backlog !== undefined && { backlog: bus.backlog }),
    close() {
      sent.unsubscribe();
      received.unsubscribe();
      inbox.complete();
      lostLater.complete();
      return bus.close();
    },
  };
}
