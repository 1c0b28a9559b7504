/**
 * The inspection stream: everything that a node does, as it does it. Nothing is built while no observer looks, and nothing is
 * kept: an observer that cannot keep up must drop by itself (see `latest`), and one that wants few of a busy node's steps is a
 * sampler, for which the others are not built.
 */

import { Observable, Subject, type Subscriber } from 'rxjs';
import type { Address, Effect, Tagged, TransitionTaken } from '../../statecharts/actor.ts';
import type { Loss, PeerStatus } from '../bus/bus.ts';
import type { Released } from './outbox.ts';

interface Seen {
  readonly node: string;
  /** Numbers the events of this node from 1; what happened while no observer looked has no number. */
  readonly sequence: number;
  readonly atMs: number;
}

/**
 * Why something was not taken: it came from where it may not come from; no actor lives at its address; its addressee knows
 * nothing of that kind; it is an answer that comes too late; the bus can never carry it; or there is too much to do.
 */
export type RefusedKind = 'stranger' | 'absent' | 'malformed' | 'late' | 'unsendable' | 'overload';

/** One thing that a node did. */
export type InspectionEvent = Seen & Happened;

/** What may happen on a node. */
export type Happened =
  | { readonly type: 'started'; readonly actor: Address; readonly recoveredRecords: number; readonly state: unknown }
  | { readonly type: 'stopped'; readonly actor: Address }
  | { readonly type: 'failed'; readonly actor?: Address; readonly error: Error }
  /** A step: what came in, which transitions it took, and what it asked for. */
  | {
      readonly type: 'step';
      readonly actor: Address;
      readonly from: Address;
      readonly cause: Tagged;
      readonly transitions: readonly TransitionTaken[];
      readonly effects: readonly Effect[];
      /** How many of the effects wait for the disk. */
      readonly pending: number;
      readonly state: unknown;
      readonly context: unknown;
    }
  /** Effects that were held back and may now leave, because the records before them are durable. */
  | { readonly type: 'released'; readonly actor: Address; readonly effects: readonly Released[] }
  | { readonly type: 'role'; readonly actor: Address; readonly role: string | undefined }
  | { readonly type: 'flushed'; readonly actor: Address; readonly batch: number }
  /** Something that was not accepted, or went nowhere. */
  | {
      readonly type: 'refused';
      readonly to: Address;
      readonly from: Address;
      readonly message: Tagged;
      readonly kind: RefusedKind;
      readonly reason: string;
    }
  | { readonly type: 'lost'; readonly loss: Loss }
  | { readonly type: 'peer'; readonly peer: PeerStatus };

/**
 * An observer that wants some steps and flushes and not all. It is asked before each and told of those that were not built, so
 * that it has to be quick. Should it throw, that ends this observer alone.
 */
export interface Sampler {
  /** Whether it wants a step or flush of this time. */
  wants(atMs: number): boolean;
  /** A step of `actor` was not built. `released` are those of its effects that no record holds back. */
  passedStep(actor: Address, released: readonly Released[]): void;
  /** That records of an actor are durable was not built. */
  passedFlush(): void;
}

/** Of a step's effects, those that no record holds back. */
export function leavingAtOnce({
  effects,
  pending,
}: Pick<InspectionEvent & { readonly type: 'step' }, 'effects' | 'pending'>): readonly Effect[] {
  if (pending === 0) return effects;
  const isAhead = (effect: Effect): boolean =>
    (effect.type === 'send' || effect.type === 'deliver') && effect.ahead === true;
  const inOrder = effects.filter((effect) => effect.type !== 'persist' && !isAhead(effect));
  const held = new Set(inOrder.slice(-pending));
  return effects.filter((effect) => !held.has(effect));
}

/** The producing side. */
export interface Inspection {
  readonly stream: Observable<InspectionEvent>;
  /** The same for a sampler: what it does not want is built only if another observer wants it, and else told to it alone. */
  sampled(sampler: Sampler): Observable<InspectionEvent>;
  /** Whether an observer looks. Ask before building an event: that is all the stream may cost while none does. */
  readonly observed: boolean;
  /** Whether an observer wants the step or flush that is to happen now. If so it is to be reported, and else passed over. */
  wants(atMs: number): boolean;
  report(happened: Happened): void;
  passStep(actor: Address, released: readonly Released[]): void;
  passFlush(): void;
}

interface Sampling {
  readonly sampler: Sampler;
  readonly subscriber: Subscriber<InspectionEvent>;
}

/** Makes the inspection stream of one node. */
export function createInspection(node: string, nowMs: () => number): Inspection {
  const subject = new Subject<InspectionEvent>();
  let sequence = 0;
  let observers = 0;
  let samplings: readonly Sampling[] = [];
  const tellEach = (tell: (sampler: Sampler) => void): void => {
    for (const { sampler, subscriber } of samplings) {
      try {
        tell(sampler);
      } catch (error) {
        subscriber.error(error);
      }
    }
  };
  const isWanted = (atMs: number): boolean => {
    let isAny = false;
    tellEach((it) => {
      if (it.wants(atMs)) isAny = true;
    });
    return isAny;
  };
  return {
    stream: new Observable((subscriber) => {
      observers += 1;
      const subscription = subject.subscribe(subscriber);
      return () => {
        observers -= 1;
        subscription.unsubscribe();
      };
    }),
    sampled: (sampler) =>
      new Observable((subscriber) => {
        const sampling = { sampler, subscriber };
        samplings = [...samplings, sampling];
        subscriber.add(() => {
          samplings = samplings.filter((it) => it !== sampling);
        });
        subscriber.add(subject.subscribe(subscriber));
      }),
    get observed() {
      return observers > 0 || samplings.length > 0;
    },
    wants: (atMs) => observers > 0 || (samplings.length > 0 && isWanted(atMs)),
    report(happened) {
      sequence += 1;
      subject.next({ node, sequence, atMs: nowMs(), ...happened });
    },
    passStep: (actor, released) => tellEach((it) => it.passedStep(actor, released)),
    passFlush: () => tellEach((it) => it.passedFlush()),
  };
}

/** What `latest` hands over: events in order, and how many it had to drop before them. */
export interface InspectionBatch {
  readonly events: readonly InspectionEvent[];
  readonly dropped: number;
}

/**
 * For observers that are slower than the node, such as a network: keeps at most `limit` events, drops the oldest, and
 * hands over what it has whenever `schedule` calls back.
 *
 * @param schedule arranges for its argument to be called when the observer can take more
 */
export function latest(
  stream: Observable<InspectionEvent>,
  limit: number,
  schedule: (handOver: () => void) => void,
): Observable<InspectionBatch> {
  return new Observable((subscriber) => {
    let kept: InspectionEvent[] = [];
    let dropped = 0;
    let scheduled = false;
    const handOver = (): void => {
      scheduled = false;
      const batch = { events: kept, dropped };
      kept = [];
      dropped = 0;
      subscriber.next(batch);
    };
    return stream.subscribe({
      next: (event) => {
        if (kept.length >= limit) {
          kept.shift();
          dropped += 1;
        }
        kept.push(event);
        if (!scheduled) {
          scheduled = true;
          schedule(handOver);
        }
      },
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
  });
}
