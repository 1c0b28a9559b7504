/** Where the parts of a system's state stand in its vector: one word per actor, then the rest, as far as there is any. */

import type { Model } from '../model.ts';

export interface Layout {
  readonly actors: number;
  readonly network: number;
  /** The first word of the budgets. */
  readonly budgets: number;
  /** -1 when the model has none. */
  readonly history: number;
  /** -1 when the model has none. */
  readonly resources: number;
  /** -1 when the model has none. */
  readonly clock: number;
  readonly width: number;
}

/** Lays out the states of a model whose budgets take `budgetWords`. */
export function layoutOf<History>(model: Model<History>, budgetWords: number): Layout {
  const actors = model.actors.length;
  let width = actors + 1 + budgetWords;
  const word = (isPresent: boolean): number => {
    if (!isPresent) return -1;
    width += 1;
    return width - 1;
  };
  const history = word(model.history !== undefined);
  const resources = word(Object.keys(model.resources ?? {}).length > 0);
  const clock = word(model.clock !== undefined);
  return { actors, network: actors, budgets: actors + 1, history, resources, clock, width };
}
