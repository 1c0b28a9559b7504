/** How much a page keeps. What is beyond goes, oldest first, and the page says so. */

/** Limits of a timeline. */
export interface TimelineLimits {
  /** Items of the history. */
  readonly items: number;
  /** Items between two moments whose whole state is kept. */
  readonly perKeyFrame: number;
  /** Actors, open operations and faults at one moment, each. */
  readonly atOnce: number;
  /** Messages that wait for the steps that take them in, or steps for their messages. */
  readonly unpaired: number;
}

/** For what goes on for hours. What is recorded is bounded where it is made, and kept whole. */
export const defaultLimits: TimelineLimits = { items: 20_000, perKeyFrame: 500, atOnce: 5_000, unpaired: 5_000 };
export const recordedLimits: TimelineLimits = { ...defaultLimits, items: 60_000 };
