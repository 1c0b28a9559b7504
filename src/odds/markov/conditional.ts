/**
 * How probable a goal is in the runs in which a condition comes about. A run that may miss the condition for good begins anew,
 * so that what is left of the process are the runs that count, and a conditional probability becomes one of reaching the
 * goal: the reset method of Baier, Klein, Klüppelholz & Märcker, Computing Conditional Probabilities in Markovian Models
 * Efficiently (2014), for a condition that holds for good once it does.
 */

import { ProcessError } from '../errors.ts';
import { type Bounds, roundedDown, roundedUp } from './bounds.ts';
import { at, GraphBuilder, type ProcessGraph } from './graph.ts';
import type { Precision } from './iteration.ts';
import { probabilityOf } from './questions.ts';
import { type Extreme, Regions, type StateSet } from './regions.ts';

/**
 * The greatest or least probability with which `goal` is reached from where `condition` holds on, in the runs from `start` in
 * which that comes to hold, over all schedulers that let it; undefined where none does.
 *
 * @throws OddsLimitError
 * @throws ProcessError for a condition that is left again
 */
export function conditionalOf(
  graph: ProcessGraph,
  start: number,
  goal: StateSet,
  condition: StateSet,
  extreme: Extreme,
  precision: Precision,
): Bounds | undefined {
  checkStays(graph, condition);
  const regions = new Regions(graph);
  if (regions.possible(condition)[start] !== 1) return undefined;
  const avoidable = regions.impossible(condition, 'least');
  const reached = goal.map((isGoal, state) => isGoal & at(condition, state));
  if (extreme === 'greatest') {
    return probabilityOf(restarting(graph, start, avoidable), start, reached, 'greatest', precision);
  }
  // The least of coming to the goal is what the greatest of missing it leaves: from where it can be missed for sure.
  const missed = regions
    .impossible(reached, 'least')
    .map((isMissable, state) => isMissable & at(condition, state) & (1 - at(reached, state)));
  const others = restarting(graph, start, avoidable, reached);
  const { lower, upper } = probabilityOf(others, start, missed, 'greatest', precision);
  return { lower: roundedDown(1 - upper, 1), upper: Math.min(1, roundedUp(1 - lower, 1)) };
}

function checkStays({ stateCount, firstChoice, firstOutcome, target }: ProcessGraph, condition: StateSet): void {
  for (let state = 0; state < stateCount; state += 1) {
    if (condition[state] !== 1) continue;
    const end = at(firstOutcome, at(firstChoice, state + 1));
    for (let outcome = at(firstOutcome, at(firstChoice, state)); outcome < end; outcome += 1) {
      if (condition[at(target, outcome)] === 1) continue;
      throw new ProcessError(
        'expected a condition that holds for good once it does, got one that ends; let states remember that it held',
      );
    }
  }
}

/** The same process, in which the states of `again` may go to the start, and those of `ends` go nowhere. */
function restarting(graph: ProcessGraph, start: number, again: StateSet, ends?: StateSet): ProcessGraph {
  const builder = new GraphBuilder();
  const { stateCount, firstChoice, firstOutcome, target, probability } = graph;
  for (let state = 0; state < stateCount; state += 1) {
    builder.beginState();
    if (ends?.[state] === 1) continue;
    for (let choice = at(firstChoice, state); choice < at(firstChoice, state + 1); choice += 1) {
      builder.beginChoice();
      for (let outcome = at(firstOutcome, choice); outcome < at(firstOutcome, choice + 1); outcome += 1) {
        builder.outcome(at(target, outcome), at(probability, outcome));
      }
    }
    if (again[state] !== 1) continue;
    builder.beginChoice();
    builder.outcome(start, 1);
  }
  return builder.build();
}
