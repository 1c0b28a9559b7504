/**
 * HalfSipHash-2-4 with 32 bits (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, and its authors' variant
 * for machines of 32 bits). Clients choose the keys of a table: with a hash that they could compute they would choose
 * those of one chain, and each request would walk it. So its key is drawn at random for each table. Nothing that a node
 * says or writes down depends on it: neither results, nor the order in which a view tells its entries.
 */

import { integerBelow, type Random } from '../../../environment/random.ts';

/** Two words of 32 bits, which are secret. */
export type HashKey = readonly [number, number];

export const drawHashKey = (random: Random): HashKey => [
  integerBelow(random, 2 ** 32) | 0,
  integerBelow(random, 2 ** 32) | 0,
];

/** A hash of bytes under one key. */
export class KeyedHash {
  readonly #key: HashKey;

  constructor(key: HashKey) {
    this.#key = key;
  }

  /** The hash of the first `length` of `bytes`, an integer from 0 to 2^32 - 1. */
  of(bytes: Uint8Array, length: number): number {
    const [k0, k1] = this.#key;
    let [v0, v1, v2, v3] = [k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1];
    const words = length >>> 2;
    // Two rounds for each word, the last of which has the length, and four at the end, as if two words of 0 followed.
    for (let place = 0; place <= words + 2; place += 1) {
      const word = place < words ? wordAt(bytes, 4 * place, 4) : place === words ? lastWord(bytes, length) : 0;
      if (place === words + 1) v2 ^= 0xff;
      v3 ^= word;
      for (let round = 0; round < 2; round += 1) {
        v0 = (v0 + v1) | 0;
        v1 = rotated(v1, 5) ^ v0;
        v0 = rotated(v0, 16);
        v2 = (v2 + v3) | 0;
        v3 = rotated(v3, 8) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = rotated(v3, 7) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = rotated(v1, 13) ^ v2;
        v2 = rotated(v2, 16);
      }
      v0 ^= word;
    }
    return (v1 ^ v3) >>> 0;
  }
}

const rotated = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** Up to four bytes as a word, little-endian. */
function wordAt(bytes: Uint8Array, at: number, count: number): number {
  let word = 0;
  for (let place = 0; place < count; place += 1) word |= (bytes[at + place] ?? 0) << (8 * place);
  return word;
}

/** The bytes that fill no word, and the length. */
const lastWord = (bytes: Uint8Array, length: number): number => (length << 24) | wordAt(bytes, length & ~3, length & 3);
