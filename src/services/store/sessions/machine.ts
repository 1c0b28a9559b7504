/**
 * Exactly-once on top of a log that may carry a request more than once: the replicated state around an application's
 * state machine. Clients register sessions through the log and number their requests; the first result of each is kept
 * until the client says that it has it, and repetitions get it again. After Ongaro, "Consensus: Bridging Theory and
 * Practice", §6.3.
 *
 * Who ends is decided by the log alone. A session ends when its client closes it, or when there is no room for a new one
 * and it was idle for long: by the time of the log, which each entry carries on by what its leader's clock measured. Where
 * none is idle, the registration is refused, and no session that lives ends for it. Limits travel in each entry, put there
 * by the leader that made it, so nodes never disagree about them.
 *
 * Requests may instead carry an idempotency key: the result is kept under that key for a number of further requests.
 */

import type { Applied, SlicedStateMachine, StateRestoration, StateView } from '../state-machine.ts';
import { decodeEntry, type Entry, type Operation } from './entries.ts';
import type { Fate } from './fate.ts';
import { fingerprintOf } from './fingerprint.ts';
import { KeyedResults } from './keyed.ts';
import { LiveSessions } from './live.ts';
import { type Head, type Part, readPart, unreadable, viewOf } from './parts.ts';

/** A state machine with sessions around it. */
export interface SessionedMachine {
  /**
   * Applies the operations of one log entry, in order.
   *
   * @returns one fate for each
   * @throws UnreadableStateError for an entry of another version of this program; whatever the state machine throws
   */
  apply(data: Uint8Array, index: number): readonly Fate[];
  /** Passes over so many revisions: the next request's is greater by that. */
  skip(revisions: number): void;
  /** As of now; a view that was not at its end is released by this. */
  view(): StateView;
  /** Begins to replace the state, which is empty from now on. */
  restoring(): StateRestoration;
  /** Operations applied or refused so far. */
  readonly revision: number;
  /** The time of the log, in milliseconds. */
  readonly timeMs: number;
  readonly sessions: number;
  /** Results kept, for sessions and for idempotency keys. */
  readonly keptResults: number;
}

/** Puts sessions around `machine`. */
export const createSessionedMachine = (machine: SlicedStateMachine): SessionedMachine => new ExactlyOnce(machine);

class ExactlyOnce implements SessionedMachine {
  readonly #machine: SlicedStateMachine;
  readonly #sessions: LiveSessions;
  readonly #keyed = new KeyedResults();
  #revision = 0;
  /** Revisions that no request has had. */
  #skipped = 0;

  constructor(machine: SlicedStateMachine) {
    this.#machine = machine;
    this.#sessions = new LiveSessions(machine);
  }

  get revision(): number {
    return this.#revision;
  }

  get timeMs(): number {
    return this.#sessions.timeMs;
  }

  skip(revisions: number): void {
    this.#skipped += revisions;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  get keptResults(): number {
    return this.#sessions.results + this.#keyed.size;
  }

  apply(data: Uint8Array, index: number): readonly Fate[] {
    const entry = decodeEntry(data);
    this.#sessions.timeMs += entry.elapsedMs;
    return entry.operations.map((operation) => this.#applyOne(operation, entry, index));
  }

  view(): StateView {
    const [sessions, keyed] = [this.#sessions, this.#keyed];
    return viewOf({
      head: {
        revision: this.#revision,
        skipped: this.#skipped,
        timeMs: sessions.timeMs,
        sessions: sessions.size,
        keyed: keyed.size,
      },
      machine: this.#machine.view(),
      sessions: sessions.view(),
      keyed: keyed.view(),
    });
  }

  restoring(): StateRestoration {
    const inner = this.#machine.restoring();
    this.#revision = 0;
    this.#skipped = 0;
    this.#sessions.clear();
    this.#keyed.clear();
    let head: Head | undefined;
    return {
      take: (bytes) => {
        for (const part of readPart(bytes)) {
          if (part.type === 'head') head = part.head;
          this.#restore(part, inner);
        }
      },
      finish: () => {
        if (head?.sessions !== this.#sessions.size || head.keyed !== this.#keyed.size) {
          throw unreadable('number of parts');
        }
        inner.finish();
      },
    };
  }

  #restore(part: Part, inner: StateRestoration): void {
    switch (part.type) {
      case 'head':
        this.#revision = part.head.revision;
        this.#skipped = part.head.skipped;
        this.#sessions.timeMs = part.head.timeMs;
        break;
      case 'machine':
        inner.take(part.part);
        break;
      case 'sessions':
        for (const session of part.sessions) this.#sessions.restore(session);
        break;
      case 'keyed':
        for (const [key, it] of part.keyed) this.#keyed.set(key, it);
    }
  }

  #applyOne(operation: Operation, entry: Entry, index: number): Fate {
    this.#revision += 1;
    if (this.#keyed.size > 0) this.#keyed.forget(this.#revision - entry.limits.keptKeyRequests - 1);
    const revision = this.#revision + this.#skipped;
    const at = { index, revision, timeMs: this.#sessions.timeMs };
    switch (operation.type) {
      case 'register':
        return this.#sessions.register(operation.session ?? revision, entry);
      case 'close':
        return this.#sessions.close(operation.session);
      case 'command':
        return this.#sessions.apply(operation, entry, { ...at, session: operation.session });
      case 'keyed':
        return this.#applyKeyed(operation, at);
      case 'tick':
        this.#machine.tick?.(at);
        return { type: 'applied', result: undefined };
    }
  }

  #applyKeyed({ key, command }: Extract<Operation, { type: 'keyed' }>, at: Applied): Fate {
    const fingerprint = fingerprintOf(command);
    const first = this.#keyed.get(key);
    if (first !== undefined) {
      return first.fingerprint === fingerprint ? { type: 'applied', result: first.result } : { type: 'key-reused' };
    }
    const result = this.#machine.apply(command, at);
    this.#keyed.set(key, { fingerprint, revision: this.#revision, result });
    return { type: 'applied', result };
  }
}
