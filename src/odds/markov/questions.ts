/** The two questions to a Markov decision process: how probable a goal is, and what comes to expect until it is reached. */

import type { Bounds } from './bounds.ts';
import { endComponentsOf } from './end-components.ts';
import { equationsOf } from './equations.ts';
import type { ProcessGraph } from './graph.ts';
import { intervalOf, type Precision, verifiedUpper } from './iteration.ts';
import { complement, type Extreme, Regions, type StateSet } from './regions.ts';

const exactly = (value: number): Bounds => ({ lower: value, upper: value });

/**
 * The greatest or least probability with which `goal` is reached from `start`, over all schedulers.
 *
 * @throws OddsLimitError
 */
export function probabilityOf(
  graph: ProcessGraph,
  start: number,
  goal: StateSet,
  extreme: Extreme,
  precision: Precision,
): Bounds {
  const regions = new Regions(graph);
  const never = regions.impossible(goal, extreme);
  const surely = regions.certain(goal, extreme);
  if (never[start] === 1) return exactly(0);
  if (surely[start] === 1) return exactly(1);
  const unknown = never.map((isNever, state) => (isNever === 1 || surely[state] === 1 ? 0 : 1));
  // The least probability has no end component among the unknown: in one, the goal could be avoided.
  const collapsed = extreme === 'least' ? [] : endComponentsOf(graph, regions.choicesWithin(unknown));
  const equations = equationsOf(graph, {
    isUnknown: (state) => unknown[state] === 1,
    collapsed,
    reward: () => 0,
    worth: (state) => surely[state] ?? 0,
  });
  const upper = new Float64Array(equations.graph.stateCount).fill(1);
  return intervalOf(equations, extreme, equations.unknownOf[start] ?? 0, upper, precision);
}

/**
 * The greatest or least reward to be expected from `start` until `goal` is reached, over all schedulers; infinite where
 * the goal is not reached almost surely: under each scheduler for the greatest, under some for the least.
 *
 * @param rewards of each choice, none negative
 * @throws OddsLimitError
 */
export function expectationOf(
  graph: ProcessGraph,
  start: number,
  goal: StateSet,
  rewards: Float64Array,
  extreme: Extreme,
  precision: Precision,
): Bounds {
  const regions = new Regions(graph);
  // Who wants the reward to be great wants the goal to be missed, and the other way round.
  const finite = regions.certain(goal, extreme === 'greatest' ? 'least' : 'greatest');
  if (finite[start] !== 1) return exactly(Number.POSITIVE_INFINITY);
  const free = extreme === 'greatest' ? freeAlways(graph, regions, goal, rewards) : freeAtBest(regions, goal, rewards);
  if (free[start] === 1) return exactly(0);
  const allowed = regions.choicesWithin(finite);
  const unknown = finite.map((isOfThem, state) => (isOfThem === 1 && free[state] !== 1 ? 1 : 0));
  // Where waiting costs nothing, waiting for ever would look like the cheapest; elsewhere it is not possible, or infinite.
  const isFree = regions.choicesWithin(unknown).map((isWithin, choice) => (rewards[choice] === 0 ? isWithin : 0));
  const equations = equationsOf(graph, {
    isUnknown: (state) => unknown[state] === 1,
    allowed,
    collapsed: extreme === 'greatest' ? [] : endComponentsOf(graph, isFree),
    reward: (choice) => rewards[choice] ?? 0,
    worth: () => 0,
  });
  const upper = verifiedUpper(equations, extreme, precision);
  return intervalOf(equations, extreme, equations.unknownOf[start] ?? 0, upper, precision);
}

/** The states from which no scheduler comes to a reward before the goal. */
function freeAlways(graph: ProcessGraph, regions: Regions, goal: StateSet, rewards: Float64Array): StateSet {
  const costs = goal.map((isGoal, state) => {
    const own = rewards.subarray(graph.firstChoice[state], graph.firstChoice[state + 1]);
    return isGoal !== 1 && own.some((reward) => reward > 0) ? 1 : 0;
  });
  return complement(regions.possible(costs, goal));
}

/** The states from which some scheduler comes to the goal almost surely without a reward. */
const freeAtBest = (regions: Regions, goal: StateSet, rewards: Float64Array): StateSet =>
  regions.certainBy(goal, (choice) => rewards[choice] === 0);
