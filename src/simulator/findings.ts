/** What goes wrong in a run: the first of it is what the run is remembered for. */

import type { Clock } from '../environment/clock.ts';
import type { EventLog } from './event-log.ts';

/** What went wrong, and when. */
export interface Violation {
  /**
   * `invariant`: something that must always hold did not. `progress`: the healed quorum did not recover. `limit`: more
   * events happened than a run may have.
   */
  readonly kind: 'invariant' | 'progress' | 'exception' | 'limit';
  readonly problem: string;
  readonly atMs: number;
}

export class Findings {
  readonly #time: Clock;
  readonly #log: EventLog;
  #violation: Violation | undefined;

  constructor(time: Clock, log: EventLog) {
    this.#time = time;
    this.#log = log;
  }

  get violation(): Violation | undefined {
    return this.#violation;
  }

  note(kind: Violation['kind'], problem: string): void {
    if (this.#violation !== undefined) return;
    this.#violation = { kind, problem, atMs: this.#time.nowMs() };
    this.#log.add('violation', `${kind}: ${problem}`);
  }

  /** Runs what may fail. */
  guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.note('exception', error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }
}
