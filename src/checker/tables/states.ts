/**
 * The visited states: vectors of a fixed number of 32-bit words, stored whole in the order of their discovery, each
 * with the number of the state that it was first reached from. Exact: a state is known when all its words are.
 */

import { finished, mixed } from './hash.ts';
import { createHashIndex } from './index.ts';
import { createWords } from './words.ts';

export interface StateTable {
  readonly count: number;
  /** Bytes allocated for states, parents and index. */
  readonly bytes: number;
  /** The number of `state`; -1 when it is new. */
  find(state: Uint32Array): number;
  /** Adds the state that `find` has just not found. @returns its number */
  add(state: Uint32Array, parent: number): number;
  read(index: number, into: Uint32Array): void;
  /** The state from which `index` was first reached; the first state is its own parent. */
  parentOf(index: number): number;
}

/** Makes an empty table of states of `width` words. */
export function createStateTable(width: number): StateTable {
  const words = createWords(width);
  const parents = createWords(1);
  const scratch = new Uint32Array(width);
  const one = new Uint32Array(1);
  let probe: Uint32Array = scratch;
  let probeHash = 0;

  const hashOf = (state: Uint32Array): number => {
    let hash = 0;
    for (let word = 0; word < width; word += 1) hash = mixed(hash, state[word] ?? 0);
    return finished(hash);
  };
  const index = createHashIndex((stored) => {
    words.read(stored, scratch);
    return hashOf(scratch);
  });
  const isProbe = (stored: number): boolean => words.equals(stored, probe);

  return {
    get count() {
      return words.count;
    },
    get bytes() {
      return words.bytes + parents.bytes + index.bytes;
    },
    find(state) {
      probe = state;
      probeHash = hashOf(state);
      return index.find(probeHash, isProbe);
    },
    add(state, parent) {
      const added = words.push(state);
      one[0] = parent;
      parents.push(one);
      index.add(probeHash, added);
      return added;
    },
    read: words.read,
    parentOf(state) {
      parents.read(state, one);
      return one[0] ?? 0;
    },
  };
}
