/** Random orders. */

import { integerBelow, type Random } from '../environment/random.ts';

/** A random order of `items` (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const at = integerBelow(random, last + 1);
    const [a, b] = [mixed[last], mixed[at]];
    if (a !== undefined && b !== undefined) {
      mixed[last] = b;
      mixed[at] = a;
    }
  }
  return mixed;
}
