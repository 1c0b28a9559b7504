/**
 * A finite Markov decision process in typed arrays: each state has choices, a scheduler takes one of them, and chance one of
 * its outcomes. A state without choices is an end. States, choices and outcomes are numbered from 0 on, in that order.
 */

/** The arrays. What belongs to a state or a choice reaches from its own first number to that of the next one. */
export interface ProcessGraph {
  readonly stateCount: number;
  /** The first choice of each state; one element more than states. */
  readonly firstChoice: Uint32Array;
  /** The first outcome of each choice; one element more than choices. */
  readonly firstOutcome: Uint32Array;
  /** The state that each outcome leads to. */
  readonly target: Uint32Array;
  /** In (0, 1]; those of a choice add up to 1. */
  readonly probability: Float64Array;
}

/** Reads an element that is there by construction. */
export const at = (numbers: Uint32Array | Uint8Array | Float64Array, index: number): number => numbers[index] ?? 0;

/** The state that each choice belongs to. */
export function ownersOf({ stateCount, firstChoice, firstOutcome }: ProcessGraph): Uint32Array {
  const owners = new Uint32Array(firstOutcome.length - 1);
  for (let state = 0; state < stateCount; state += 1) {
    owners.fill(state, at(firstChoice, state), at(firstChoice, state + 1));
  }
  return owners;
}

/** For each state, the choices that may lead to it: those of state s are `choices` from `first[s]` to below `first[s + 1]`. */
export interface Predecessors {
  readonly first: Uint32Array;
  readonly choices: Uint32Array;
}

export function predecessorsOf({ stateCount, firstOutcome, target }: ProcessGraph): Predecessors {
  const first = new Uint32Array(stateCount + 1);
  for (const state of target) first[state + 1] = at(first, state + 1) + 1;
  for (let state = 0; state < stateCount; state += 1) first[state + 1] = at(first, state + 1) + at(first, state);
  const next = first.slice();
  const choices = new Uint32Array(target.length);
  for (let choice = 0; choice < firstOutcome.length - 1; choice += 1) {
    for (let outcome = at(firstOutcome, choice); outcome < at(firstOutcome, choice + 1); outcome += 1) {
      const state = at(target, outcome);
      choices[at(next, state)] = choice;
      next[state] = at(next, state) + 1;
    }
  }
  return { first, choices };
}

/** A graph under construction: states in order, of each its choices, of each its outcomes. */
export class GraphBuilder {
  readonly #firstChoice: number[] = [];
  readonly #firstOutcome: number[] = [];
  readonly #target: number[] = [];
  readonly #probability: number[] = [];

  /** @returns the number of the state */
  beginState(): number {
    this.#firstChoice.push(this.#firstOutcome.length);
    return this.#firstChoice.length - 1;
  }

  /** @returns the number of the choice */
  beginChoice(): number {
    this.#firstOutcome.push(this.#target.length);
    return this.#firstOutcome.length - 1;
  }

  outcome(target: number, probability: number): void {
    this.#target.push(target);
    this.#probability.push(probability);
  }

  build(): ProcessGraph {
    return {
      stateCount: this.#firstChoice.length,
      firstChoice: Uint32Array.from([...this.#firstChoice, this.#firstOutcome.length]),
      firstOutcome: Uint32Array.from([...this.#firstOutcome, this.#target.length]),
      target: Uint32Array.from(this.#target),
      probability: Float64Array.from(this.#probability),
    };
  }
}
