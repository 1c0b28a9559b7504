/**
 * What may be asked in a state, by conditions on the whole of it. A condition is remembered by what it reads: the first
 * word of the state that a pure function reads is always the same, which the second is depends on the value of the
 * first, and so on, so that its answers form a tree that is gone down without running it.
 */

import type { Tagged } from '../../../statecharts/actor.ts';
import { NotPureError } from '../errors.ts';
import type { RequestStep, SystemState } from '../model.ts';
import type { OutcomesOptions } from './outcomes.ts';

/** The numbers of what may be asked. */
type Answer = readonly number[];

/** A word that the condition reads at this point, and what follows from each value of it. */
interface Reading {
  readonly word: number;
  readonly next: Map<number, Reading | Answer>;
}

export interface Conditions {
  /** The number of what request `index` asks under a condition; -1 when it has none, or what it asks depends on the state. */
  fixed(index: number): number;
  /** The numbers of what request `index` may ask in `state`. */
  askedIn(index: number, state: Uint32Array): Answer;
}

/** What conditions are made of. */
export interface ConditionParts<History> {
  readonly requests: readonly RequestStep<History>[];
  /** The number of what a request asks. */
  idOf(index: number, request: Tagged): number;
  /** The window onto a state, and one that tells which words are read through it. */
  readonly view: (state: Uint32Array) => SystemState<History>;
  readonly readingView: (state: Uint32Array, read: (word: number) => void) => SystemState<History>;
  readonly options: OutcomesOptions;
}

/** After so many misses it is looked at whether remembering a condition pays, and then again after as many. */
const missesPerLook = 512;
/** So many answers of one condition are remembered, and no more. */
const maxRemembered = 1_000_000;

/** Prepares the conditions of `requests`. */
export function createConditions<History>(parts: ConditionParts<History>): Conditions {
  const conditions = parts.requests.map((_request, index) => conditionOf(parts, index));
  const never: Answer = [];
  const fixed = parts.requests.map(({ request, when }, index) =>
    typeof request === 'function' || when === undefined ? -1 : parts.idOf(index, request),
  );
  return {
    fixed: (index) => fixed[index] ?? -1,
    askedIn: (index, state) => conditions[index]?.(state) ?? never,
  };
}

function conditionOf<History>(parts: ConditionParts<History>, index: number): (state: Uint32Array) => Answer {
  const { view, readingView, options } = parts;
  const { request = () => [], when } = parts.requests[index] ?? {};
  const answers = new Map<string, Answer>();
  const none: Answer = [];
  const fixed: Answer = typeof request === 'function' ? none : [parts.idOf(index, request)];
  if (typeof request !== 'function' && when === undefined) return () => fixed;

  const evaluate = (seen: SystemState<History>): Answer => {
    if (when?.(seen) === false) return none;
    if (typeof request !== 'function') return fixed;
    const ids = request(seen).map((asked) => parts.idOf(index, asked));
    const key = ids.join();
    const known = answers.get(key) ?? [...new Set(ids)];
    answers.set(key, known);
    return known;
  };
  if (!options.memoise) return (state) => evaluate(view(state));

  let root: Reading | Answer | undefined;
  let remembered = 0;
  let hits = 0;
  let misses = 0;
  let isWorthIt = true;
  const forget = (): void => {
    root = undefined;
    isWorthIt = false;
  };
  const learn = (state: Uint32Array): Answer => {
    const words = new Set<number>();
    const answer = evaluate(readingView(state, (word) => words.add(word)));
    misses += 1;
    remembered += 1;
    root = grown(root, [...words], state, answer);
    if (misses % missesPerLook === 0 && (hits < misses || remembered >= maxRemembered)) forget();
    return answer;
  };
  return (state) => {
    if (!isWorthIt) return evaluate(view(state));
    let at = root;
    while (at !== undefined && 'word' in at) at = at.next.get(state[at.word] ?? 0);
    if (at === undefined) return learn(state);
    hits += 1;
    if (hits % options.recomputeEvery === 0 && evaluate(view(state)).join() !== at.join()) throw notPure();
    return at;
  };
}

const notPure = (): NotPureError =>
  new NotPureError('a condition of a request did not say the same again of the same state; it must depend on it alone');

/** Adds to the tree below `root` an answer, at the end of the `words` that were read in `state`. @returns the root */
function grown(
  root: Reading | Answer | undefined,
  words: readonly number[],
  state: Uint32Array,
  answer: Answer,
): Reading | Answer {
  // Down as far as the tree goes, and then one reading after the other.
  let depth = 0;
  let last: Reading | undefined;
  for (let at = root; at !== undefined && 'word' in at; at = at.next.get(state[at.word] ?? 0)) {
    if (at.word !== words[depth]) throw notPure();
    last = at;
    depth += 1;
  }
  let below: Reading | Answer = answer;
  for (let word = words.length - 1; word >= depth; word -= 1) {
    const read = words[word] ?? 0;
    below = { word: read, next: new Map([[state[read] ?? 0, below]]) };
  }
  if (last === undefined) return below;
  last.next.set(state[last.word] ?? 0, below);
  return root ?? below;
}
