/**
 * Maximal end components: the largest sets of states, with choices of theirs, in which a scheduler can stay for ever and come
 * from everywhere to everywhere (de Alfaro 1997, §3.3). Inside of one, all that waiting can do is wait; so a bound from above
 * would never come down there, unless the component is taken for one state.
 */

import { componentsOf } from '../../checker/search/components.ts';
import { at, type ProcessGraph } from './graph.ts';

/** A component, and the choices with which it is never left. */
export interface EndComponent {
  readonly states: readonly number[];
  readonly choices: readonly number[];
}

/**
 * The maximal end components of a part of a process.
 *
 * @param allowed 1 for each choice that may be taken; those that lead to states of which none may be taken lead out
 */
export function endComponentsOf(graph: ProcessGraph, allowed: Uint8Array): EndComponent[] {
  const { stateCount, firstChoice, firstOutcome, target } = graph;
  const component = new Int32Array(stateCount).fill(-1);
  const usable = allowed.slice();
  const choicesIn = (state: number): number[] => {
    const choices: number[] = [];
    for (let choice = at(firstChoice, state); choice < at(firstChoice, state + 1); choice += 1) {
      if (at(usable, choice) === 1) choices.push(choice);
    }
    return choices;
  };
  const after = (state: number): number[] => {
    const states = new Set<number>();
    for (const choice of choicesIn(state)) {
      for (let outcome = at(firstOutcome, choice); outcome < at(firstOutcome, choice + 1); outcome += 1) {
        states.add(at(target, outcome));
      }
    }
    return [...states];
  };
  const leaves = (choice: number, of: number): boolean => {
    for (let outcome = at(firstOutcome, choice); outcome < at(firstOutcome, choice + 1); outcome += 1) {
      if (component[at(target, outcome)] !== of) return true;
    }
    return false;
  };

  // A choice that may leave its strongly connected component belongs to no end component; without it, the component may fall
  // into several, until nothing changes.
  for (;;) {
    component.fill(-1);
    const components = componentsOf(stateCount, after);
    for (const [number, states] of components.entries()) for (const state of states) component[state] = number;
    let removed = 0;
    for (let state = 0; state < stateCount; state += 1) {
      const own = component[state] ?? -1;
      for (const choice of choicesIn(state)) {
        if (own !== -1 && !leaves(choice, own)) continue;
        usable[choice] = 0;
        removed += 1;
      }
    }
    if (removed === 0) return components.map((states) => ({ states, choices: states.flatMap(choicesIn) }));
  }
}
