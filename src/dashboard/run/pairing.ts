/**
 * Which step sent a message, and which step took it in. The network knows each envelope; an actor's step tells what it
 * asked to be sent and what it took in. Both are joined here: sends by identity, since nothing copies a message between a
 * step and the network, and receptions by order, since what one actor sends to another is taken in the order of arrival.
 */

import { type Address, canonicalKey, nodeOf, type Send, type Tagged } from '../../../statecharts/actor.ts';
import type { Envelope } from '../../bus/bus.ts';

/** Messages that arrived for what is no actor are never taken in by a step; more than this of one pair are let go. */
const maxArrived = 64;

interface Asked {
  readonly to: Address;
  readonly message: Tagged;
  readonly step: string;
}

interface Arrived extends Envelope {
  readonly key: string;
  readonly sent: string;
}

/** Joins the messages of one run with the steps at both ends. */
export class Pairing {
  readonly #asked = new Map<Address, Asked[]>();
  readonly #sent = new WeakMap<Envelope, string>();
  readonly #arrived = new Map<string, Arrived[]>();

  /** A step asked for `sends`; some may leave only when records are durable. */
  asked(actor: Address, step: string, sends: readonly Send[]): void {
    const remote = sends.filter(({ to }) => nodeOf(to) !== nodeOf(actor));
    if (remote.length === 0) return;
    const list = this.#asked.get(actor) ?? [];
    this.#asked.set(actor, list);
    for (const { to, message } of remote) list.push({ to, message, step });
  }

  /** An envelope leaves, and is called `sent`. @returns the step that asked for it; undefined when no actor did */
  sent(envelope: Envelope, sent: string): string | undefined {
    this.#sent.set(envelope, sent);
    const list = this.#asked.get(envelope.from) ?? [];
    const at = list.findIndex(({ to, message }) => to === envelope.to && message === envelope.message);
    return at < 0 ? undefined : list.splice(at, 1)[0]?.step;
  }

  /** What an envelope was called as it left. */
  nameOf(envelope: Envelope): string | undefined {
    return this.#sent.get(envelope);
  }

  /** An envelope has reached its node. */
  arrived(envelope: Envelope): void {
    const sent = this.#sent.get(envelope);
    if (sent === undefined) return;
    const pair = pairOf(envelope.from, envelope.to);
    const list = this.#arrived.get(pair) ?? [];
    this.#arrived.set(pair, list);
    list.push({ ...envelope, key: canonicalKey(envelope.message), sent });
    if (list.length > maxArrived) list.shift();
  }

  /** `message` from another node is taken in, or refused. @returns what it was called as it left */
  taken(from: Address, to: Address, message: Tagged): string | undefined {
    const list = this.#arrived.get(pairOf(from, to));
    if (list === undefined) return undefined;
    const key = canonicalKey(message);
    const at = list.findIndex((it) => it.key === key);
    return at < 0 ? undefined : list.splice(0, at + 1).at(-1)?.sent;
  }

  /** A node is gone, with what it had not sent. @returns what had reached it, and was not taken in */
  gone(node: string): readonly Arrived[] {
    for (const actor of [...this.#asked.keys()]) if (nodeOf(actor) === node) this.#asked.delete(actor);
    const lost: Arrived[] = [];
    for (const [pair, list] of [...this.#arrived]) {
      if (!pair.includes(` ${node}/`)) continue;
      lost.push(...list);
      this.#arrived.delete(pair);
    }
    return lost;
  }
}

/** Addresses hold no space. */
const pairOf = (from: Address, to: Address): string => `${from} ${to}`;
