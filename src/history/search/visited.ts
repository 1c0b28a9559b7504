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
  return new VisitedStates(keyWords, bitWords, budget);
}

class VisitedStates implements Visited {
  readonly #keyWords: number;
  readonly #budget: MemoryBudget;
  /** A stored row ends with the number, from 1, of an older one with the same key, or 0. */
  readonly #width: number;
  readonly #chunks: Uint32Array[] = [];
  /** By hash, the number, from 1, of the newest row of a key, or 0. */
  #table = new Int32Array(0);
  #keys = 0;
  #size = 0;
  #comparisons = 0;
  #capacity = 0;
  #takenBytes = 0;

  constructor(keyWords: number, bitWords: number, budget: MemoryBudget) {
    this.#keyWords = keyWords;
    this.#budget = budget;
    this.#width = keyWords + bitWords + 1;
  }

  get size(): number {
    return this.#size;
  }

  get comparisons(): number {
    return this.#comparisons;
  }

  add(row: Uint32Array): 'added' | 'known' | 'full' {
    if (!this.#grow()) return 'full';
    const slot = this.#slotOf(row);
    const newest = this.#table[slot] ?? 0;
    if (this.#isCovered(row, newest)) return 'known';
    const number = this.#chunkOf(this.#size);
    const chunk = this.#chunkAt(number);
    const offset = this.#offsetIn(number, this.#size);
    chunk.set(row, offset);
    chunk[offset + this.#width - 1] = newest;
    this.#size += 1;
    if (newest === 0) this.#keys += 1;
    this.#table[slot] = this.#size;
    return 'added';
  }

  release(): void {
    this.#budget.give(this.#takenBytes);
    this.#takenBytes = 0;
    this.#chunks.length = 0;
    this.#table = new Int32Array(0);
    this.#size = 0;
    this.#capacity = 0;
  }

  #chunkOf(index: number): number {
    return 31 - Math.clz32((index >>> firstRowsLog2) + 1);
  }

  #offsetIn(chunk: number, index: number): number {
    return (index - firstRows * (2 ** chunk - 1)) * this.#width;
  }

  #chunkAt(number: number): Uint32Array {
    const chunk = this.#chunks[number];
    if (chunk === undefined)
      throw new RangeError(`expected a chunk of rows, got number ${number} of ${this.#chunks.length}`);
    return chunk;
  }

  #hashOf(words: Uint32Array, offset: number): number {
    let hash = 0x811c9dc5;
    for (let index = 0; index < this.#keyWords; index += 1) {
      hash = Math.imul(hash ^ (words[offset + index] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }

  #take(bytes: number): boolean {
    if (!this.#budget.take(bytes)) return false;
    this.#takenBytes += bytes;
    return true;
  }

  #grow(): boolean {
    if (this.#size === this.#capacity) {
      const rows = firstRows * 2 ** this.#chunks.length;
      if (!this.#take(rows * this.#width * 4)) return false;
      this.#chunks.push(new Uint32Array(rows * this.#width));
      this.#capacity += rows;
    }
    if (this.#keys * 2 >= this.#table.length) {
      const slots = Math.max(2 * firstRows, this.#table.length * 2);
      if (!this.#take((slots - this.#table.length) * 4)) return false;
      const newest = this.#table;
      this.#table = new Int32Array(slots);
      for (const entry of newest) {
        if (entry === 0) continue;
        const chunk = this.#chunkOf(entry - 1);
        let slot = this.#hashOf(this.#chunkAt(chunk), this.#offsetIn(chunk, entry - 1)) & (slots - 1);
        while (this.#table[slot] !== 0) slot = (slot + 1) & (slots - 1);
        this.#table[slot] = entry;
      }
    }
    return true;
  }

  /** The slot of the newest row with the key of `row`, or the free one where it belongs. */
  #slotOf(row: Uint32Array): number {
    const mask = this.#table.length - 1;
    let slot = this.#hashOf(row, 0) & mask;
    for (let entry = this.#table[slot] ?? 0; entry !== 0; entry = this.#table[slot] ?? 0) {
      const number = this.#chunkOf(entry - 1);
      const chunk = this.#chunkAt(number);
      const offset = this.#offsetIn(number, entry - 1);
      let index = 0;
      while (index < this.#keyWords && chunk[offset + index] === row[index]) index += 1;
      if (index === this.#keyWords) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Whether `newest`, or an older row of the same key, has no other bits than `row`. */
  #isCovered(row: Uint32Array, newest: number): boolean {
    for (let entry = newest; entry !== 0; ) {
      this.#comparisons += 1;
      const number = this.#chunkOf(entry - 1);
      const chunk = this.#chunkAt(number);
      const offset = this.#offsetIn(number, entry - 1);
      let index = this.#keyWords;
      while (index < this.#width - 1 && ((chunk[offset + index] ?? 0) & ~(row[index] ?? 0)) === 0) index += 1;
      if (index === this.#width - 1) return true;
      entry = chunk[offset + this.#width - 1] ?? 0;
    }
    return false;
  }
}
