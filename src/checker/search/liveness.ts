/**
 * Liveness: a run on which a property never comes true, either because it ends before or because it goes round a cycle
 * for ever. The search is over the part of the state graph that is reached without the property ever holding; there,
 * a fair cycle exists exactly when some strongly connected component allows one.
 */

import type { Eventually } from '../model.ts';
import { kindCode } from '../steps.ts';
import type { System } from '../system/system.ts';
import { elementAt } from '../tables/interned.ts';
import type { StateTable } from '../tables/states.ts';
import { componentsOf } from './components.ts';
import type { Leg } from './trace.ts';

/** A run that avoids the property: to its end, or into a loop. */
export interface Avoidance {
  readonly legs: readonly Leg[];
  readonly loopFrom?: number;
}

interface Edge {
  readonly to: number;
  readonly key: string;
}

/** What tells single actions apart: equal keys in two states are the same action. */
export function actionKeys<History>(system: System<History>): (kind: number, a: number, b: number) => string {
  return (kind, a, b) => {
    if (kind !== kindCode.execute && kind !== kindCode.answer) return `${kind} ${a} ${b}`;
    const { operation, type } = elementAt(system.operations.moves(a), b);
    return `${kind} ${type} ${operation.actor} ${operation.id}`;
  };
}

/**
 * Searches for a run that avoids `property`.
 *
 * @param states all reachable states, of which those below `expanded` were explored
 * @returns the run whose dead end or loop is reached soonest; undefined when there is none
 */
export function findAvoidance<History>(
  system: System<History>,
  states: StateTable,
  expanded: number,
  { holds, fair = [] }: Eventually<History>,
): Avoidance | undefined {
  const vector = new Uint32Array(system.layout.width);
  const keyOf = actionKeys(system);
  const fairKinds = new Set(fair.map((kind) => kindCode[kind]));

  const avoids = (number: number): boolean => {
    states.read(number, vector);
    return !holds(system.view(vector));
  };
  /** 0: not seen, 1: avoids the property, 2: does not. */
  const marks = new Uint8Array(states.count);
  const parents = new Uint32Array(states.count);
  const order: number[] = [];
  const mark = (number: number, parent: number): void => {
    if (marks[number] !== 0) return;
    marks[number] = avoids(number) ? 1 : 2;
    if (marks[number] !== 1) return;
    parents[number] = parent;
    order.push(number);
  };
  /** The numbers of the states after `number`; -1 for one beyond the boundary. */
  const after = (number: number): number[] => {
    states.read(number, vector);
    const found: number[] = [];
    system.expand(new Uint32Array(vector), (_kind, _a, _b, next) => found.push(states.find(next)));
    return found;
  };
  const pathTo = (number: number): Leg[] => {
    const legs: Leg[] = [];
    for (let at = number; at !== 0; at = parents[at] ?? 0) legs.push({ to: at });
    return legs.reverse();
  };

  mark(0, 0);
  for (let at = 0; at < order.length; at += 1) {
    const number = elementAt(order, at);
    if (number >= expanded) continue;
    const next = after(number);
    if (next.length === 0) return { legs: pathTo(number) };
    for (const to of next) if (to >= 0) mark(to, number);
  }

  const members = order.filter((number) => number < expanded);
  const components = componentsOf(members, states.count, (number) =>
    after(number).filter((to) => to >= 0 && marks[to] === 1),
  );
  const rank = new Map(members.map((number, at) => [number, at]));
  const candidates = components
    .map((component) => component.toSorted((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0)))
    .sort(([a = 0], [b = 0]) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
  for (const component of candidates) {
    const loop = loopIn(new Set(component), elementAt(component, 0));
    if (loop !== undefined) {
      const prefix = pathTo(elementAt(component, 0));
      return { legs: [...prefix, ...loop], loopFrom: prefix.length };
    }
  }
  return undefined;

  /** A fair walk through a strongly connected component, from `entry` back to it; undefined when there is none. */
  function loopIn(component: ReadonlySet<number>, entry: number): Leg[] | undefined {
    const edges = new Map<number, Edge[]>();
    const enabled = new Map<number, Set<string>>();
    for (const number of component) {
      const out: Edge[] = [];
      const keys = new Set<string>();
      states.read(number, vector);
      system.expand(new Uint32Array(vector), (kind, a, b, next) => {
        const key = keyOf(kind, a, b);
        if (fairKinds.has(kind)) keys.add(key);
        const to = states.find(next);
        if (component.has(to)) out.push({ to, key });
      });
      edges.set(number, out);
      enabled.set(number, keys);
    }
    const taken = new Set([...edges.values()].flat().map(({ key }) => key));
    const alwaysEnabled = [...(enabled.get(entry) ?? [])].filter((key) =>
      [...enabled.values()].every((keys) => keys.has(key)),
    );
    if (taken.size === 0 || alwaysEnabled.some((key) => !taken.has(key))) return undefined;

    const walk: Edge[] = [];
    const end = (): number => walk.at(-1)?.to ?? entry;
    /** Fair actions that stay possible all along the walk and are not taken on it. */
    const owed = (): string[] =>
      [...(enabled.get(entry) ?? [])].filter((key) =>
        walk.every((edge) => edge.key !== key && enabled.get(edge.to)?.has(key) === true),
      );
    for (let [debt] = owed(); debt !== undefined; [debt] = owed()) {
      const key = debt;
      const way = shortest(edges, end(), (edge) => edge.key === key || enabled.get(edge.to)?.has(key) !== true);
      if (way === undefined) return undefined;
      walk.push(...way);
    }
    if (walk.length === 0 || end() !== entry) {
      const home = shortest(edges, end(), (edge) => edge.to === entry);
      if (home === undefined) return undefined;
      walk.push(...home);
    }
    return walk;
  }
}

/** The shortest walk from `from` whose last edge satisfies `isLast`. */
function shortest(
  edges: ReadonlyMap<number, readonly Edge[]>,
  from: number,
  isLast: (edge: Edge) => boolean,
): Edge[] | undefined {
  const cameBy = new Map<number, { readonly edge: Edge; readonly from: number }>();
  const queue = [from];
  for (let at = 0; at < queue.length; at += 1) {
    const here = elementAt(queue, at);
    for (const edge of edges.get(here) ?? []) {
      if (isLast(edge)) {
        const way = [edge];
        for (let back = here; back !== from; ) {
          const step = cameBy.get(back);
          if (step === undefined) break;
          way.unshift(step.edge);
          back = step.from;
        }
        return way;
      }
      if (edge.to === from || cameBy.has(edge.to)) continue;
      cameBy.set(edge.to, { edge, from: here });
      queue.push(edge.to);
    }
  }
  return undefined;
}
