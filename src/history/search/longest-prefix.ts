/**
 * Remembers the furthest that a search came: what took effect on the way, and the states that it reached there. What took
 * effect is copied only when the search turns back, and only as far as it differs from the copy, as a search that makes
 * progress is at its furthest all the time.
 */

export interface LongestPrefix {
  /** The most answers that were explained. */
  readonly explained: number;
  /** Takes note that `explained` answers are explained in `state`, by the first `depth` effects. */
  note(explained: number, depth: number, state: number): void;
  /** Must be called before the last of `depth` effects is undone. */
  beforeUndo(depth: number): void;
  /** What took effect when the most answers were explained for the first time, in order. */
  effects(): number[];
  /** The states in which that many were explained, in the order in which they were reached; at most 10,000. */
  states(): number[];
}

const countedStates = 10_000;

/** @param current the effects of the search: the first `depth` of them count */
export function createLongestPrefix(current: Int32Array): LongestPrefix {
  const copy = new Int32Array(current.length);
  let explained = 0;
  let depth = 0;
  let isCopied = true;
  /** How many effects at the beginning of the copy are still the current ones. */
  let shared = 0;
  let states = new Set<number>();

  const copyNow = (): void => {
    copy.set(current.subarray(shared, depth), shared);
    shared = depth;
    isCopied = true;
  };

  return {
    get explained() {
      return explained;
    },
    note(explainedNow, depthNow, state) {
      if (explainedNow > explained) {
        explained = explainedNow;
        depth = depthNow;
        isCopied = false;
        states = new Set();
      }
      if (explainedNow === explained && states.size < countedStates) states.add(state);
    },
    beforeUndo(depthNow) {
      if (!isCopied) copyNow();
      shared = Math.min(shared, depthNow - 1);
    },
    effects() {
      if (!isCopied) copyNow();
      return Array.from(copy.subarray(0, depth));
    },
    states: () => [...states],
  };
}
