/**
 * A hash index over things that are stored elsewhere and known by their number: it finds the number of an equal thing.
 * Split into shards, so that growing one of them moves a sixteenth of the whole.
 */

import { CheckLimitError } from '../errors.ts';

export interface HashIndex {
  readonly bytes: number;
  /** The number of the stored thing with `hash` for which `isEqual` holds; -1 when there is none. */
  find(hash: number, isEqual: (stored: number) => boolean): number;
  /** Adds a thing that is not there, in [0, 2^32 - 2]. */
  add(hash: number, stored: number): void;
}

const shardBits = 4;
/** Slots hold the number plus one in 32 bits. */
const maxStored = 2 ** 32 - 2;

interface Shard {
  slots: Uint32Array;
  used: number;
}

/** Makes an empty index; `hashOf` tells the hash of a stored thing again when a shard grows. */
export function createHashIndex(hashOf: (stored: number) => number): HashIndex {
  const shards: Shard[] = Array.from({ length: 1 << shardBits }, () => ({ slots: new Uint32Array(1 << 6), used: 0 }));
  const first: Shard = { slots: new Uint32Array(1), used: 0 };
  const shardOf = (hash: number): Shard => shards[hash >>> (32 - shardBits)] ?? first;

  const place = (slots: Uint32Array, hash: number, value: number): void => {
    const mask = slots.length - 1;
    let slot = hash & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = value;
  };

  return {
    get bytes() {
      return shards.reduce((sum, { slots }) => sum + slots.byteLength, 0);
    },
    find(hash, isEqual) {
      const { slots } = shardOf(hash);
      const mask = slots.length - 1;
      for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
        const value = slots[slot] ?? 0;
        if (value === 0) return -1;
        if (isEqual(value - 1)) return value - 1;
      }
    },
    add(hash, stored) {
      if (stored > maxStored) throw new CheckLimitError(`more than ${maxStored} states; make the model smaller`);
      const shard = shardOf(hash);
      if (shard.used * 10 >= shard.slots.length * 7) {
        const grown = new Uint32Array(shard.slots.length * 2);
        for (const value of shard.slots) if (value !== 0) place(grown, hashOf(value - 1), value);
        shard.slots = grown;
      }
      place(shard.slots, hash, stored + 1);
      shard.used += 1;
    },
  };
}
