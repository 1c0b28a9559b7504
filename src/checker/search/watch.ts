/** The time that a check may take: looked at now and then, because a clock costs more than most of what is counted. */

import type { Clock } from '../../environment/clock.ts';

/** The time is over; what was searched is not known to the end. */
export class TimeIsOver extends Error {}

export interface Watch {
  readonly isOver: boolean;
  /** Counts a piece of work, such as a state that was looked at. @throws TimeIsOver soon after it is */
  tick(): void;
}

/** How many pieces of work are counted between two looks at the clock. */
const ticksPerLook = 256;

/** Starts now, and is over after `maxSeconds`. */
export function startWatch(clock: Clock, maxSeconds: number): Watch {
  const untilMs = clock.nowMs() + maxSeconds * 1000;
  const isOver = (): boolean => clock.nowMs() > untilMs;
  let ticks = 0;
  return {
    get isOver() {
      return isOver();
    },
    tick() {
      ticks += 1;
      if (ticks % ticksPerLook === 0 && isOver()) throw new TimeIsOver();
    },
  };
}
