/**
 * The configurations that a search has visited. One is a row of 32-bit words: first what identifies it, then bits for the
 * operations of unknown outcome that took effect. Where two differ in those bits alone, the one with fewer of them can do
 * whatever the other can, so a row is known when one like it with no other bits than its own was visited before.
 * Membership is exact, since rows are compared word by word; a hash only says where to look.
 */

import type { MemoryBudget } from './memory.ts';

export interface Visited {
  /** Rows that were added. */
  readonly size: number;
  /** Comparisons of bits so far: where they are many, they are what a search spends its time on. */
  readonly comparisons: number;
  /** Adds a copy of `row`. @returns `full` when the budget does not allow another one; the set is as it was then */
  add(row: Uint32Array): 'added' | 'known' | 'full';
  /** Gives its memory back. The set must not be used any more. */
  release(): void;
}

/** Rows of the first chunk; each later chunk holds twice as many as the one before, so growing copies nothing. */
const firstRowsLog2 = 6;
const firstRows = 2 ** firstRowsLog2;

/**
 * @param keyWords words at the beginning of a row that identify it
 * @param bitWords words of bits that follow them
 */
export function createVisited(keyWords: number, bitWords: number, budget: MemoryBudget): Visited {
  /** A stored row ends with the number, from 1, of an older one with the same key, or 0. */
  const width = keyWords + bitWords + 1;
  const chunks: Uint32Array[] = [];
  /** By hash, the number, from 1, of the newest row of a key, or 0. */
  let table = new Int32Array(0);
  let keys = 0;
  let size = 0;
  let comparisons = 0;
  let capacity = 0;
  let takenBytes = 0;

  const chunkOf = (index: number): number => 31 - Math.clz32((index >>> firstRowsLog2) + 1);
  const offsetIn = (chunk: number, index: number): number => (index - firstRows * (2 ** chunk - 1)) * width;
  const chunkAt = (number: number): Uint32Array => {
    const chunk = chunks[number];
    if (chunk === undefined) throw new RangeError(`expected a chunk of rows, got number ${number} of ${chunks.length}`);
    return chunk;
  };

  const hashOf = (words: Uint32Array, offset: number): number => {
    let hash = 0x811c9dc5;
    for (let index = 0; index < keyWords; index += 1) {
      hash = Math.imul(hash ^ (words[offset + index] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  };
  const take = (bytes: number): boolean => {
    if (!budget.take(bytes)) return false;
    takenBytes += bytes;
    return true;
  };
  const grow = (): boolean => {
    if (size === capacity) {
      const rows = firstRows * 2 ** chunks.length;
      if (!take(rows * width * 4)) return false;
      chunks.push(new Uint32Array(rows * width));
      capacity += rows;
    }
    if (keys * 2 >= table.length) {
      const slots = Math.max(2 * firstRows, table.length * 2);
      if (!take((slots - table.length) * 4)) return false;
      const newest = table;
      table = new Int32Array(slots);
      for (const entry of newest) {
        if (entry === 0) continue;
        const chunk = chunkOf(entry - 1);
        let slot = hashOf(chunkAt(chunk), offsetIn(chunk, entry - 1)) & (slots - 1);
        while (table[slot] !== 0) slot = (slot + 1) & (slots - 1);
        table[slot] = entry;
      }
    }
    return true;
  };

  /** The slot of the newest row with the key of `row`, or the free one where it belongs. */
  const slotOf = (row: Uint32Array): number => {
    const mask = table.length - 1;
    let slot = hashOf(row, 0) & mask;
    for (let entry = table[slot] ?? 0; entry !== 0; entry = table[slot] ?? 0) {
      const number = chunkOf(entry - 1);
      const chunk = chunkAt(number);
      const offset = offsetIn(number, entry - 1);
      let index = 0;
      while (index < keyWords && chunk[offset + index] === row[index]) index += 1;
      if (index === keyWords) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  };
  /** Whether `newest`, or an older row of the same key, has no other bits than `row`. */
  const isCovered = (row: Uint32Array, newest: number): boolean => {
    for (let entry = newest; entry !== 0; ) {
      comparisons += 1;
      const number = chunkOf(entry - 1);
      const chunk = chunkAt(number);
      const offset = offsetIn(number, entry - 1);
      let index = keyWords;
      while (index < width - 1 && ((chunk[offset + index] ?? 0) & ~(row[index] ?? 0)) === 0) index += 1;
      if (index === width - 1) return true;
      entry = chunk[offset + width - 1] ?? 0;
    }
    return false;
  };

  return {
    get size() {
      return size;
    },
    get comparisons() {
      return comparisons;
    },
    add(row) {
      if (!grow()) return 'full';
      const slot = slotOf(row);
      const newest = table[slot] ?? 0;
      if (isCovered(row, newest)) return 'known';
      const number = chunkOf(size);
      const chunk = chunkAt(number);
      const offset = offsetIn(number, size);
      chunk.set(row, offset);
      chunk[offset + width - 1] = newest;
      size += 1;
      if (newest === 0) keys += 1;
      table[slot] = size;
      return 'added';
    },
    release() {
      budget.give(takenBytes);
      takenBytes = 0;
      chunks.length = 0;
      table = new Int32Array(0);
      size = 0;
      capacity = 0;
    },
  };
}
