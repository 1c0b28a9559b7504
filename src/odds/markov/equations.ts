/**
 * The optimality equations of a question, x(s) = opt over choices of b(choice) + sum of p * x(t), reduced to the states whose
 * values are not known beforehand: what leads to known states is in b, and an end component that is collapsed is one unknown.
 */

import type { EndComponent } from './end-components.ts';
import { at, GraphBuilder, type ProcessGraph } from './graph.ts';

export interface Equations {
  /** Its states are the unknowns. The outcomes of a choice may add up to less than 1. */
  readonly graph: ProcessGraph;
  /** What a choice brings by itself. */
  readonly constant: Float64Array;
  /** How many numbers each constant is the sum of, for rounding. */
  readonly constantTerms: Uint32Array;
  /** The unknown of each state of the process; -1 where its value is known. */
  readonly unknownOf: Int32Array;
}

export interface Reduction {
  readonly isUnknown: (state: number) => boolean;
  /** 1 for each choice that may be taken. Default all. */
  readonly allowed?: Uint8Array;
  /** Of unknown states; each becomes one unknown, whose choices are those with which it may be left. */
  readonly collapsed: readonly EndComponent[];
  /** What a choice brings when it is taken, and what a known state is worth. */
  readonly reward: (choice: number) => number;
  readonly worth: (state: number) => number;
}

export function equationsOf(process: ProcessGraph, reduction: Reduction): Equations {
  const { isUnknown, allowed, collapsed } = reduction;
  const members: number[][] = [];
  const unknownOf = new Int32Array(process.stateCount).fill(-1);
  const inside = new Uint8Array(process.firstOutcome.length - 1);
  const componentOf = new Map<number, EndComponent>();
  for (const component of collapsed) {
    for (const state of component.states) componentOf.set(state, component);
    for (const choice of component.choices) inside[choice] = 1;
  }
  for (let state = 0; state < process.stateCount; state += 1) {
    if (!isUnknown(state) || unknownOf[state] !== -1) continue;
    const states = [...(componentOf.get(state)?.states ?? [state])];
    for (const member of states) unknownOf[member] = members.length;
    members.push(states);
  }

  const builder = new GraphBuilder();
  const constant: number[] = [];
  const terms: number[] = [];
  const takeChoice = (choice: number): void => {
    builder.beginChoice();
    let sum = reduction.reward(choice);
    let count = 1;
    const { firstOutcome, target, probability } = process;
    for (let outcome = at(firstOutcome, choice); outcome < at(firstOutcome, choice + 1); outcome += 1) {
      const state = at(target, outcome);
      const unknown = unknownOf[state] ?? -1;
      if (unknown !== -1) {
        builder.outcome(unknown, at(probability, outcome));
        continue;
      }
      sum += at(probability, outcome) * reduction.worth(state);
      count += 1;
    }
    constant.push(sum);
    terms.push(count);
  };
  for (const states of members) {
    builder.beginState();
    for (const state of states) {
      for (let choice = at(process.firstChoice, state); choice < at(process.firstChoice, state + 1); choice += 1) {
        if (allowed?.[choice] !== 0 && at(inside, choice) === 0) takeChoice(choice);
      }
    }
  }
  return {
    graph: builder.build(),
    constant: Float64Array.from(constant),
    constantTerms: Uint32Array.from(terms),
    unknownOf,
  };
}
