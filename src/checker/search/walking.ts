/** The steps of random walks: what is possible, what is drawn, what is seen, and what can be left out of it afterwards. */

import { pick, type Random } from '../../environment/random.ts';
import { ModelError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { actionKeys } from './actions.ts';
import { retrace, type Trace } from './trace.ts';

/** A counterexample is made shorter by so many replays at the most. */
const maxReplays = 2_000;

/** A step as the search tells it: what it is, and the state that it leads to. */
export interface Taken {
  readonly kind: number;
  readonly key: string;
  readonly state: Uint32Array;
}

/** Where a walk began, and the steps that it took. */
export interface Walked {
  readonly start: Uint32Array;
  readonly path: readonly Taken[];
}

/** What a model says of one state. */
export interface Judge {
  /** @param before the state that the step to `state` was taken in; left out where a run begins */
  violatedIn(state: Uint32Array, before?: Uint32Array): string | undefined;
  mayEndIn(state: Uint32Array): boolean;
  reachedIn(state: Uint32Array, open: ReadonlySet<string>): readonly string[];
  isWithin(state: Uint32Array): boolean;
}

export function createJudge<History>(system: System<History>): Judge {
  const { model, outcomes, layout } = system;
  const always = Object.entries(model.always ?? {});
  const sometimes = Object.entries(model.sometimes ?? {});
  const hasFailed = (state: Uint32Array): boolean =>
    outcomes.failures > 0 && state.subarray(0, layout.actors).some((local) => outcomes.hasFailed(local));
  const comparisons = Object.entries(model.refines ?? {}).map(([name, it]) => ({ name, comparison: it.compare() }));
  const strayedIn = (state: Uint32Array, before: Uint32Array | undefined): string | undefined =>
    comparisons.find(({ comparison }) => {
      const after = comparison.numberOf(system.view(state));
      if (before === undefined) return !comparison.mayBegin(after);
      return !comparison.mayFollow(comparison.numberOf(system.view(before)), after);
    })?.name;
  return {
    violatedIn(state, before) {
      if (model.mayFail !== true && hasFailed(state)) return 'no actor fails';
      const seen = system.view(state);
      return always.find(([, holds]) => !holds(seen))?.[0] ?? strayedIn(state, before);
    },
    mayEndIn: (state) => model.mayEnd?.(system.view(state)) ?? true,
    reachedIn(state, open) {
      const seen = system.view(state);
      return sometimes.flatMap(([name, holds]) => (open.has(name) && holds(seen) ? name : []));
    },
    isWithin: (state) => model.boundary?.(system.view(state)) ?? true,
  };
}

interface Once {
  readonly run: Walked;
  readonly property: string | undefined;
  readonly hasEnded: boolean;
  readonly reached: ReadonlySet<string>;
}

/** Takes one walk, from one of the states in which runs begin. */
export function walkOnce<History>(
  system: System<History>,
  judge: Judge,
  how: { readonly steps: number; readonly weights: readonly number[]; readonly random: Random },
): Once {
  const path: Taken[] = [];
  const reached = new Set<string>();
  const open = new Set(Object.keys(system.model.sometimes ?? {}));
  const start = pick(how.random, system.starts)?.state;
  if (start === undefined) throw new ModelError(`model '${system.model.name}' begins nowhere`);
  const run = { start, path };
  let state = start;
  let property = judge.violatedIn(state);
  while (property === undefined && path.length < how.steps) {
    for (const goal of judge.reachedIn(state, open)) {
      reached.add(goal);
      open.delete(goal);
    }
    const possible = stepsFrom(system, state);
    const next = drawStep(possible, judge, how);
    if (next === undefined) {
      const isDeadlock = possible.length === 0 && !judge.mayEndIn(state);
      return { run, property: isDeadlock ? 'no deadlock' : undefined, hasEnded: true, reached };
    }
    path.push(next);
    property = judge.violatedIn(next.state, state);
    state = next.state;
  }
  return { run, property, hasEnded: false, reached };
}

/** Everything that may happen in a state. */
function stepsFrom<History>(system: System<History>, state: Uint32Array): Taken[] {
  const keyOf = actionKeys(system);
  const found: Taken[] = [];
  system.expand(state, (kind, a, b, next) => {
    found.push({ kind, key: keyOf(kind, a, b), state: new Uint32Array(next) });
  });
  return found;
}

/** Draws the kind of the next step by its weight, and then one of that kind; undefined when none stays within bounds. */
function drawStep(
  possible: readonly Taken[],
  judge: Judge,
  { weights, random }: { readonly weights: readonly number[]; readonly random: Random },
): Taken | undefined {
  let left = possible.filter(({ kind }) => (weights[kind] ?? 0) > 0);
  while (left.length > 0) {
    const kinds = [...new Set(left.map(({ kind }) => kind))];
    let at = random.next() * kinds.reduce((sum, kind) => sum + (weights[kind] ?? 0), 0);
    const drawn = kinds.find((kind) => {
      at -= weights[kind] ?? 0;
      return at < 0;
    });
    const ofKind = left.filter(({ kind }) => kind === (drawn ?? kinds.at(-1)));
    const next = pick(random, ofKind);
    if (next === undefined || judge.isWithin(next.state)) return next;
    left = left.filter((step) => step !== next);
  }
  return undefined;
}

/** Takes the steps of `keys` that are possible, in order, until `property` is violated; undefined when it never is. */
function replay<History>(
  system: System<History>,
  judge: Judge,
  start: Uint32Array,
  keys: readonly string[],
  property: string,
): readonly Taken[] | undefined {
  const path: Taken[] = [];
  let state = start;
  let before: Uint32Array | undefined;
  const isHarmed = (): boolean =>
    property === 'no deadlock'
      ? stepsFrom(system, state).length === 0 && !judge.mayEndIn(state)
      : judge.violatedIn(state, before) === property;
  for (const key of keys) {
    if (property !== 'no deadlock' && isHarmed()) return path;
    const next = stepsFrom(system, state).find((step) => step.key === key);
    if (next === undefined || !judge.isWithin(next.state)) continue;
    path.push(next);
    before = state;
    state = next.state;
  }
  return isHarmed() ? path : undefined;
}

/** Leaves out what the violation does not need: halves of the path, quarters, ..., single steps (delta debugging). */
export function shortened<History>(
  system: System<History>,
  judge: Judge,
  { start, path }: Walked,
  property: string,
): Walked {
  let best = path;
  let replays = 0;
  for (let size = Math.ceil(path.length / 2); size >= 1 && replays < maxReplays; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.length && replays < maxReplays; ) {
      const keys = best.map(({ key }) => key).toSpliced(from, size);
      replays += 1;
      const shorter = replay(system, judge, start, keys, property);
      if (shorter !== undefined && shorter.length < best.length) best = shorter;
      else from += size;
    }
  }
  return { start, path: best };
}

/** Takes a walk again, for people to read. */
export function traceOf<History>(system: System<History>, { start, path }: Walked): Trace {
  const numbers = new Map<string, number>();
  const numberOf = (state: Uint32Array): number => {
    const text = state.join();
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  };
  const legs = path.map(({ state, key }) => ({ to: numberOf(state), key }));
  return retrace(system, { root: numberOf(start), legs }, { numberOf, keyOf: actionKeys(system) });
}
