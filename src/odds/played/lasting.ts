/** What lasts in a run that is played: conditions that are looked at after each step, and a timeout for as long as each holds. */

import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import { type LastingConditions, LastingWatch, type Standing } from '../timed/lasting.ts';

/** What has lasted for so long is known before what is due in the last of its ticks, as in the model; in ticks. */
const lead = 0.5;

/** Follows the conditions of one run. */
export class PlayedLasting<View> {
  readonly #watch: LastingWatch<View>;
  readonly #time: Clock;
  readonly #tickMs: number;
  readonly #timeouts = new Map<number, TimeoutHandle>();
  #standings: readonly Standing[];

  /** @throws ProcessError */
  constructor(conditions: LastingConditions<View>, time: Clock, tickMs: number) {
    this.#watch = new LastingWatch(conditions);
    this.#time = time;
    this.#tickMs = tickMs;
    this.#standings = this.#watch.start;
  }

  look(view: View): void {
    const before = this.#standings;
    this.#standings = this.#watch.look(before, view);
    for (const [place, standing] of this.#standings.entries()) {
      if (standing === before[place]) continue;
      const pending = this.#timeouts.get(place);
      if (pending !== undefined) this.#time.clearTimeout(pending);
      if (typeof standing === 'number') this.#await(place, standing);
    }
  }

  /** @throws ProcessError for a name that is not among the conditions */
  hasLasted(name: string): boolean {
    return this.#standings[this.#watch.placeOf(name)] === 'lasted';
  }

  #await(place: number, ticks: number): void {
    const lasts = (): void => {
      this.#standings = this.#standings.map((standing, it) => (it === place ? 'lasted' : standing));
    };
    this.#timeouts.set(place, this.#time.setTimeout(lasts, (ticks - lead) * this.#tickMs));
  }
}
