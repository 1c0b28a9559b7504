/**
 * What clients ask the stores of a node, and what comes of it, as operations of a feed. What comes over HTTP, or from an
 * application that embeds the node, is told in the name of the node. Stores are no actors, so that no step tells of it. A busy
 * node answers far more than a person can see: beyond a share a second requests are told in numbers alone.
 */

import type { Subscription } from 'rxjs';
import { type Address, nodeOf, partsOf } from '../../statecharts/actor.ts';
import { type Clock, systemOriginMs } from '../environment/clock.ts';
import type { ServiceMail } from '../host/endpoint.ts';
import type { Node } from '../host/node.ts';
import { decodeCommand } from '../services/store/key-value/commands.ts';
import type { Shown } from './feed.ts';
import { numberAt, recordsAt, textAt } from './model/fields.ts';
import { isRecord, shortText } from './shown.ts';

export interface StoreOperationsOptions {
  readonly clock: Clock;
  /** When the node's clock began, in milliseconds of the epoch. Default: the system's clock. */
  readonly originMs?: number;
  /** Requests that are told one by one, a second. Default 50. */
  readonly perSecond?: number;
  /** Requests that are told and not answered, at most. Default 500. */
  readonly maxOpen?: number;
}

/** How often it is told what was left out, and looked for what no client waits for any more, in milliseconds. */
const sweepMs = 1_000;

/** Commands with more bytes are not read. */
const readCommandBytes = 4_096;

/**
 * Tells `send` what clients ask the stores of `node` from now on.
 *
 * @returns a subscription; while there is none, it costs the node nothing
 */
export function storeOperationsOf(
  node: Pick<Node, 'id' | 'serviceMail'>,
  send: (item: Shown) => void,
  options: StoreOperationsOptions,
): Subscription {
  const operations = new StoreOperations(node.id, send, options);
  const subscription = node.serviceMail.subscribe((mail) => operations.tell(mail));
  subscription.add(() => operations.close());
  return subscription;
}

/** A request that was told, until when its client waits. */
interface Open {
  readonly client: Address;
  readonly untilMs: number;
}

class StoreOperations {
  readonly #node: string;
  readonly #send: (item: Shown) => void;
  readonly #clock: Clock;
  readonly #originMs: number;
  readonly #perSecond: number;
  readonly #maxOpen: number;
  /** By the names of the operations, in the order in which they began. */
  readonly #open = new Map<string, Open>();
  #told = 0;
  #leftOut = 0;
  #timeout: ReturnType<Clock['setTimeout']> | undefined;

  constructor(node: string, send: (item: Shown) => void, options: StoreOperationsOptions) {
    const { clock, originMs = systemOriginMs, perSecond = 50, maxOpen = 500 } = options;
    this.#node = node;
    this.#send = send;
    this.#clock = clock;
    this.#originMs = originMs;
    this.#perSecond = perSecond;
    this.#maxOpen = maxOpen;
  }

  close(): void {
    if (this.#timeout !== undefined) this.#clock.clearTimeout(this.#timeout);
  }

  tell({ direction, from, to, message }: ServiceMail): void {
    if (direction === 'taken' && message.type === 'requests' && isClient(from)) {
      for (const request of recordsAt(message, 'requests')) this.#begin(from, request);
    }
    if (direction === 'sent' && message.type === 'responses' && isClient(to) && this.#open.size > 0) {
      for (const response of recordsAt(message, 'responses')) this.#end(nameOf(to, response), endOf(response));
    }
  }

  #begin(client: Address, request: Readonly<Record<string, unknown>>): void {
    this.#timeout ??= this.#clock.setTimeout(() => this.#sweep(), sweepMs);
    if (this.#told >= this.#perSecond || this.#open.size >= this.#maxOpen) {
      this.#leftOut += 1;
      return;
    }
    this.#told += 1;
    const name = nameOf(client, request);
    this.#open.set(name, { client, untilMs: this.#clock.nowMs() + (numberAt(request, 'waitMs') ?? 0) });
    this.#tell(name, client, 'began', textOf(request.body));
  }

  #end(name: string, text: string): void {
    const open = this.#open.get(name);
    if (open === undefined) return;
    this.#open.delete(name);
    this.#tell(name, open.client, 'ended', text);
  }

  #tell(name: string, client: Address, phase: 'began' | 'ended', text: string): void {
    const id = `${this.#node} ${name}`;
    this.#send({ type: 'operation', ...this.#now(), id, phase, client: nodeOf(client), text });
  }

  #sweep(): void {
    this.#timeout = undefined;
    this.#told = 0;
    const nowMs = this.#clock.nowMs();
    for (const [name, { untilMs }] of this.#open) if (untilMs < nowMs) this.#end(name, 'not answered in time');
    if (this.#leftOut > 0) {
      const reason = 'clients ask more than is told one by one';
      this.#send({ type: 'summary', ...this.#now(), counts: { operation: this.#leftOut }, reason });
      this.#leftOut = 0;
    }
    if (this.#open.size > 0) this.#timeout = this.#clock.setTimeout(() => this.#sweep(), sweepMs);
  }

  #now(): { readonly node: string; readonly atMs: number } {
    return { node: this.#node, atMs: this.#originMs + this.#clock.nowMs() };
  }
}

const isClient = (address: Address): boolean => partsOf(address).name === 'store.client';

/** A request's id is its client's own. */
const nameOf = (client: Address, item: Readonly<Record<string, unknown>>): string =>
  `${client} ${numberAt(item, 'id')}`;

/** What a request asks for, in short. Values are not told. */
function textOf(body: unknown): string {
  if (!isRecord(body)) return '';
  if (body.type === 'query') return shortText(body.question);
  if (!(body.command instanceof Uint8Array)) return String(body.type);
  const bytes = body.command.length;
  const command = bytes > readCommandBytes ? 'malformed' : decodeCommand(body.command);
  // A store of another state machine has commands of its own.
  if (typeof command === 'string') return `write of ${bytes} bytes`;
  return 'key' in command ? shortText(`${command.type} ${command.key}`) : command.type;
}

function endOf(response: Readonly<Record<string, unknown>>): string {
  const status = textAt(response, 'status') ?? '';
  return status === 'done' ? 'ok' : `${status} ${textAt(response, 'reason') ?? ''}`.trimEnd();
}
