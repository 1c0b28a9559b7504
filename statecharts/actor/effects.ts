/**
 * Effects: the whole outward vocabulary of a chart, as plain data. A chart asks; the driver (host, simulator, checker)
 * does, in the order in which the effects were emitted.
 */

import type { Address } from './address.ts';

/** Anything that has a kind: messages, requests, records, outputs and operations are of this form. */
export interface Tagged {
  readonly type: string;
}

/** Hands a message to the bus. It may be lost, repeated and reordered on its way. */
export interface Send<M extends Tagged = Tagged> {
  readonly type: 'send';
  readonly to: Address;
  readonly message: M;
  /**
   * Release at once, past records that are not durable yet. Allowed only where the message stays true after a crash
   * that loses every undurable record; cite the rule that says so.
   */
  readonly ahead?: true;
}

/** Writes a record to the journal. Nothing emitted after it leaves before it is durable. */
export interface Persist<R extends Tagged = Tagged> {
  readonly type: 'persist';
  readonly record: R;
  /** The record replaces all earlier ones of this actor, which the journal may then reclaim. */
  readonly checkpoint?: true;
  /** How far the record reaches, as the actor counts: what `keepsAbove` of a later checkpoint looks at. */
  readonly mark?: number;
  /**
   * Of a checkpoint: it replaces only the records before the first one whose mark is greater than this, so that what is
   * still needed is not written again. The fold hears the records that are kept, then the checkpoint.
   */
  readonly keepsAbove?: number;
  /**
   * No actor waits for the record, and losing it in a crash costs work but no truth: the journal may take a moment to write
   * it together with what comes next (Mohan, Lindsay & Obermarck 1986, §2: records that are not forced).
   */
  readonly unforced?: true;
}

/** Asks a resource to act. Exactly one `performed` event answers it, per incarnation. */
export interface Perform<O extends Tagged = Tagged> {
  readonly type: 'perform';
  /** Names this operation; recovery must derive the same id again. */
  readonly id: string;
  readonly resource: string;
  readonly operation: O;
  /** How long the resource may take before the answer is `unknown`, in milliseconds. */
  readonly deadlineMs: number;
}

/** Gives a result to the application, in order, once per incarnation. */
export interface Deliver<D extends Tagged = Tagged> {
  readonly type: 'deliver';
  readonly output: D;
  /** As for `send`: release past undurable records, because the output does not depend on them. */
  readonly ahead?: true;
}

/** What the actors of one protocol say, write, ask for and deliver. */
export interface Vocabulary {
  message?: Tagged;
  record?: Tagged;
  operation?: Tagged;
  output?: Tagged;
}

type Part<V extends Vocabulary, K extends keyof Vocabulary> = V[K] extends Tagged ? V[K] : never;

/** The effects that a protocol with vocabulary `V` may ask for. */
export type EffectOf<V extends Vocabulary> =
  | ([Part<V, 'message'>] extends [never] ? never : Send<Part<V, 'message'>>)
  | ([Part<V, 'record'>] extends [never] ? never : Persist<Part<V, 'record'>>)
  | ([Part<V, 'operation'>] extends [never] ? never : Perform<Part<V, 'operation'>>)
  | ([Part<V, 'output'>] extends [never] ? never : Deliver<Part<V, 'output'>>);

/** Any effect of any protocol, as drivers see it. */
export type Effect = Send | Persist | Perform | Deliver;

/** What became of an operation. `unknown` means that it may or may not have happened, or may still happen. */
export type Result =
  | { readonly type: 'done'; readonly value: unknown }
  | { readonly type: 'refused'; readonly error: string }
  | { readonly type: 'unknown'; readonly error: string };

/** The answer to `perform`, as an event of the chart that asked. */
export interface Performed {
  readonly type: 'performed';
  readonly id: string;
  readonly result: Result;
}

/**
 * Tells an actor that the bus could not carry what it had sent: a drop, a disconnect, or an address where nobody
 * lives. Best effort: silence proves nothing. Only definitions with `hearsUnreachable` receive it.
 */
export interface Unreachable {
  readonly type: 'unreachable';
  readonly node: string;
  /** The absent actor, when only one address and not the whole node is concerned. */
  readonly address?: Address;
  readonly reason: 'disconnected' | 'dropped' | 'absent';
}

/** What the driver adds to everything that it hands to a chart. */
export interface Delivery {
  /** Who sent it, set by the transport; the actor's own address for requests, timers and answers. */
  readonly from: Address;
  /** The host's monotonic clock, in milliseconds; 0 in the checker unless the actor declares that it reads time. */
  readonly atMs: number;
}

/** The events that a chart receives for the messages, requests and notices `T`. */
export type Delivered<T extends Tagged> = T extends Tagged ? T & Delivery : never;

/** The event that a chart receives for what `from` has said. */
export const eventOf = (said: Tagged, from: Address, atMs: number): Tagged & Delivery =>
  // V8 takes ten times as long for a literal that spreads and then adds.
  Object.assign({}, said, { from, atMs });

/** Constructors, so that a rule reads as what it asks for. */
export const send = <M extends Tagged>(to: Address, message: M): Send<M> => ({ type: 'send', to, message });
export const sendAhead = <M extends Tagged>(to: Address, message: M): Send<M> => ({
  type: 'send',
  to,
  message,
  ahead: true,
});
export const persist = <R extends Tagged>(record: R): Persist<R> => ({ type: 'persist', record });
export const checkpoint = <R extends Tagged>(record: R): Persist<R> => ({ type: 'persist', record, checkpoint: true });
/** `effect`, with how far its record reaches. */
export const marked = <R extends Tagged>(effect: Persist<R>, mark: number): Persist<R> => ({ ...effect, mark });
/** A checkpoint that leaves the records in force from the first one on whose mark is greater than `keepsAbove`. */
export const checkpointAbove = <R extends Tagged>(record: R, keepsAbove: number): Persist<R> => ({
  ...checkpoint(record),
  keepsAbove,
});
/** Of written records and the effect that wrote each, those that are in force. */
export function inForce<R extends Tagged>(written: readonly Persist<R>[]): readonly Persist<R>[] {
  let kept: Persist<R>[] = [];
  for (const effect of written) {
    const { checkpoint: replaces, keepsAbove } = effect;
    if (replaces === true) {
      const first =
        keepsAbove === undefined ? -1 : kept.findIndex(({ mark }) => mark !== undefined && mark > keepsAbove);
      kept = first < 0 ? [] : kept.slice(first);
    }
    kept.push(effect);
  }
  return kept;
}
export const unforced = <R extends Tagged>(effect: Persist<R>): Persist<R> => ({ unforced: true, ...effect });
export const deliver = <D extends Tagged>(output: D): Deliver<D> => ({ type: 'deliver', output });
export const deliverAhead = <D extends Tagged>(output: D): Deliver<D> => ({ type: 'deliver', output, ahead: true });

/** Whether something emitted by a machine is one of the four effects. */
export function isEffect(value: Tagged): value is Effect {
  switch (value.type) {
    case 'send':
      return 'to' in value && 'message' in value;
    case 'persist':
      return 'record' in value;
    case 'perform':
      return 'id' in value && 'resource' in value && 'operation' in value && 'deadlineMs' in value;
    case 'deliver':
      return 'output' in value;
    default:
      return false;
  }
}
