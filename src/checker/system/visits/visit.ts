/** What is told of the steps of a state while they are visited. */

import type { LocalOutcome } from '../outcomes.ts';

/** Called for each step: its kind, two numbers that say which, and the state that it leads to, valid during the call. */
export type Visit = (kind: number, a: number, b: number, next: Uint32Array) => void;

/** What else is told while a state is expanded. */
export interface Watch {
  /** What happens to each actor in a step, before the step is visited. */
  happened?(actor: number, outcome: LocalOutcome): void;
  /**
   * A step that may not be taken because a budget is spent which limits the exploration and not the system: timers
   * fire, time passes, and deadlines end waits, more often than is looked at.
   */
  withheld?(kind: number, a: number, b: number): void;
}
