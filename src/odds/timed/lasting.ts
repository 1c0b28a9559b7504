/** What lasts: conditions that are looked at in each state, and for how long they have held without a break. */

import { ProcessError } from '../errors.ts';

/** A condition of which is asked whether it holds for so long. */
export interface Lasting<View> {
  readonly holds: (view: View) => boolean;
  /** At least 1. */
  readonly ticks: number;
}

/** Such conditions, by name. */
export type LastingConditions<View> = Readonly<Record<string, Lasting<View>>>;

/** How a condition stands: it does not hold, has held for so long (for good, then), or will have after so many more ticks. */
export type Standing = 'broken' | 'lasted' | number;

/** Follows the conditions of one model. */
export class LastingWatch<View> {
  readonly #conditions: readonly Lasting<View>[];
  readonly #names: readonly string[];

  /** @throws ProcessError */
  constructor(conditions: LastingConditions<View>) {
    this.#names = Object.keys(conditions);
    this.#conditions = Object.values(conditions);
    for (const { ticks } of this.#conditions) {
      if (Number.isSafeInteger(ticks) && ticks >= 1) continue;
      throw new ProcessError(`expected a condition to last for 1 tick or more, got ${ticks}`);
    }
  }

  /** As everything begins. */
  get start(): readonly Standing[] {
    return this.#conditions.map(() => 'broken');
  }

  /** Looks at the conditions. */
  look(standings: readonly Standing[], view: View): readonly Standing[] {
    return this.#conditions.map(({ holds, ticks }, place): Standing => {
      const before = standings[place] ?? 'broken';
      if (before === 'lasted') return before;
      if (!holds(view)) return 'broken';
      return before === 'broken' ? ticks : before;
    });
  }

  /** @throws ProcessError for a name that is not among the conditions */
  placeOf(name: string): number {
    const place = this.#names.indexOf(name);
    if (place >= 0) return place;
    throw new ProcessError(
      `expected one of the conditions ${this.#names.join(', ') || '(there is none)'}, got '${name}'`,
    );
  }
}

/** After how many ticks each condition that holds has lasted. */
export const waitingIn = (standings: readonly Standing[]): number[] =>
  standings.filter((standing) => typeof standing === 'number');

/** Lets time pass. */
export const passedIn = (standings: readonly Standing[], ticks: number): readonly Standing[] =>
  standings.map((standing) => {
    if (typeof standing !== 'number') return standing;
    return standing <= ticks ? 'lasted' : standing - ticks;
  });
