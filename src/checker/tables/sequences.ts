/** Interns sequences of integers of any length, such as the contents of the network: equal sequences, equal numbers. */

import { CheckLimitError } from '../errors.ts';
import { finished, mixed } from './hash.ts';
import { createHashIndex } from './index.ts';
import { createWords } from './words.ts';

const pageWords = 1 << 16;

export interface SequenceTable {
  readonly count: number;
  readonly bytes: number;
  /** The number of the first `length` words of `words`. @throws CheckLimitError when they are too many */
  intern(words: Uint32Array, length: number): number;
  /** Copies sequence `id` into `into`, which must be long enough. @returns its length */
  read(id: number, into: Uint32Array): number;
}

/** The longest sequence that can be interned. */
export const maxSequenceLength = pageWords - 1;

/** Makes an empty table. */
export function createSequenceTable(): SequenceTable {
  const pages: Uint32Array[] = [];
  const none = new Uint32Array(0);
  const offsets = createWords(1);
  const one = new Uint32Array(1);
  let used = pageWords;
  let probe: Uint32Array = none;
  let probeLength = 0;

  const offsetOf = (id: number): number => {
    offsets.read(id, one);
    return one[0] ?? 0;
  };
  const pageOf = (offset: number): Uint32Array => pages[Math.floor(offset / pageWords)] ?? none;
  const hashOf = (words: Uint32Array, start: number, length: number): number => {
    let hash = length;
    for (let at = 0; at < length; at += 1) hash = mixed(hash, words[start + at] ?? 0);
    return finished(hash);
  };
  const index = createHashIndex((id) => {
    const offset = offsetOf(id);
    const page = pageOf(offset);
    const start = offset % pageWords;
    return hashOf(page, start + 1, page[start] ?? 0);
  });
  const isProbe = (id: number): boolean => {
    const offset = offsetOf(id);
    const page = pageOf(offset);
    const start = offset % pageWords;
    if (page[start] !== probeLength) return false;
    for (let at = 0; at < probeLength; at += 1) if (page[start + 1 + at] !== probe[at]) return false;
    return true;
  };

  return {
    get count() {
      return offsets.count;
    },
    get bytes() {
      return pages.length * pageWords * 4 + offsets.bytes + index.bytes;
    },
    intern(words, length) {
      probe = words;
      probeLength = length;
      const hash = hashOf(words, 0, length);
      const known = index.find(hash, isProbe);
      if (known >= 0) return known;
      if (length > maxSequenceLength) {
        throw new CheckLimitError(`expected at most ${maxSequenceLength} envelopes in the network, got ${length}`);
      }
      if (used + length + 1 > pageWords) {
        pages.push(new Uint32Array(pageWords));
        used = 0;
      }
      const offset = (pages.length - 1) * pageWords + used;
      const page = pageOf(offset);
      page[used] = length;
      for (let at = 0; at < length; at += 1) page[used + 1 + at] = words[at] ?? 0;
      used += length + 1;
      one[0] = offset;
      const id = offsets.push(one);
      index.add(hash, id);
      return id;
    },
    read(id, into) {
      const offset = offsetOf(id);
      const page = pageOf(offset);
      const start = offset % pageWords;
      const length = page[start] ?? 0;
      for (let at = 0; at < length; at += 1) into[at] = page[start + 1 + at] ?? 0;
      return length;
    },
  };
}
