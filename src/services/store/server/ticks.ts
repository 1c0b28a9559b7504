/**
 * Lets the time of the log go on where the state waits for it. What is due is decided by all nodes alike, when an entry that
 * says so is applied; the leader alone looks at its clock, to make that entry in time.
 */

import type { Clock, TimeoutHandle } from '../../../environment/clock.ts';
import type { ReplicatedLog } from '../log/replicated-log.ts';
import type { Sink } from '../requests/desk.ts';
import type { SessionedMachine } from '../sessions/machine.ts';
import type { SlicedStateMachine } from '../state-machine.ts';
import type { Writes } from './writes.ts';

export interface TicksParts {
  readonly clock: Clock;
  readonly log: ReplicatedLog;
  readonly machine: SlicedStateMachine;
  readonly sessioned: Pick<SessionedMachine, 'timeMs'>;
  readonly writes: Pick<Writes, 'sinceLastEntryMs'>;
  /** Puts a tick into the log; the answer goes to the sink. */
  take(sink: Sink): void;
}

/** Before a tick is tried again that the log has not taken, in milliseconds. */
const againMs = 100;

/** The ticks of one server. */
export class Ticks {
  readonly #parts: TicksParts;
  #timeout: TimeoutHandle | undefined;
  /** What the timeout is for, by the time of the log. */
  #waitsForMs: number | undefined;
  #isUnderWay = false;
  #isClosed = false;

  constructor(parts: TicksParts) {
    this.#parts = parts;
  }

  /** The state, the time of the log or who leads may have changed. */
  changed(): void {
    const { log, machine } = this.#parts;
    const { dueAtMs } = machine;
    if (dueAtMs === this.#waitsForMs && this.#timeout !== undefined) return;
    this.#stop();
    if (dueAtMs === undefined || !log.isLeader || this.#isUnderWay || this.#isClosed) return;
    this.#wait(dueAtMs);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #stop(): void {
    if (this.#timeout !== undefined) this.#parts.clock.clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#waitsForMs = undefined;
  }

  #wait(dueAtMs: number): void {
    const { clock, sessioned, writes } = this.#parts;
    const { sinceLastEntryMs } = writes;
    // An office begins to measure with its first entry. Entries under way are left out: then it is looked at again.
    const leftMs = sinceLastEntryMs === undefined ? 0 : dueAtMs - sessioned.timeMs - sinceLastEntryMs;
    this.#waitsForMs = dueAtMs;
    this.#timeout = clock.setTimeout(() => this.#timeUp(), Math.max(0, leftMs));
  }

  #timeUp(): void {
    const { log, machine, sessioned, writes } = this.#parts;
    this.#stop();
    const { dueAtMs } = machine;
    if (dueAtMs === undefined || !log.isLeader) return;
    const { sinceLastEntryMs } = writes;
    if (sinceLastEntryMs !== undefined && sessioned.timeMs + sinceLastEntryMs < dueAtMs) this.#wait(dueAtMs);
    else this.#tick();
  }

  #tick(): void {
    this.#isUnderWay = true;
    let isTaken = false;
    const over = (): void => {
      this.#isUnderWay = false;
      if (isTaken) this.changed();
      else this.#parts.clock.setTimeout(() => this.changed(), againMs);
    };
    this.#parts.take({
      push: ({ status }) => {
        isTaken = status === 'done';
      },
      flush: over,
      isOwn: true,
      hasRoom: true,
      whenRoom: (run) => run(),
    });
  }
}
