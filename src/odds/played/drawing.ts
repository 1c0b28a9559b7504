/** What is drawn in a run that is played, from the weights by which the model's bounds are computed. */

import type { Random } from '../../environment/random.ts';
import type { Lottery } from '../timed/weights.ts';

/** One of the ways, as probably as it is said; undefined where there is none. Draws exactly once. */
export function drawnFrom<Value>(ways: Lottery<Value>, random: Random): Value | undefined {
  let left = random.next();
  for (const { probability, value } of ways) {
    left -= probability;
    if (left < 0) return value;
  }
  return ways.at(-1)?.value;
}

/** After how many ticks something happens that happens in each with this probability; undefined where it never does. */
export function ticksUntil(perTick: number, random: Random): number | undefined {
  const uniform = random.next();
  if (perTick === 0) return undefined;
  if (perTick === 1) return 1;
  return Math.max(1, Math.ceil(Math.log1p(-uniform) / Math.log1p(-perTick)));
}
