/**
 * Randomness. Each concern (timeouts, network, disk, ids, workload) draws from a stream of its own, so that one more
 * draw by one concern changes nothing for the others.
 */

import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random numbers. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** Gives out one stream per concern; the same name gives the same stream. */
export interface Randomness {
  stream(concern: string): Random;
}

/** Streams that follow from `seed` alone: the same seed and concern, the same numbers, on every machine. */
export function seededRandomness(seed: number): Randomness {
  const streams = new Map<string, Random>();
  return {
    stream(concern) {
      let stream = streams.get(concern);
      if (stream === undefined) {
        stream = seededRandom(hash(`${seed}/${concern}`));
        streams.set(concern, stream);
      }
      return stream;
    },
  };
}

/** Numbers that are drawn from the system at a time: a call for each would cost an actor's timer more than the rest of it. */
const drawnAtATime = 1_024;

/** Numbers of the system's own generator, which cannot be foreseen; all streams are the same. */
export function systemRandomness(): Randomness {
  const drawn = new Uint32Array(drawnAtATime);
  let next = drawn.length;
  const random: Random = {
    next() {
      if (next === drawn.length) {
        crypto.getRandomValues(drawn);
        next = 0;
      }
      const number = drawn[next] ?? 0;
      next += 1;
      return number / 2 ** 32;
    },
  };
  return { stream: () => random };
}

function seededRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  return { next: () => (generator.next() >>> 0) / 2 ** 32 };
}

/**
 * FNV-1a, and the last steps of MurmurHash3: FNV-1a alone hardly spreads a text's last character, and the first number of
 * the generator is nearly its seed, so that the streams of `n1` and `n2` began alike.
 */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}

/** An integer in [0, `bound`). */
export const integerBelow = (random: Random, bound: number): number => Math.floor(random.next() * bound);

/** True with the given probability, from 0 to 1. Draws exactly once. */
export const chance = (random: Random, probability: number): boolean => random.next() < probability;

/** One of `items`; undefined when there is none. Draws exactly once. */
export const pick = <T>(random: Random, items: readonly T[]): T | undefined =>
  items[integerBelow(random, items.length)];
