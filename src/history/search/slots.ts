/**
 * Which bit of a configuration says that an operation took effect. Operations that are never under way together share
 * one, as a bit is free again once its operation's answer is explained; one of unknown outcome keeps its own for ever.
 */

import type { Operation } from '../operation.ts';

export interface Slots {
  /** The bit of each operation. */
  readonly bitOf: Int32Array;
  /** 32-bit words that hold the bits of operations with an answer; they come first. */
  readonly answeredWords: number;
  /** 32-bit words that hold the bits of the others. */
  readonly unknownWords: number;
}

/**
 * @param operations in the order of invocation
 * @param answered indices of those with an answer, in the order of their answers
 * @param unknowns indices of the others
 */
export function assignSlots(operations: readonly Operation[], answered: Int32Array, unknowns: Int32Array): Slots {
  const bitOf = new Int32Array(operations.length);
  let used = 0;
  const free: number[] = [];
  let due = 0;
  for (let index = 0; index < operations.length; index += 1) {
    const operation = operations[index];
    if (operation?.outcome !== 'ok') continue;
    const invokedAt = operation.invokedAt.line;
    for (; due < answered.length; due += 1) {
      const ended = answered[due] ?? 0;
      if ((operations[ended]?.completedAt?.line ?? 0) > invokedAt) break;
      free.push(bitOf[ended] ?? 0);
    }
    bitOf[index] = free.pop() ?? used++;
  }
  const answeredWords = Math.ceil(used / 32);
  unknowns.forEach((operation, rank) => {
    bitOf[operation] = answeredWords * 32 + rank;
  });
  return { bitOf, answeredWords, unknownWords: Math.ceil(unknowns.length / 32) };
}
