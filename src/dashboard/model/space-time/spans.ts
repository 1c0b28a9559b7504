/** What lasts in a space-time diagram: a node's role or absence on its lane, clients' operations and faults on lanes below. */

import type { Shown } from '../../feed.ts';
import type { ItemOf } from '../moment.ts';
import { nodeStandings } from '../node-standing.ts';
import type { Timeline } from '../timeline.ts';
import type { Lanes } from './lanes.ts';
import type { Roles } from './roles.ts';

/** Something that lasts. */
export interface Span {
  readonly lane: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly kind: 'role' | 'status' | 'operation' | 'fault';
  readonly text: string;
}

/** The part of a time line that is looked at: the window, and the positions whose items are to be looked through. */
export interface SpanWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly first: number;
  readonly end: number;
  /** What comes after it has not happened yet. */
  readonly position: number;
}

/** Clients at once, each with a lane; more share the last one. */
const maxClients = 8;
const otherClients = 'other clients';

/** The spans that touch the window, in the order in which they end; those that last end with it, or with what has happened. */
export function spansOf(timeline: Timeline, window: SpanWindow, lanes: Lanes, roles: Roles): readonly Span[] {
  makeLanes(timeline, window, lanes);
  const spans = new Spans(timeline, window, lanes, roles);
  for (const item of timeline.between(window.first, window.end)) spans.take(item);
  return spans.end();
}

/** Lanes for the clients in the window by name, and below them one for faults, if there are any. */
function makeLanes(timeline: Timeline, { first, end }: SpanWindow, lanes: Lanes): void {
  const { operations, faults } = timeline.at(first);
  const clients = new Set([...operations.values()].map(({ client }) => client));
  let isFaulty = faults.size > 0;
  for (const item of timeline.between(first, end)) {
    if (item.type === 'operation') clients.add(item.client);
    if (item.type === 'fault') isFaulty = true;
  }
  const names = [...clients].sort();
  for (const name of names.slice(0, maxClients)) lanes.ensure(name);
  if (names.length > maxClients) lanes.ensure(otherClients);
  if (isFaulty) lanes.ensure('faults');
}

type Open = Omit<Span, 'toMs'>;

class Spans {
  readonly #window: SpanWindow;
  readonly #lanes: Lanes;
  readonly #closed: Span[] = [];
  /** By what they are of: a node, an operation, a fault. */
  readonly #open = new Map<string, Open>();
  readonly #roles: Roles;
  /** The role of each node that has one. */
  readonly #roleOf = new Map<string, string>();
  readonly #nowMs: number;

  constructor(timeline: Timeline, window: SpanWindow, lanes: Lanes, roles: Roles) {
    this.#window = window;
    this.#lanes = lanes;
    this.#roles = roles;
    const { toMs, end, position } = window;
    this.#nowMs = end < position ? toMs : Math.min(toMs, timeline.atMs(position) ?? toMs);
    const before = timeline.at(window.first);
    for (const { name, status, role } of nodeStandings(before)) {
      if (role !== undefined) this.#roleOf.set(name, role);
      if (status === 'down' || status === 'paused') this.#turn(name, window.fromMs, 'status', status);
      else if (role !== undefined) this.#turn(name, window.fromMs, 'role', role);
    }
    for (const operation of before.operations.values()) this.#operation(operation);
    for (const fault of before.faults.values()) this.#fault(fault);
  }

  take(item: Shown): void {
    const { node, atMs } = item;
    switch (item.type) {
      case 'operation':
        this.#operation(item);
        break;
      case 'fault':
        this.#fault(item);
        break;
      case 'down':
      case 'paused':
        this.#turn(node, atMs, 'status', item.type);
        break;
      case 'up':
        this.#close(node, atMs);
        break;
      case 'resumed':
        this.#close(node, atMs);
        this.#turn(node, atMs, 'role', this.#roleOf.get(node));
        break;
      case 'actor':
      case 'step':
        if (item.actor !== this.#roles.mainOf(node)) break;
        if (item.role !== undefined) this.#roleOf.set(node, item.role);
        this.#turn(node, atMs, 'role', item.role);
        break;
    }
  }

  /** Ends what lasts. */
  end(): readonly Span[] {
    for (const of of [...this.#open.keys()]) this.#close(of, this.#nowMs);
    return this.#closed;
  }

  #turn(node: string, fromMs: number, kind: Span['kind'], text: string | undefined): void {
    const lane = this.#lanes.of(node);
    if (lane === undefined || text === undefined) return;
    const known = this.#open.get(node);
    if (known?.kind === kind && known.text === text) return;
    this.#close(node, fromMs);
    this.#open.set(node, { lane, fromMs, kind, text });
  }

  #operation({ id, phase, client, text, atMs }: ItemOf<'operation'>): void {
    const of = `operation ${id}`;
    if (phase === 'began') {
      this.#open.set(of, {
        lane: this.#lanes.of(client) ?? this.#lanes.ensure(otherClients),
        fromMs: atMs,
        kind: 'operation',
        text,
      });
      return;
    }
    const began = this.#open.get(of);
    if (began !== undefined) this.#open.set(of, { ...began, text: `${began.text}: ${text}` });
    this.#close(of, atMs);
  }

  #fault({ id, isActive, text, atMs }: ItemOf<'fault'>): void {
    const of = `fault ${id}`;
    if (isActive) this.#open.set(of, { lane: this.#lanes.ensure('faults'), fromMs: atMs, kind: 'fault', text });
    else this.#close(of, atMs);
  }

  #close(of: string, atMs: number): void {
    const span = this.#open.get(of);
    this.#open.delete(of);
    const { fromMs, toMs } = this.#window;
    if (span === undefined || atMs < fromMs || span.fromMs > toMs) return;
    this.#closed.push({ ...span, fromMs: Math.max(span.fromMs, fromMs), toMs: Math.min(atMs, toMs) });
  }
}
