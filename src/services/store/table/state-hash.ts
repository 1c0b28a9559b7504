/**
 * A hash of all that stands in a table, carried on with each change: the sum of the hashes of its entries, so that neither
 * their order nor the way that led to them counts. Nodes whose tables have it the same hold the same, unless chance (one in
 * 2^53) or a forger, against whom it is no protection, has it otherwise. Two lanes of MurmurHash3's mixing (Appleby, 2011).
 */

import { contentLengthOf, contentOffsetOf, keyLengthOf, versionOf } from './records.ts';
import type { Slab } from './slabs.ts';

const wordSpace = 2 ** 32;
/** Of the upper lane as much as a number holds exactly. */
const upperMask = 0x1f_ffff;

export class StateHash {
  #lower = 0;
  #upper = 0;

  /** From 0, for an empty table, to 2^53 - 1. */
  get value(): number {
    return (this.#upper & upperMask) * wordSpace + (this.#lower >>> 0);
  }

  /** The record at `at` has become what stands under its key. */
  add(slab: Slab, at: number): void {
    this.#mix(slab, at, 1);
  }

  /** The record at `at` is no longer what stands under its key. */
  remove(slab: Slab, at: number): void {
    this.#mix(slab, at, -1);
  }

  /** Key, value and version: where the key ends counts, too. */
  #mix(slab: Slab, at: number, sign: 1 | -1): void {
    const { fields, bytes } = slab;
    const version = versionOf(slab, at);
    const from = contentOffsetOf(at);
    const end = from + contentLengthOf(slab, at);
    let [a, b] = [keyLengthOf(slab, at), version | 0];
    [a, b] = [mixedA(a, version | 0), mixedB(b, Math.floor(version / wordSpace))];
    let place = from;
    for (; place + 4 <= end; place += 4) {
      const word = fields.getInt32(place, true);
      a = mixedA(a, word);
      b = mixedB(b, word);
    }
    for (; place < end; place += 1) {
      a = mixedA(a, bytes[place] ?? 0);
      b = mixedB(b, bytes[place] ?? 0);
    }
    a = finished(a ^ (end - from));
    b = finished(b ^ Math.imul(end - from, 0x9e3779b1));
    this.#lower = (this.#lower + sign * a) | 0;
    this.#upper = (this.#upper + sign * b) | 0;
  }
}

const rotated = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

const mixedA = (hash: number, word: number): number =>
  (Math.imul(rotated(hash ^ Math.imul(rotated(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593), 13), 5) + 0xe6546b64) | 0;

const mixedB = (hash: number, word: number): number =>
  (Math.imul(rotated(hash ^ Math.imul(rotated(Math.imul(word, 0x239b961b), 16), 0xab0e9789), 19), 5) + 0x561ccd1b) | 0;

function finished(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) | 0;
}
