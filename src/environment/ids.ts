/** Ids: short strings that will never be made again; seeded under simulation. */

import { customRandom, nanoid, urlAlphabet } from 'nanoid';
import { integerBelow, type Random } from './random.ts';

/** A source of ids: 21 characters of `A-Za-z0-9_-`. */
export interface Ids {
  next(): string;
}

/** Ids from the system's own generator of randomness. */
export const systemIds = (): Ids => ({ next: () => nanoid() });

/** A natural number below 2^48 that can be guessed no better than an id. */
export function numberFrom(ids: Ids): number {
  let number = 0;
  for (const character of ids.next().slice(0, 8)) number = number * 64 + urlAlphabet.indexOf(character);
  return number;
}

/** Ids that follow from a stream of randomness. */
export function seededIds(random: Random): Ids {
  const next = customRandom(urlAlphabet, 21, (length) => Uint8Array.from({ length }, () => integerBelow(random, 256)));
  return { next: () => next() };
}
