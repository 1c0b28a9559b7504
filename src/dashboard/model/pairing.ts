/**
 * Which step took in which message. A source that knows says so; for others, messages are matched with steps per sender,
 * receiver and type, in their order, where their content is the same. Either may be told first, as nodes tell on their own.
 */

import type { Address } from '../../../statecharts/actor/address.ts';
import { canonicalKey } from '../../../statecharts/actor/plain.ts';
import type { Shown, ShownMessage } from '../feed.ts';

interface Waiting {
  readonly kind: 'sent' | 'step';
  readonly id: string;
  readonly content: string;
  readonly atMs: number;
}

/** A message cannot be taken in before it leaves; clocks of nodes may differ so much, in milliseconds. */
const clocksDifferMs = 1_000;

/** Of one sender, receiver and type; what waits behind so many was never told of. */
const maxPerKey = 256;

/** Pairs of messages and steps, by their ids. */
export class Pairing {
  readonly #maxWaiting: number;
  readonly #stepOf = new Map<string, string>();
  readonly #sentOf = new Map<string, string>();
  readonly #lost = new Set<string>();
  /** In the order of their arrival, by sender, receiver and type. */
  readonly #waiting = new Map<string, Waiting[]>();
  #count = 0;

  /** @param maxWaiting how many messages and steps may wait for each other; the oldest are given up */
  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** The id of the step that took in message `sent`. */
  stepOf(sent: string): string | undefined {
    return this.#stepOf.get(sent);
  }

  /** The id of the message that `step` took in. */
  sentOf(step: string): string | undefined {
    return this.#sentOf.get(step);
  }

  /** Whether message `sent` is known to be lost. */
  isLost(sent: string): boolean {
    return this.#lost.has(sent);
  }

  add(item: Shown): void {
    if (item.type === 'sent') this.#meet('sent', item, keyOf(item.from, item.to, item.message), item.message);
    if (item.type === 'lost') this.#lose(item);
    if (item.type !== 'step') return;
    const key = keyOf(item.from, item.actor, item.cause);
    if (item.sent !== undefined) {
      this.#join(item.sent, item.id);
      this.#remove(key, 'sent', item.sent);
      // What an actor tells itself, timers among it, never was a message.
    } else if (item.from !== item.actor) this.#meet('step', item, key, item.cause);
  }

  /** What is no longer kept is no longer paired, and waits no more: nothing may be remembered of it, whichever end goes first. */
  forget(item: Shown): void {
    if (item.type === 'sent') {
      const step = this.#stepOf.get(item.id);
      if (step === undefined) this.#remove(keyOf(item.from, item.to, item.message), 'sent', item.id);
      else this.#part(item.id, step);
      this.#lost.delete(item.id);
    }
    if (item.type === 'step') {
      const sent = this.#sentOf.get(item.id);
      if (sent === undefined) this.#remove(keyOf(item.from, item.actor, item.cause), 'step', item.id);
      else this.#part(sent, item.id);
    }
    if (item.type === 'lost' && item.sent !== undefined) this.#lost.delete(item.sent);
  }

  /** How many are paired, lost, and wait for each other. */
  get kept(): { readonly pairs: number; readonly lost: number; readonly unpaired: number } {
    return { pairs: Math.max(this.#stepOf.size, this.#sentOf.size), lost: this.#lost.size, unpaired: this.#count };
  }

  #part(sent: string, step: string): void {
    this.#stepOf.delete(sent);
    this.#sentOf.delete(step);
  }

  #join(sent: string, step: string): void {
    this.#stepOf.set(sent, step);
    this.#sentOf.set(step, sent);
  }

  #meet(kind: Waiting['kind'], { id, atMs }: { id: string; atMs: number }, key: string, message: ShownMessage): void {
    // Where a source has told the pair before the message, there is nothing left to find.
    if (kind === 'sent' && this.#stepOf.has(id)) return;
    const content = contentOf(message);
    const queue = this.#waiting.get(key) ?? [];
    const isInTime = (other: number): boolean =>
      kind === 'sent' ? atMs <= other + clocksDifferMs : other <= atMs + clocksDifferMs;
    const other = queue.find((it) => it.kind !== kind && it.content === content && isInTime(it.atMs));
    if (other === undefined) {
      this.#wait(key, queue, { kind, id, content, atMs });
      return;
    }
    this.#remove(key, other.kind, other.id);
    if (kind === 'sent') this.#join(id, other.id);
    else this.#join(other.id, id);
  }

  #wait(key: string, queue: Waiting[], waiting: Waiting): void {
    queue.push(waiting);
    this.#waiting.set(key, queue);
    this.#count += 1;
    if (queue.length > maxPerKey) {
      queue.shift();
      this.#count -= 1;
    }
    if (this.#count > this.#maxWaiting) this.#giveUpOldest();
  }

  #lose({ sent, from, to, message }: Extract<Shown, { type: 'lost' }>): void {
    const key = keyOf(from, to, message);
    const content = contentOf(message);
    const waiting = this.#waiting.get(key)?.find((it) => it.kind === 'sent' && it.content === content);
    const id = sent ?? waiting?.id;
    if (id === undefined) return;
    this.#lost.add(id);
    this.#remove(key, 'sent', id);
  }

  #remove(key: string, kind: Waiting['kind'], id: string): void {
    const queue = this.#waiting.get(key);
    if (queue === undefined) return;
    const left = queue.filter((it) => it.kind !== kind || it.id !== id);
    this.#count -= queue.length - left.length;
    if (left.length > 0) this.#waiting.set(key, left);
    else this.#waiting.delete(key);
  }

  /** All of the sender, receiver and type that began to wait first. */
  #giveUpOldest(): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined) return;
    const [key, queue] = oldest;
    this.#waiting.delete(key);
    this.#count -= queue.length;
  }
}

const keyOf = (from: Address, to: Address, { type }: ShownMessage): string => `${from} ${to} ${type}`;

/** A received message also carries what its transport has added. */
const contentOf = ({ from: _from, atMs: _atMs, ...message }: ShownMessage): string => canonicalKey(message);
