/**
 * The model's states and transitions by number. A state is numbered when it is first reached, by its exact key; calls
 * that are the same are one. Recent transitions are remembered, since a search asks for the same ones again and again.
 */

import { canonicalKey } from '../../../statecharts/actor/plain.ts';
import { HistoryModelError } from '../errors.ts';
import type { Call, SequentialModel } from '../model.ts';
import type { MemoryBudget } from './memory.ts';

export interface Transitions {
  /** How many states were reached. */
  readonly states: number;
  /** Steps of the model that were asked for, remembered ones included. */
  readonly steps: number;
  /** Whether the budget of memory did not suffice. Answers are still right, but memory grows beyond the budget. */
  readonly exhausted: boolean;
  /** The class of the call with that index. Calls of one class are the same. */
  classOf(call: number): number;
  isReadOnly(callClass: number): boolean;
  /**
   * The state that follows when a call of `callClass` takes effect in `state`;
   * -1 when it cannot.
   *
   * @throws HistoryModelError when the call was said to leave states as they are, and does not
   */
  step(state: number, callClass: number): number;
  stateAt(state: number): unknown;
  /** Gives memory back. Nothing but the counts may be asked for any more. */
  release(): void;
}

/** Rough cost of a remembered state beside its key and itself, in bytes: a map's entry, an array's, a string's head. */
const stateOverheadBytes = 96;

/** State 0 is the model's initial one. */
export function createTransitions(
  model: SequentialModel<unknown>,
  calls: readonly Call[],
  budget: MemoryBudget,
): Transitions {
  const keyOf = (state: unknown): string => model.stateKey?.(state) ?? canonicalKey(state);
  const classes = new Map<string, number>();
  const callOfClass: Call[] = [];
  const readOnly: boolean[] = [];
  const classOfCall = Int32Array.from(calls, (call) => {
    const key = canonicalKey([call.f, call.value, call.known, call.result]);
    const known = classes.get(key);
    if (known !== undefined) return known;
    classes.set(key, callOfClass.length);
    readOnly.push(model.isReadOnly?.(call) === true);
    return callOfClass.push(call) - 1;
  });
  classes.clear();

  let states: unknown[] = [];
  const numbers = new Map<string, number>();
  let reached = 0;
  let steps = 0;
  let exhausted = false;
  let takenBytes = 0;

  const numberOf = (state: unknown): number => {
    const key = keyOf(state);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    // A state takes about as much as its key does.
    const bytes = stateOverheadBytes + key.length * 4;
    if (budget.take(bytes)) takenBytes += bytes;
    else exhausted = true;
    numbers.set(key, reached);
    states.push(state);
    reached += 1;
    return reached - 1;
  };

  // Each slot remembers the last transition that fell on it, with what it was asked for, so an answer is never wrong.
  const slotsLog2 = Math.min(20, Math.max(6, 32 - Math.clz32(16 * calls.length)));
  const askedState = new Int32Array(2 ** slotsLog2).fill(-1);
  const askedClass = new Int32Array(2 ** slotsLog2);
  const answer = new Int32Array(2 ** slotsLog2);

  numberOf(model.initial);
  return {
    get states() {
      return reached;
    },
    get steps() {
      return steps;
    },
    get exhausted() {
      return exhausted;
    },
    classOf: (call) => classOfCall[call] ?? -1,
    isReadOnly: (callClass) => readOnly[callClass] === true,
    step(state, callClass) {
      steps += 1;
      const slot = (Math.imul(state, 0x9e3779b1) ^ Math.imul(callClass, 0x85ebca6b)) >>> (32 - slotsLog2);
      if (askedState[slot] === state && askedClass[slot] === callClass) return answer[slot] ?? -1;
      const call = callOfClass[callClass];
      if (call === undefined) throw new RangeError(`expected the class of a call, got ${callClass}`);
      const next = model.step(states[state], call);
      const number = next === undefined ? -1 : numberOf(next);
      if (readOnly[callClass] === true && number !== -1 && number !== state) {
        throw new HistoryModelError(
          `expected ${call.f} to leave the state as it is, as the model ${model.name} says, ` +
            `but it made ${keyOf(next)} of ${keyOf(states[state])}; mend the model's isReadOnly or its step`,
        );
      }
      askedState[slot] = state;
      askedClass[slot] = callClass;
      answer[slot] = number;
      return number;
    },
    stateAt: (state) => states[state],
    release() {
      budget.give(takenBytes);
      takenBytes = 0;
      states = [];
      numbers.clear();
    },
  };
}
