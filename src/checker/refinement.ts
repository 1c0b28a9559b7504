/**
 * Refinement: that every run of a model is a run of a simpler, abstract specification, when its states are seen through a
 * mapping (Abadi & Lamport, The existence of refinement mappings, 1991). A step of the model must then look like a step of
 * the specification, or like none at all; so whatever holds of all runs of the specification holds of the model.
 */

import type { Refinement, SystemState } from './model.ts';
import { createInterned } from './tables/interned.ts';
import { createPairTable } from './tables/pairs.ts';

/** An abstract specification, and how a model's states stand for its states. All of it must be pure. */
export interface Specification<Abstract, History = unknown> {
  /** The state of the specification that a state of the model stands for: plain data. */
  readonly maps: (state: SystemState<History>) => Abstract;
  /** Whether a run of the specification may begin there. */
  readonly begins: (abstract: Abstract) => boolean;
  /** Its actions by name: whether each leads from one state to the other, which differs from it. */
  readonly steps: Readonly<Record<string, (before: Abstract, after: Abstract) => boolean>>;
}

/**
 * What a model is to refine.
 *
 * @example
 * refines: {
 *   'a counter': refinement({
 *     maps: (state) => state.of(server).snapshot?.context.count ?? 0,
 *     begins: (count) => count === 0,
 *     steps: { increment: (before, after) => after === before + 1 },
 *   }),
 * },
 */
export const refinement = <Abstract, History = unknown>(
  specification: Specification<Abstract, History>,
): Refinement<History> => ({
  compare() {
    const { maps, begins } = specification;
    const steps = Object.values(specification.steps);
    const states = createInterned<Abstract>();
    const judged = createPairTable();
    return {
      numberOf: (state) => states.idOf(maps(state)),
      mayBegin: (abstract) => begins(states.at(abstract)),
      mayFollow(before, after) {
        if (before === after) return true;
        const known = judged.get(before, after);
        if (known >= 0) return known === 1;
        const isStep = steps.some((step) => step(states.at(before), states.at(after)));
        judged.add(before, after, isStep ? 1 : 0);
        return isStep;
      },
    };
  },
});
