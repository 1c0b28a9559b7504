/**
 * The states from which a goal is reached with probability 0 or 1, decided by the graph alone and without arithmetic (de
 * Alfaro 1997; Baier & Katoen, Principles of Model Checking, 2008, §10.6). What these say is exact; numbers are computed for
 * the other states only.
 */

import { at, ownersOf, type Predecessors, type ProcessGraph, predecessorsOf } from './graph.ts';

/** Whom the scheduler helps: `greatest` takes the choices that are best for the goal, `least` the worst. */
export type Extreme = 'greatest' | 'least';

/** A set of states: 1 for each member. */
export type StateSet = Uint8Array;

/** A graph with what its regions are computed from, for as many questions as there are. */
export class Regions {
  readonly #graph: ProcessGraph;
  readonly #owners: Uint32Array;
  readonly #before: Predecessors;

  constructor(graph: ProcessGraph) {
    this.#graph = graph;
    this.#owners = ownersOf(graph);
    this.#before = predecessorsOf(graph);
  }

  /** The states from which some scheduler reaches `goal` with a probability above 0, without passing through `except`. */
  possible(goal: StateSet, except?: StateSet): StateSet {
    const reached = goal.slice();
    this.#spread(reached, (_choice, owner) => except?.[owner] !== 1 && at(reached, owner) === 0);
    return reached;
  }

  /** The states from which every scheduler reaches `goal` with a probability above 0. */
  unavoidable(goal: StateSet): StateSet {
    const reached = goal.slice();
    const { firstChoice } = this.#graph;
    const missing = new Uint32Array(this.#graph.stateCount);
    for (let state = 0; state < missing.length; state += 1) {
      missing[state] = at(firstChoice, state + 1) - at(firstChoice, state);
    }
    const seen = new Uint8Array(this.#owners.length);
    this.#spread(reached, (choice, owner) => {
      if (at(seen, choice) === 1) return false;
      seen[choice] = 1;
      missing[owner] = at(missing, owner) - 1;
      return at(missing, owner) === 0 && at(reached, owner) === 0;
    });
    return reached;
  }

  /** The states from which the goal is reached with probability 1: under some scheduler, or under each. */
  certain(goal: StateSet, extreme: Extreme): StateSet {
    return extreme === 'greatest' ? this.certainBy(goal, () => true) : this.#certainUnderAll(goal);
  }

  /** The states from which the goal has the probability 0: under each scheduler (`greatest`), or under some (`least`). */
  impossible(goal: StateSet, extreme: Extreme): StateSet {
    return complement(extreme === 'greatest' ? this.possible(goal) : this.unavoidable(goal));
  }

  /** Those that cannot come, short of the goal, to where it can be avoided. */
  #certainUnderAll(goal: StateSet): StateSet {
    return complement(this.possible(complement(this.unavoidable(goal)), goal));
  }

  /**
   * The states from which some scheduler that takes only what `mayTake` allows reaches the goal with probability 1: the greatest
   * set from which the goal can be reached by choices that never leave the set.
   */
  certainBy(goal: StateSet, mayTake: (choice: number) => boolean): StateSet {
    let candidates: StateSet = goal.map(() => 1);
    for (;;) {
      const reached = goal.slice();
      const stays = this.choicesWithin(candidates);
      this.#spread(reached, (choice, owner) => at(stays, choice) === 1 && mayTake(choice) && at(reached, owner) === 0);
      if (sizeOf(reached) === sizeOf(candidates)) return candidates;
      candidates = reached;
    }
  }

  /** The choices all of whose outcomes are in the set. */
  choicesWithin(set: StateSet): Uint8Array {
    const { firstOutcome, target } = this.#graph;
    const within = new Uint8Array(this.#owners.length).fill(1);
    for (let choice = 0; choice < within.length; choice += 1) {
      for (let outcome = at(firstOutcome, choice); outcome < at(firstOutcome, choice + 1); outcome += 1) {
        if (set[at(target, outcome)] !== 1) within[choice] = 0;
      }
    }
    return within;
  }

  /** Adds to `reached`, backwards, the owner of each choice that leads into it and that `joins`. */
  #spread(reached: StateSet, joins: (choice: number, owner: number) => boolean): void {
    const waiting: number[] = [];
    for (const [state, isIn] of reached.entries()) if (isIn === 1) waiting.push(state);
    const { first, choices } = this.#before;
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      for (let place = at(first, state); place < at(first, state + 1); place += 1) {
        const choice = at(choices, place);
        const owner = at(this.#owners, choice);
        if (!joins(choice, owner)) continue;
        reached[owner] = 1;
        waiting.push(owner);
      }
    }
  }
}

export const complement = (set: StateSet): StateSet => set.map((isIn) => 1 - isIn);

export const sizeOf = (set: StateSet): number => set.reduce((sum, isIn) => sum + isIn, 0);
