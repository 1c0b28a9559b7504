/**
 * What took effect so far, in order, and can be taken back: the present place of a search. It keeps the state, how many
 * answers are explained, one bit for each operation under way that took effect, and which known operations are left.
 */

import type { Operation } from '../operation.ts';
import type { Slots } from './slots.ts';

/** The operations of a search, by their indexes in the order of invocation. */
export interface Indexed {
  readonly count: number;
  /** Those with an answer, in the order of their answers. */
  readonly answered: Int32Array;
  /** For each operation its place in `answered`, or -1 where the outcome is unknown. */
  readonly answerRank: Int32Array;
}

export class Path {
  state = 0;
  /** How many of `answered` took effect without one before them that did not. */
  explained = 0;
  depth = 0;
  /** What took effect, up to `depth`. */
  readonly effects: Int32Array;
  /** Answers explained, state, and a bit for each operation that took effect: what identifies a configuration. */
  readonly row: Uint32Array;

  readonly #count: number;
  readonly #answered: Int32Array;
  readonly #answerRank: Int32Array;
  readonly #bitOf: Int32Array;
  readonly #bits: Uint32Array;
  readonly #stateBefore: Int32Array;
  readonly #explainedBefore: Int32Array;
  readonly #forced: Uint8Array;
  /** Known operations that have not taken effect, in the order of invocation: a ring through `count`. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor({ count, answered, answerRank }: Indexed, { bitOf, answeredWords, unknownWords }: Slots) {
    this.#count = count;
    this.#answered = answered;
    this.#answerRank = answerRank;
    this.#bitOf = bitOf;
    this.row = new Uint32Array(2 + answeredWords + unknownWords);
    this.#bits = this.row.subarray(2);
    this.effects = new Int32Array(count);
    this.#stateBefore = new Int32Array(count);
    this.#explainedBefore = new Int32Array(count);
    this.#forced = new Uint8Array(count);
    this.#next = new Int32Array(count + 1);
    this.#previous = new Int32Array(count + 1);
    let last = count;
    for (let operation = 0; operation < count; operation += 1) {
      if (answerRank[operation] === -1) continue;
      this.#next[last] = operation;
      this.#previous[operation] = last;
      last = operation;
    }
    this.#next[last] = count;
    this.#previous[count] = last;
  }

  isKnown(operation: number): boolean {
    return (this.#answerRank[operation] ?? -1) !== -1;
  }

  /** Whether an operation under way took effect. */
  has(operation: number): boolean {
    const bit = this.#bitOf[operation] ?? 0;
    return (((this.#bits[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  /** The first known operation that has not taken effect; `isEnd` when there is none. */
  get first(): number {
    return this.#next[this.#count] ?? this.#count;
  }

  /** The known operation after `operation`, in the order of invocation, that had not taken effect when this one did. */
  after(operation: number): number {
    return this.#next[operation] ?? this.#count;
  }

  isEnd(operation: number): boolean {
    return operation === this.#count;
  }

  /** The operation that took effect last; 0 where none did. */
  get last(): number {
    return this.effects[this.depth - 1] ?? 0;
  }

  get stateBeforeLast(): number {
    return this.#stateBefore[this.depth - 1] ?? 0;
  }

  /** Whether there was no choice but the operation that took effect last. */
  get lastWasForced(): boolean {
    return this.#forced[this.depth - 1] === 1;
  }

  /** Writes what identifies the present configuration into `row`. */
  identify(): Uint32Array {
    this.row[0] = this.explained;
    this.row[1] = this.state;
    return this.row;
  }

  /** Lets an operation take effect. */
  apply(operation: number, nextState: number, isForced: boolean): void {
    this.effects[this.depth] = operation;
    this.#stateBefore[this.depth] = this.state;
    this.#explainedBefore[this.depth] = this.explained;
    this.#forced[this.depth] = isForced ? 1 : 0;
    this.depth += 1;
    this.state = nextState;
    this.#flip(operation);
    if (!this.isKnown(operation)) return;
    const before = this.#previous[operation] ?? this.#count;
    const after = this.#next[operation] ?? this.#count;
    this.#next[before] = after;
    this.#previous[after] = before;
    // An operation's bit is given to another one once its answer is explained.
    const answered = this.#answered;
    for (let due = answered[this.explained]; due !== undefined && this.has(due); due = answered[this.explained]) {
      this.#flip(due);
      this.explained += 1;
    }
  }

  /** Takes back the last one. @returns it */
  undo(): number {
    this.depth -= 1;
    const operation = this.effects[this.depth] ?? 0;
    const until = this.#explainedBefore[this.depth] ?? 0;
    while (this.explained > until) {
      this.explained -= 1;
      this.#flip(this.#answered[this.explained] ?? 0);
    }
    this.#flip(operation);
    this.state = this.#stateBefore[this.depth] ?? 0;
    if (this.isKnown(operation)) {
      this.#next[this.#previous[operation] ?? this.#count] = operation;
      this.#previous[this.#next[operation] ?? this.#count] = operation;
    }
    return operation;
  }

  #flip(operation: number): void {
    const bit = this.#bitOf[operation] ?? 0;
    this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) ^ (1 << (bit & 31));
  }
}

/** Sorts the operations by their answers. */
export function indexed(operations: readonly Operation[], isKnown: (operation: number) => boolean): Indexed {
  const answered = Int32Array.from(operations.keys())
    .filter(isKnown)
    .sort((a, b) => answerLine(operations[a]) - answerLine(operations[b]));
  const answerRank = new Int32Array(operations.length).fill(-1);
  answered.forEach((operation, rank) => {
    answerRank[operation] = rank;
  });
  return { count: operations.length, answered, answerRank };
}

export const answerLine = (operation: Operation | undefined): number => operation?.completedAt?.line ?? 0;
