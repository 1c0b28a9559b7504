/** When what was appended is flushed: at once, or, where that need not be forced, with the next flush or after a while. */

import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import { unforcedDelayMs } from '../journal.ts';

export class Due {
  readonly #clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly #onDue: () => void;
  #is = false;
  #timeout: TimeoutHandle | undefined;

  /** @param onDue called when what was not forced has waited long enough */
  constructor(clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get is(): boolean {
    return this.#is;
  }

  now(): void {
    this.#is = true;
  }

  soon(): void {
    this.#timeout ??= this.#clock.setTimeout(() => {
      this.#timeout = undefined;
      this.#is = true;
      this.#onDue();
    }, unforcedDelayMs);
  }

  /** Nothing waits any longer. */
  clear(): void {
    this.#is = false;
    if (this.#timeout !== undefined) this.#clock.clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }
}
