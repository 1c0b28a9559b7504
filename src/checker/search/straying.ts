/** Watches an exploration for the first step that a specification does not have. */

import type { Comparison, SystemState } from '../model.ts';
import { createWords } from '../tables/words.ts';

/** A step that is none of the specification; one that leads from a state to itself is a wrong beginning. */
export interface Stray {
  readonly from: number;
  readonly to: number;
}

/** Each comparison hears of the states of an exploration in the order of their numbers, and of all its steps. */
export interface Straying<History> {
  /** The first stray step of each comparison. */
  readonly strays: readonly (Stray | undefined)[];
  /** A state in which runs begin. */
  began(state: SystemState<History>, number: number): void;
  /** A state that was found; `followed` hears of the step to it, too. */
  found(state: SystemState<History>): void;
  followed(from: number, to: number): void;
}

/** @param onStray called at the first stray step of each comparison */
export function createStraying<History>(
  comparisons: readonly Comparison<History>[],
  onStray: () => void,
): Straying<History> {
  const strays: (Stray | undefined)[] = comparisons.map(() => undefined);
  const seenAs = createWords(comparisons.length);
  const one = new Uint32Array(comparisons.length);
  const other = new Uint32Array(comparisons.length);
  const found = (state: SystemState<History>): void => {
    for (const [index, comparison] of comparisons.entries()) one[index] = comparison.numberOf(state);
    seenAs.push(one);
  };
  const judge = (
    from: number,
    to: number,
    isKept: (comparison: Comparison<History>, index: number) => boolean,
  ): void => {
    for (const [index, comparison] of comparisons.entries()) {
      if (strays[index] !== undefined || isKept(comparison, index)) continue;
      strays[index] = { from, to };
      onStray();
    }
  };
  return {
    strays,
    found,
    began(state, number) {
      found(state);
      judge(number, number, (comparison, index) => comparison.mayBegin(one[index] ?? 0));
    },
    followed(from, to) {
      seenAs.read(from, one);
      seenAs.read(to, other);
      judge(from, to, (comparison, index) => comparison.mayFollow(one[index] ?? 0, other[index] ?? 0));
    },
  };
}
