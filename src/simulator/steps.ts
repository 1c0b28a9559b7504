/**
 * Work that may have to wait for promises between its steps: written once, as a generator that yields wherever it must
 * wait, and driven to its end at once, or with a turn of the real event loop at each wait.
 */

import { QuorateError } from '../../statecharts/actor.ts';
import { systemClock } from '../environment/clock.ts';

/** A scenario that awaits promises was run by something that cannot wait. */
export class AwaitingScenarioError extends QuorateError {
  readonly code = 'AWAITING_SCENARIO';
}

/** Work in steps; at each `yield` every promise that can settle must do so before it goes on. */
export type Steps<Result> = Generator<void, Result, void>;

/** Carries out work that never has to wait. @throws AwaitingScenarioError when it has to */
export function finishSteps<Result>(steps: Steps<Result>): Result {
  const { done, value } = steps.next();
  if (done === true) return value;
  throw new AwaitingScenarioError(
    'expected a scenario that awaits no promises, got one that does; use runAsync, runSuiteAsync or shrinkAsync',
  );
}

/** Carries out work, waiting wherever it must. What promises do between two steps is in their own fixed order. */
export async function settleSteps<Result>(steps: Steps<Result>): Promise<Result> {
  const { enqueue } = systemClock();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    // All reactions of promises run before the next turn of the event loop begins.
    await new Promise<void>((resolve) => enqueue(resolve));
  }
}
