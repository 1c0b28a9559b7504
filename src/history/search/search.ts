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
import { createLongestPrefix } from './longest-prefix.ts';
import type { MemoryBudget } from './memory.ts';
import { assignSlots } from './slots.ts';
import { createTransitions } from './transitions.ts';
import { createVisited } from './visited.ts';

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
export function createSearch(
  model: SequentialModel<unknown>,
  operations: readonly Operation[],
  budget: MemoryBudget,
): Search {
  const count = operations.length;
  const calls = operations.map(callOf);
  const transitions = createTransitions(model, calls, budget);
  const invokedAt = Int32Array.from(operations, ({ invokedAt }) => invokedAt.line);
  const callClass = Int32Array.from(calls, (_, index) => transitions.classOf(index));
  /** Operations in the order of their answers. */
  const answered = Int32Array.from(operations.keys())
    .filter((index) => calls[index]?.known)
    .sort((a, b) => answerLine(operations[a]) - answerLine(operations[b]));
  const answers = answered.length;
  const answerRank = new Int32Array(count).fill(-1);
  answered.forEach((operation, rank) => {
    answerRank[operation] = rank;
  });
  const answeredAt = Int32Array.from(answered, (operation) => answerLine(operations[operation]));

  /** Operations of unknown outcome, and for each the one before it that is the same. */
  const unknowns = Int32Array.from(operations.keys()).filter((index) => !calls[index]?.known);
  const twin = twins(unknowns, callClass);
  const { bitOf, answeredWords, unknownWords } = assignSlots(operations, answered, unknowns);

  /** The row of the current configuration: answers explained, state, and a bit for each operation that took effect. */
  const row = new Uint32Array(2 + answeredWords + unknownWords);
  const bits = row.subarray(2);
  const visited = createVisited(2 + answeredWords, unknownWords, budget);
  const has = (operation: number): boolean => {
    const bit = bitOf[operation] ?? 0;
    return (((bits[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  };
  const flip = (operation: number): void => {
    const bit = bitOf[operation] ?? 0;
    bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) ^ (1 << (bit & 31));
  };

  /** Known operations that have not taken effect, in the order of invocation: a ring through `ringHead`. */
  const ringHead = count;
  const next = new Int32Array(count + 1);
  const previous = new Int32Array(count + 1);
  let last = ringHead;
  for (let operation = 0; operation < count; operation += 1) {
    if (answerRank[operation] === -1) continue;
    next[last] = operation;
    previous[operation] = last;
    last = operation;
  }
  next[last] = ringHead;
  previous[ringHead] = last;

  /** What took effect so far, with the state and the explained answers before it, and whether there was a choice. */
  const effects = new Int32Array(count);
  const stateBefore = new Int32Array(count);
  const explainedBefore = new Int32Array(count);
  const forced = new Uint8Array(count);
  let depth = 0;
  let state = 0;
  let explained = 0;

  let status: SearchStatus = 'searching';
  let arriving = true;
  /** Where the current configuration goes on with its choices: see `choose`. */
  let phase: 'answering' | 'known' | 'unknown' = 'answering';
  let cursor = 0;

  const longest = createLongestPrefix(effects);

  const isKnown = (operation: number): boolean => (answerRank[operation] ?? -1) !== -1;

  const apply = (operation: number, nextState: number, isForced: boolean): void => {
    effects[depth] = operation;
    stateBefore[depth] = state;
    explainedBefore[depth] = explained;
    forced[depth] = isForced ? 1 : 0;
    depth += 1;
    state = nextState;
    flip(operation);
    if (!isKnown(operation)) return;
    const before = previous[operation] ?? ringHead;
    const after = next[operation] ?? ringHead;
    next[before] = after;
    previous[after] = before;
    // An operation's bit is given to another one once its answer is explained.
    for (let due = answered[explained]; due !== undefined && has(due); due = answered[explained]) {
      flip(due);
      explained += 1;
    }
  };

  const undo = (): number => {
    longest.beforeUndo(depth);
    depth -= 1;
    const operation = effects[depth] ?? 0;
    const until = explainedBefore[depth] ?? 0;
    while (explained > until) {
      explained -= 1;
      flip(answered[explained] ?? 0);
    }
    flip(operation);
    state = stateBefore[depth] ?? 0;
    if (isKnown(operation)) {
      next[previous[operation] ?? ringHead] = operation;
      previous[next[operation] ?? ringHead] = operation;
    }
    return operation;
  };

  /** Lets operations take effect that are possible and never change a state. */
  const absorb = (): void => {
    let operation = next[ringHead] ?? ringHead;
    while (operation !== ringHead && (invokedAt[operation] ?? 0) < (answeredAt[explained] ?? 0)) {
      const following = next[operation] ?? ringHead;
      const itsClass = callClass[operation] ?? 0;
      if (transitions.isReadOnly(itsClass) && transitions.step(state, itsClass) === state)
        apply(operation, state, true);
      operation = following;
    }
  };

  /** Whether the operation before, of unknown outcome, could be left out before one that leads to `nextState`. */
  const makesTheLastNeedless = (operation: number, nextState: number): boolean => {
    if (depth === 0 || isKnown(effects[depth - 1] ?? 0)) return false;
    return transitions.step(stateBefore[depth - 1] ?? 0, callClass[operation] ?? 0) === nextState;
  };

  const tries = (operation: number): boolean => {
    const nextState = transitions.step(state, callClass[operation] ?? 0);
    if (nextState === -1 || makesTheLastNeedless(operation, nextState)) return false;
    if (nextState === state && !isKnown(operation)) return false;
    apply(operation, nextState, false);
    return true;
  };

  /**
   * Lets the next choice of the current configuration take effect: first the operation whose answer is due, then the
   * others under way, then those of unknown outcome. @returns false when no choice is left
   */
  const choose = (): boolean => {
    const due = answered[explained] ?? 0;
    const deadline = answeredAt[explained] ?? 0;
    if (phase === 'answering') {
      phase = 'known';
      cursor = next[ringHead] ?? ringHead;
      if (tries(due)) return true;
    }
    if (phase === 'known') {
      while (cursor !== ringHead && (invokedAt[cursor] ?? 0) < deadline) {
        const operation = cursor;
        cursor = next[cursor] ?? ringHead;
        if (operation !== due && tries(operation)) return true;
      }
      phase = 'unknown';
      cursor = 0;
    }
    while (cursor < unknowns.length) {
      const operation = unknowns[cursor] ?? 0;
      if ((invokedAt[operation] ?? 0) > deadline) return false;
      const sameBefore = twin[cursor] ?? -1;
      cursor += 1;
      if (!has(operation) && (sameBefore === -1 || has(sameBefore)) && tries(operation)) return true;
    }
    return false;
  };

  /** Goes back to the last configuration where there was a choice. @returns false when there was none */
  const retreat = (): boolean => {
    while (depth > 0) {
      const hadChoice = forced[depth - 1] === 0;
      const operation = undo();
      if (!hadChoice) continue;
      if (!isKnown(operation)) {
        phase = 'unknown';
        cursor = rankOf(unknowns, operation) + 1;
      } else {
        phase = 'known';
        cursor = (operation === answered[explained] ? next[ringHead] : next[operation]) ?? ringHead;
      }
      return true;
    }
    return false;
  };

  const arrive = (): SearchStatus => {
    absorb();
    longest.note(explained, depth, state);
    if (explained === answers) return 'linearizable';
    row[0] = explained;
    row[1] = state;
    const entered = visited.add(row);
    if (entered === 'full' || transitions.exhausted) return 'out-of-memory';
    arriving = false;
    phase = 'answering';
    return entered === 'known' && !retreat() ? 'violation' : 'searching';
  };

  const work = (): number => transitions.steps + visited.comparisons;
  const advance = (steps: number): SearchStatus => {
    const until = work() + steps;
    while (status === 'searching' && work() < until) {
      if (arriving) status = arrive();
      else if (choose()) arriving = true;
      else if (!retreat()) status = 'violation';
    }
    return status;
  };

  const findings = (): SearchFindings => {
    const stuckAt = operations[answered[longest.explained] ?? -1];
    return {
      linearization: longest.effects().flatMap((index) => operations[index] ?? []),
      explained: longest.explained,
      answers,
      stuckAt,
      stuckStates: stuckAt === undefined ? [] : longest.states().slice(0, shownStates).map(transitions.stateAt),
      stuckStatesInAll: stuckAt === undefined ? 0 : longest.states().length,
    };
  };

  return {
    get status() {
      return status;
    },
    get steps() {
      return work();
    },
    get states() {
      return transitions.states;
    },
    get configurations() {
      return visited.size;
    },
    advance,
    findings,
    release() {
      visited.release();
      transitions.release();
    },
  };
}

const answerLine = (operation: Operation | undefined): number => operation?.completedAt?.line ?? 0;

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
