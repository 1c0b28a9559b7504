/**
 * The shortest part of a history that a consistency model forbids by itself. A read that is kept keeps all writes that it may have
 * returned: then an order of the whole, with the rest left out, is one of the part, so that what is wrong with the part is wrong
 * with the whole. First the shortest prefix is looked for, then pieces are left out, smaller and smaller ones (Zeller's ddmin),
 * until no operation can be; then, where there are few, parts that are shorter still.
 */

import { canonicalKey } from '../../../statecharts/actor/plain.ts';
import type { Operation } from '../operation.ts';
import { type Access, accessesOf, sourcesOf } from './access.ts';

/** What was found. */
export interface ViolatingPart {
  /** In the order of invocation. */
  readonly operations: readonly Operation[];
  /** Whether no shorter part is a violation; else it is only known that none of its operations can be left out. */
  readonly isShortest: boolean;
  /** Whether the search for it ran into a limit, so that operations may be among it that could be left out. */
  readonly isCut: boolean;
}

/** What is asked of parts at most. */
const mostQuestions = 4_000;
/** Parts that are looked at, most of which lack a write that one of their reads needs. */
const mostLooks = 50_000;

/** @param isForbidden says of operations, in the order of invocation, whether they are a violation for certain */
export function shortestPart(
  operations: readonly Operation[],
  initial: string,
  isForbidden: (part: readonly Operation[]) => boolean,
): ViolatingPart {
  const parts = new Parts(operations, initial, isForbidden);
  const reduced = parts.withoutNeedless(parts.shortestPrefix());
  const isCut = parts.isSpent;
  const shorter = isCut ? undefined : parts.shorterThan(reduced.length);
  const places = shorter?.places ?? reduced;
  return {
    operations: places.map((place) => parts.operationAt(place)),
    isShortest: shorter?.isComplete === true,
    isCut,
  };
}

class Parts {
  readonly #accesses: readonly Access[];
  /** For each access the places of those that it cannot do without. */
  readonly #needs: readonly (readonly number[])[];
  readonly #isForbidden: (part: readonly Operation[]) => boolean;
  readonly #asked = new Map<string, boolean>();

  constructor(operations: readonly Operation[], initial: string, isForbidden: (part: readonly Operation[]) => boolean) {
    this.#accesses = accessesOf(operations, 'a part');
    const sources = sourcesOf(this.#accesses, initial);
    this.#needs = this.#accesses.map(({ key, differs }, place) =>
      differs
        ? this.#accesses.flatMap((other, at) => (other.writes !== undefined && other.key === key ? [at] : []))
        : (sources[place] ?? []).filter((source) => source >= 0),
    );
    this.#isForbidden = isForbidden;
  }

  get isSpent(): boolean {
    return this.#asked.size >= mostQuestions;
  }

  operationAt(place: number): Operation {
    const access = this.#accesses[place];
    if (access === undefined) throw new RangeError(`expected the place of an operation, got ${place}`);
    return access.operation;
  }

  shortestPrefix(): number[] {
    let low = 0;
    let high = this.#accesses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isViolation(this.#closed(range(middle)))) high = middle;
      else low = middle + 1;
    }
    const prefix = this.#closed(range(high));
    return this.#isViolation(prefix) ? prefix : this.#closed(range(this.#accesses.length));
  }

  withoutNeedless(given: readonly number[]): number[] {
    let places = [...given];
    for (let size = Math.ceil(places.length / 2); size >= 1 && !this.isSpent; ) {
      let isReduced = false;
      for (let from = 0; from < places.length && !this.isSpent; ) {
        const rest = this.#closed(places.toSpliced(from, size));
        if (rest.length < places.length && this.#isViolation(rest)) {
          places = rest;
          isReduced = true;
        } else from += size;
      }
      if (size > 1) size = Math.ceil(size / 2);
      else if (!isReduced) break;
    }
    return places;
  }

  /** A violation of fewer operations than `length`, where all parts that are so short can be asked. */
  shorterThan(length: number): { places: number[] | undefined; isComplete: boolean } {
    let looked = 0;
    for (let size = 1; size < length; size += 1) {
      for (const places of subsets(this.#accesses.length, size)) {
        looked += 1;
        if (looked > mostLooks) return { places: undefined, isComplete: false };
        if (this.#closed(places).length < size) continue;
        if (this.#isViolation(places)) return { places, isComplete: true };
        if (this.isSpent) return { places: undefined, isComplete: false };
      }
    }
    return { places: undefined, isComplete: true };
  }

  #isViolation(places: readonly number[]): boolean {
    const key = canonicalKey(places);
    const known = this.#asked.get(key);
    if (known !== undefined) return known;
    const answer = places.length > 0 && this.#isForbidden(places.map((place) => this.operationAt(place)));
    this.#asked.set(key, answer);
    return answer;
  }

  /** Without what lacks something that it needs. */
  #closed(places: readonly number[]): number[] {
    const kept = new Set(places);
    for (let isChanged = true; isChanged; ) {
      isChanged = false;
      for (const place of kept) {
        if (this.#needs[place]?.every((needed) => kept.has(needed)) === true) continue;
        kept.delete(place);
        isChanged = true;
      }
    }
    return [...kept];
  }
}

const range = (length: number): number[] => Array.from({ length }, (_, place) => place);

/** Every choice of `size` places of `length`, in order. */
function* subsets(length: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let first = from; first <= length - size; first += 1) {
    for (const rest of subsets(length, size - 1, first + 1)) yield [first, ...rest];
  }
}
