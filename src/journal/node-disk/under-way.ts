/** What a disk has under way in other threads. Each end is told in a turn of the clock's queue. */

import type { Clock } from '../../environment/clock.ts';
import type { DiskError } from '../disk.ts';
import { diskError } from './errors.ts';

export class UnderWay {
  readonly #clock: Clock;
  #count = 0;
  #onIdle: (() => void) | undefined;
  /** The last that was asked of each file as a whole, while it is under way. */
  readonly #asked = new Map<string, Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something begins, which `end` follows. */
  begin(): void {
    this.#count += 1;
  }

  /** Calls `tell` in a turn of its own. */
  end(tell: () => void): void {
    this.#clock.enqueue(() => {
      this.#count -= 1;
      try {
        tell();
      } finally {
        if (this.#count === 0) this.#onIdle?.();
      }
    });
  }

  /** Runs `work` away from the event loop's thread. */
  start<T>(what: string, work: () => Promise<T>, onDone: (result: DiskError | T) => void): void {
    this.begin();
    const finish = (result: DiskError | T): void => this.end(() => onDone(result));
    work().then(finish, (error: unknown) => finish(diskError(what, error)));
  }

  /** Files are made and removed in the order in which that was asked: one of a name does not go for one before it. */
  async inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#asked.get(name) ?? Promise.resolve()).then(work);
    const over = turn
      .catch(() => undefined)
      .then(() => {
        if (this.#asked.get(name) === over) this.#asked.delete(name);
      });
    this.#asked.set(name, over);
    await turn;
  }

  /** Calls `onIdle`, once, when nothing is under way. */
  whenIdle(onIdle: () => void): void {
    if (this.#count === 0) {
      this.#clock.enqueue(onIdle);
      return;
    }
    this.#onIdle = () => {
      this.#onIdle = undefined;
      onIdle();
    };
  }
}
