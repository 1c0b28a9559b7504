/** The one place that provides time, randomness and ids. Whatever needs one of them is handed an `Environment`. */

import { type Clock, systemClock } from './clock.ts';
import { type Ids, systemIds } from './ids.ts';
import { type Randomness, systemRandomness } from './random.ts';

export interface Environment {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly ids: Ids;
}

/** The system's clock, randomness and ids. */
export const systemEnvironment = (): Environment => ({
  clock: systemClock(),
  randomness: systemRandomness(),
  ids: systemIds(),
});
