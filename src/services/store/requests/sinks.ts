/**
 * Where a node's answers go: one sink per asker on the bus, kept while something of that asker waits. Answers to one that
 * reads slowly are not made before there is room for them, within a share for each asker and one budget for all.
 */

import { type Address, nodeOf, QuorateError } from '../../../../statecharts/actor.ts';
import type { Backlog } from '../../../bus/bus.ts';
import type { Clock } from '../../../environment/clock.ts';
import { approximateBytes } from '../codec.ts';
import type { Sink } from './desk.ts';
import { messageLimitBytes, type Response, runsOf } from './wire.ts';

/** A sink that can also be flushed once at the end of the turn. */
export interface BusSink extends Sink {
  flushSoon(): void;
}

export interface Sinks {
  /** The sink of `asker`, which is going to get `expected` more responses. */
  of(asker: Address, expected: number): BusSink;
  close(): void;
}

/** Bytes of answers that wait for their askers to read, beyond which reads wait. */
export interface RoomLimits {
  readonly askerBytes: number;
  readonly allBytes: number;
}

export const defaultRoomLimits: RoomLimits = { askerBytes: 4 * 1_024 * 1_024, allBytes: 48 * 1_024 * 1_024 };

export interface SinksParts {
  readonly clock: Clock;
  readonly backlog: Backlog | undefined;
  readonly limits: RoomLimits;
  /** Throws when the responses can never be sent, being too large. */
  send(to: Address, responses: readonly Response[]): void;
}

const responseOverheadBytes = 64;

const sizeOf = (response: Response): number =>
  responseOverheadBytes + (response.status === 'done' ? approximateBytes(response.value) : 0);

export function createSinks(parts: SinksParts): Sinks {
  const { clock } = parts;
  const room = createRoom(parts);
  const sinks = new Map<Address, AskerSink>();
  const held = new Set<AskerSink>();
  let isScheduled = false;
  const resumeSoon = (): void => {
    if (isScheduled || held.size === 0) return;
    isScheduled = true;
    clock.enqueue(() => {
      isScheduled = false;
      // By turns, so that one asker's many questions do not keep the others waiting.
      if ([...held].filter((sink) => sink.resumeOne()).length > 0) resumeSoon();
    });
  };
  const subscription = parts.backlog?.relieved.subscribe(resumeSoon);
  return {
    of(asker, expected) {
      const sink =
        sinks.get(asker) ??
        new AskerSink(asker, parts, room, {
          onHeld: (it) => held.add(it),
          onResumed: (it) => held.delete(it),
          onIdle: () => sinks.delete(asker),
        });
      sinks.set(asker, sink);
      sink.expect(expected);
      return sink;
    },
    close: () => subscription?.unsubscribe(),
  };
}

/** Knows how much waits for all askers; asked anew in each turn. */
interface Room {
  isFreeFor(asker: Address, pendingBytes: number): boolean;
  pushed(bytes: number): void;
}

function createRoom({ backlog, clock, limits }: SinksParts): Room {
  let knownBytes: number | undefined;
  const allBytes = (known: Backlog): number => {
    if (knownBytes === undefined) {
      knownBytes = known.clientBytes;
      clock.enqueue(() => {
        knownBytes = undefined;
      });
    }
    return knownBytes;
  };
  return {
    isFreeFor: (asker, pendingBytes) =>
      backlog === undefined ||
      (backlog.bytesFor(nodeOf(asker)) + pendingBytes < limits.askerBytes && allBytes(backlog) < limits.allBytes),
    pushed(bytes) {
      if (knownBytes !== undefined) knownBytes += bytes;
    },
  };
}

interface SinkEvents {
  onHeld(sink: AskerSink): void;
  /** Nothing of it is held back any more. */
  onResumed(sink: AskerSink): void;
  onIdle(): void;
}

class AskerSink implements BusSink {
  readonly isOwn = false;
  readonly #asker: Address;
  readonly #parts: SinksParts;
  readonly #room: Room;
  readonly #events: SinkEvents;
  #responses: Response[] = [];
  #pendingBytes = 0;
  #held: (() => void)[] = [];
  #expected = 0;
  #isScheduled = false;

  constructor(asker: Address, parts: SinksParts, room: Room, events: SinkEvents) {
    this.#asker = asker;
    this.#parts = parts;
    this.#room = room;
    this.#events = events;
  }

  get hasRoom(): boolean {
    return this.#room.isFreeFor(this.#asker, this.#pendingBytes);
  }

  expect(more: number): void {
    this.#expected += more;
  }

  push(response: Response): void {
    this.#responses.push(response);
    const bytes = sizeOf(response);
    this.#pendingBytes += bytes;
    this.#room.pushed(bytes);
  }

  whenRoom(run: () => void): void {
    this.#held.push(run);
    this.#events.onHeld(this);
  }

  /** Goes on with what was held back first. @returns whether there was room for it */
  resumeOne(): boolean {
    if (!this.hasRoom) return false;
    const run = this.#held.shift();
    if (this.#held.length === 0) this.#events.onResumed(this);
    run?.();
    return run !== undefined;
  }

  flush(): void {
    const due = this.#responses;
    if (due.length === 0) return;
    this.#responses = [];
    this.#pendingBytes = 0;
    this.#expected -= due.length;
    if (this.#expected === 0) this.#events.onIdle();
    for (const run of runsOf(due, messageLimitBytes, sizeOf)) this.#sendRun(run);
  }

  flushSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#parts.clock.enqueue(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  #sendRun(run: readonly Response[]): void {
    try {
      this.#parts.send(this.#asker, run);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      // Something was answered, and cannot be told; the asker must not take it for undone.
      this.#parts.send(
        this.#asker,
        run.map(({ id }) => ({ id, status: 'unknown', reason: 'no-answer' })),
      );
    }
  }
}
