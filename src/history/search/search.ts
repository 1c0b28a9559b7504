/**
 * The search for a linearization of one object's operations. It follows Wing & Gong, "Testing and verifying concurrent
 * objects" (1993): take any operation that no other one ended before, let it take effect, go on with the rest, and come
 * back when that fails. After Lowe, "Testing for linearizability" (2017), it remembers configurations (which operations
 * took effect, and the state) and never enters one twice, nor one that is like it but for more operations of unknown
 * outcome that are used up.
 *
 * What took effect is written as the first answer that is not explained yet, and one bit for each operation that is
 * under way there; all operations answered before took effect, none invoked after did. So a configuration is as wide as
 * the history is concurrent, not as long.
 *
 * Four kinds of step need not be tried, as whatever they lead to can be reached without them:
 * - An operation that never changes a state goes first where it is possible: all others can wait for it.
 * - An operation of unknown outcome that leaves the state as it is might as well never happen.
 * - Of equal operations of unknown outcome, the one invoked first goes first.
 * - An operation of unknown outcome is left out where the next one could as well do without it, with the same state.
 */

import type { Call, SequentialModel } from '../model.ts';
import type { Operation } from '../operation.ts';
import { createLongestPrefix, type LongestPrefix } from './longest-prefix.ts';
import type { MemoryBudget } from './memory.ts';
import { answerLine, indexed, Path } from './path.ts';
import { assignSlots } from './slots.ts';
import { createTransitions, type Transitions } from './transitions.ts';
import { createVisited, type Visited } from './visited.ts';

export type SearchStatus = 'searching' | 'linearizable' | 'violation' | 'out-of-memory';

/** How far a search came. */
export interface SearchFindings {
  /** Operations in an order in which they can have taken effect; all that explain the most answers, in order. */
  readonly linearization: readonly Operation[];
  /** Answers that the linearization explains, out of all that there are. */
  readonly explained: number;
  readonly answers: number;
  /** The operation whose answer could not be explained; undefined when all were. */
  readonly stuckAt: Operation | undefined;
  /** The model's states in which the search got stuck there: some, where there are many. */
  readonly stuckStates: readonly unknown[];
  readonly stuckStatesInAll: number;
}

export interface Search {
  readonly status: SearchStatus;
  /** Steps of the model, and comparisons of configurations: what the search spends its time on. */
  readonly steps: number;
  readonly states: number;
  readonly configurations: number;
  /** Goes on for about that many steps. */
  advance(steps: number): SearchStatus;
  findings(): SearchFindings;
  /** Gives its memory back; nothing may be asked of it any more. */
  release(): void;
}

/** Distinct states that are told of one place where a search got stuck. */
const shownStates = 8;

/**
 * @param operations of one object, in the order of invocation; none that failed
 */
export const createSearch = (
  model: SequentialModel<unknown>,
  operations: readonly Operation[],
  budget: MemoryBudget,
): Search => new BacktrackingSearch(model, operations, budget);

class BacktrackingSearch implements Search {
  status: SearchStatus = 'searching';

  readonly #operations: readonly Operation[];
  readonly #transitions: Transitions;
  readonly #visited: Visited;
  readonly #path: Path;
  readonly #longest: LongestPrefix;
  readonly #invokedAt: Int32Array;
  readonly #callClass: Int32Array;
  readonly #answered: Int32Array;
  readonly #answeredAt: Int32Array;
  /** Operations of unknown outcome, and for each the one before it that is the same. */
  readonly #unknowns: Int32Array;
  readonly #twin: Int32Array;

  #arriving = true;
  /** Where the present configuration goes on with its choices: see `#choose`. */
  #phase: 'answering' | 'known' | 'unknown' = 'answering';
  #cursor = 0;

  constructor(model: SequentialModel<unknown>, operations: readonly Operation[], budget: MemoryBudget) {
    const calls = operations.map(callOf);
    const isKnown = (operation: number): boolean => calls[operation]?.known === true;
    const index = indexed(operations, isKnown);
    this.#operations = operations;
    this.#transitions = createTransitions(model, calls, budget);
    this.#invokedAt = Int32Array.from(operations, ({ invokedAt }) => invokedAt.line);
    this.#callClass = Int32Array.from(calls, (_, call) => this.#transitions.classOf(call));
    this.#answered = index.answered;
    this.#answeredAt = Int32Array.from(index.answered, (operation) => answerLine(operations[operation]));
    this.#unknowns = Int32Array.from(operations.keys()).filter((operation) => !isKnown(operation));
    this.#twin = twins(this.#unknowns, this.#callClass);
    const slots = assignSlots(operations, index.answered, this.#unknowns);
    this.#path = new Path(index, slots);
    this.#longest = createLongestPrefix(this.#path.effects);
    this.#visited = createVisited(2 + slots.answeredWords, slots.unknownWords, budget);
  }

  get steps(): number {
    return this.#transitions.steps + this.#visited.comparisons;
  }

  get states(): number {
    return this.#transitions.states;
  }

  get configurations(): number {
    return this.#visited.size;
  }

  advance(steps: number): SearchStatus {
    const until = this.steps + steps;
    while (this.status === 'searching' && this.steps < until) {
      if (this.#arriving) this.status = this.#arrive();
      else if (this.#choose()) this.#arriving = true;
      else if (!this.#retreat()) this.status = 'violation';
    }
    return this.status;
  }

  findings(): SearchFindings {
    const longest = this.#longest;
    const stuckAt = this.#operations[this.#answered[longest.explained] ?? -1];
    const states = stuckAt === undefined ? [] : longest.states();
    return {
      linearization: longest.effects().flatMap((index) => this.#operations[index] ?? []),
      explained: longest.explained,
      answers: this.#answered.length,
      stuckAt,
      stuckStates: states.slice(0, shownStates).map(this.#transitions.stateAt),
      stuckStatesInAll: states.length,
    };
  }

  release(): void {
    this.#visited.release();
    this.#transitions.release();
  }

  #arrive(): SearchStatus {
    const path = this.#path;
    this.#absorb();
    this.#longest.note(path.explained, path.depth, path.state);
    if (path.explained === this.#answered.length) return 'linearizable';
    const entered = this.#visited.add(path.identify());
    if (entered === 'full' || this.#transitions.exhausted) return 'out-of-memory';
    this.#arriving = false;
    this.#phase = 'answering';
    return entered === 'known' && !this.#retreat() ? 'violation' : 'searching';
  }

  /** Lets operations take effect that are possible and never change a state. */
  #absorb(): void {
    const path = this.#path;
    let operation = path.first;
    while (!path.isEnd(operation) && (this.#invokedAt[operation] ?? 0) < (this.#answeredAt[path.explained] ?? 0)) {
      const following = path.after(operation);
      const itsClass = this.#callClass[operation] ?? 0;
      if (this.#transitions.isReadOnly(itsClass) && this.#transitions.step(path.state, itsClass) === path.state) {
        path.apply(operation, path.state, true);
      }
      operation = following;
    }
  }

  /**
   * Lets the next choice of the present configuration take effect: first the operation whose answer is due, then the
   * others under way, then those of unknown outcome. @returns false when no choice is left
   */
  #choose(): boolean {
    const path = this.#path;
    const due = this.#answered[path.explained] ?? 0;
    const deadline = this.#answeredAt[path.explained] ?? 0;
    if (this.#phase === 'answering') {
      this.#phase = 'known';
      this.#cursor = path.first;
      if (this.#tries(due)) return true;
    }
    if (this.#phase === 'known') {
      while (!path.isEnd(this.#cursor) && (this.#invokedAt[this.#cursor] ?? 0) < deadline) {
        const operation = this.#cursor;
        this.#cursor = path.after(operation);
        if (operation !== due && this.#tries(operation)) return true;
      }
      this.#phase = 'unknown';
      this.#cursor = 0;
    }
    return this.#chooseUnknown(deadline);
  }

  #chooseUnknown(deadline: number): boolean {
    while (this.#cursor < this.#unknowns.length) {
      const operation = this.#unknowns[this.#cursor] ?? 0;
      if ((this.#invokedAt[operation] ?? 0) > deadline) return false;
      const sameBefore = this.#twin[this.#cursor] ?? -1;
      this.#cursor += 1;
      const isFirstOfItsKind = sameBefore === -1 || this.#path.has(sameBefore);
      if (!this.#path.has(operation) && isFirstOfItsKind && this.#tries(operation)) return true;
    }
    return false;
  }

  #tries(operation: number): boolean {
    const path = this.#path;
    const nextState = this.#transitions.step(path.state, this.#callClass[operation] ?? 0);
    if (nextState === -1 || this.#makesTheLastNeedless(operation, nextState)) return false;
    if (nextState === path.state && !path.isKnown(operation)) return false;
    path.apply(operation, nextState, false);
    return true;
  }

  /** Whether the operation before, of unknown outcome, could be left out before one that leads to `nextState`. */
  #makesTheLastNeedless(operation: number, nextState: number): boolean {
    const path = this.#path;
    if (path.depth === 0 || path.isKnown(path.last)) return false;
    return this.#transitions.step(path.stateBeforeLast, this.#callClass[operation] ?? 0) === nextState;
  }

  /** Goes back to the last configuration where there was a choice. @returns false when there was none */
  #retreat(): boolean {
    const path = this.#path;
    while (path.depth > 0) {
      const wasForced = path.lastWasForced;
      this.#longest.beforeUndo(path.depth);
      const operation = path.undo();
      if (wasForced) continue;
      if (!path.isKnown(operation)) {
        this.#phase = 'unknown';
        this.#cursor = rankOf(this.#unknowns, operation) + 1;
      } else {
        this.#phase = 'known';
        this.#cursor = operation === this.#answered[path.explained] ? path.first : path.after(operation);
      }
      return true;
    }
    return false;
  }
}

const callOf = ({ f, value, outcome, result }: Operation): Call => ({ f, value, known: outcome === 'ok', result });

/** For each operation of unknown outcome the one before it that is the same, or -1. */
function twins(unknowns: Int32Array, callClass: Int32Array): Int32Array {
  const lastOfClass = new Map<number, number>();
  return unknowns.map((operation) => {
    const itsClass = callClass[operation] ?? 0;
    const before = lastOfClass.get(itsClass) ?? -1;
    lastOfClass.set(itsClass, operation);
    return before;
  });
}

/** The place of `item` among sorted items that hold it. */
function rankOf(items: Int32Array, item: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle] ?? 0) < item) low = middle + 1;
    else high = middle;
  }
  return low;
}
