/**
 * The runs of a walk, judged by definition and without any cleverness: every set of states in which a run may stay for
 * ever is looked at, one by one. What a run satisfies that stays in a set is most when it goes every way within it.
 */

import type { Strength } from '../../../src/checker.ts';
import type { Walk, Way } from '../models/walker.ts';

/** A place, and how often each request and each timer may still come. */
interface State {
  readonly place: number;
  readonly left: readonly number[];
}

/** A step; `to` is undefined where it leads beyond the boundary, or nowhere, because its budget is spent. */
interface Step {
  readonly way: Way;
  readonly to: string | undefined;
  readonly isWithheld: boolean;
}

/** What must be taken at last: one of the steps for which it asks. */
interface Demand {
  readonly strength: Strength;
  asksFor(way: Way): boolean;
}

const keyOf = ({ place, left }: State): string => `${place} ${left.join()}`;

function demandsOf({ places, requests, timers, goesOn }: Walk): readonly Demand[] {
  const asking: Demand[] = requests.flatMap(({ fair }, number) =>
    fair === undefined ? [] : [{ strength: fair, asksFor: (way) => way.by === 'request' && way.number === number }],
  );
  // A timer is that of its place: elsewhere runs another one.
  const waiting: Demand[] = timers.flatMap(({ fair }, number) =>
    fair === undefined
      ? []
      : Array.from({ length: places }, (_, place) => ({
          strength: fair,
          asksFor: (way: Way) => way.by === 'timer' && way.number === number && way.from === place,
        })),
  );
  const whole: Demand[] = goesOn === undefined ? [] : [{ strength: goesOn, asksFor: ({ by }) => by === 'request' }];
  return [...asking, ...waiting, ...whole];
}

/** The states of a walk that are reached without reaching a goal, and their steps. */
function statesOf(walk: Walk): ReadonlyMap<string, readonly Step[]> {
  const steps = new Map<string, readonly Step[]>();
  const budgets = [
    ...walk.requests.map(({ times }) => times ?? Number.POSITIVE_INFINITY),
    ...walk.timers.map(({ budget }) => budget ?? Number.POSITIVE_INFINITY),
  ];
  const waiting: State[] = walk.begins.map((place) => ({ place, left: budgets }));
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    const { place, left } = state;
    const key = keyOf(state);
    if (walk.goals.includes(place) || steps.has(key)) continue;
    const out: Step[] = [];
    steps.set(key, out);
    for (const way of walk.ways.filter(({ from }) => from === place)) {
      const index = way.by === 'request' ? way.number : walk.requests.length + way.number;
      if (left[index] === 0) {
        if (way.by === 'timer') out.push({ way, to: undefined, isWithheld: true });
        continue;
      }
      const next = { place: way.to, left: left.map((count, at) => (at === index ? count - 1 : count)) };
      const isBeyond = way.to === walk.beyond;
      out.push({ way, to: isBeyond ? undefined : keyOf(next), isWithheld: false });
      if (!isBeyond) waiting.push(next);
    }
  }
  return steps;
}

/** Whether a run may stay in `members` for ever, by every way within it. */
function mayStay(
  steps: ReadonlyMap<string, readonly Step[]>,
  members: readonly string[],
  demands: readonly Demand[],
  countsWithheld: boolean,
): boolean {
  const possible = members.map((state) =>
    (steps.get(state) ?? []).filter(({ isWithheld }) => countsWithheld || !isWithheld),
  );
  const within = possible.flat().filter(({ to }) => to !== undefined && members.includes(to));
  // A run that ends takes no step any more.
  if (
    members.length > 1 &&
    !members.every((from) => members.every((to) => from === to || leads(steps, members, from, to)))
  ) {
    return false;
  }
  return demands.every((demand) => {
    if (within.some(({ way }) => demand.asksFor(way))) return true;
    const isAsked = possible.map((out) => out.some(({ way }) => demand.asksFor(way)));
    return demand.strength === 'weak' ? !isAsked.every(Boolean) : !isAsked.some(Boolean);
  });
}

function leads(
  steps: ReadonlyMap<string, readonly Step[]>,
  members: readonly string[],
  from: string,
  to: string,
): boolean {
  const seen = [from];
  for (const state of seen) {
    for (const { to: next } of steps.get(state) ?? []) {
      if (next !== undefined && members.includes(next) && !seen.includes(next)) seen.push(next);
    }
  }
  return seen.includes(to);
}

/** Too many states for every set of them to be looked at. */
export const tooMany = 9;

/** What is to be said of a walk's arrival; undefined when it has too many states. */
export function verdictOfEveryRun(walk: Walk): 'holds' | 'violated' | 'cut' | 'withheld' | undefined {
  const steps = statesOf(walk);
  const states = [...steps.keys()];
  if (states.length > tooMany) return undefined;
  const demands = demandsOf(walk);
  const isFound = (countsWithheld: boolean): boolean =>
    Array.from({ length: 2 ** states.length - 1 }, (_, bits) =>
      states.filter((_state, index) => (((bits + 1) >> index) & 1) === 1),
    ).some((members) => mayStay(steps, members, demands, countsWithheld));
  if (isFound(true)) return 'violated';
  if ([...steps.values()].flat().some(({ to, isWithheld }) => to === undefined && !isWithheld)) return 'cut';
  return isFound(false) ? 'withheld' : 'holds';
}

/** Whether the ways, taken one after the other, and from `loopFrom` on for ever, are a fair run without a goal. */
export function isFairRun(
  walk: Walk,
  ways: readonly { readonly by: Way['by']; readonly number: number }[],
  loopFrom: number | undefined,
): boolean {
  return walk.begins.some((begin) => isFairRunFrom(walk, begin, ways, loopFrom));
}

function isFairRunFrom(
  walk: Walk,
  begin: number,
  ways: readonly { readonly by: Way['by']; readonly number: number }[],
  loopFrom: number | undefined,
): boolean {
  const counts = new Map<string, number>();
  const places = [begin];
  for (const { by, number } of ways) {
    const from = places.at(-1);
    const way = walk.ways.find((it) => it.from === from && it.by === by && it.number === number);
    if (way === undefined) return false;
    places.push(way.to);
    counts.set(`${by} ${number}`, (counts.get(`${by} ${number}`) ?? 0) + 1);
  }
  if (places.some((place) => walk.goals.includes(place) || place === walk.beyond)) return false;
  const isSpent = ({ by, number }: Way): boolean => {
    const limit = by === 'request' ? walk.requests[number]?.times : undefined;
    return limit !== undefined && (counts.get(`${by} ${number}`) ?? 0) >= limit;
  };
  const around = places.slice(loopFrom ?? places.length - 1);
  if (loopFrom !== undefined && (around.length < 2 || around[0] !== around.at(-1))) return false;
  // Nothing that is limited can be taken for ever, so that what is left of it is the same all around a loop.
  const taken = loopFrom === undefined ? [] : ways.slice(loopFrom);
  return demandsOf(walk).every((demand) => {
    const isTaken = walk.ways.some(
      (way) => demand.asksFor(way) && taken.some(({ by, number }) => by === way.by && number === way.number),
    );
    if (isTaken) return true;
    const isAsked = around.map((place) =>
      walk.ways.some((way) => way.from === place && demand.asksFor(way) && !isSpent(way)),
    );
    return demand.strength === 'weak' ? !isAsked.every(Boolean) : !isAsked.some(Boolean);
  });
}
