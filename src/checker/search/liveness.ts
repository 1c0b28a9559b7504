/**
 * Liveness: a run on which a property never comes true, either because it ends before or because it goes round a cycle
 * for ever. The search is over the part of the state graph that is reached without the property ever holding; there,
 * a fair cycle exists exactly when some strongly connected component allows one.
 */

import type { Eventually } from '../model.ts';
import type { System } from '../system/system.ts';
import { elementAt } from '../tables/interned.ts';
import type { StateTable } from '../tables/states.ts';
import { type Avoiding, exploreAvoiding } from './avoiding.ts';
import { componentsOf } from './components.ts';
import type { Leg } from './trace.ts';
import type { Watch } from './watch.ts';

/** A run that avoids the property: to its end, or into a loop. */
export interface Avoidance {
  readonly legs: readonly Leg[];
  readonly loopFrom?: number;
}

interface Edge {
  readonly to: number;
  readonly action: number;
}

/**
 * Searches for a run that avoids `property`.
 *
 * @param states all reachable states, of which those below `expanded` were explored
 * @returns the run whose dead end or loop is reached soonest; undefined when there is none
 * @throws TimeIsOver
 */
export function findAvoidance<History>(
  system: System<History>,
  states: StateTable,
  expanded: number,
  property: Eventually<History>,
  watch: Watch,
): Avoidance | undefined {
  const graph = exploreAvoiding(system, states, expanded, property, watch);
  const legTo = (node: number): Leg => ({ to: graph.stateAt(node) });
  const pathTo = (node: number): Leg[] => {
    const legs: Leg[] = [];
    for (let at = node; at !== 0; at = graph.parentOf(at)) legs.push(legTo(at));
    return legs.reverse();
  };
  if (graph.deadEnd !== undefined) return { legs: pathTo(graph.deadEnd) };

  const components = componentsOf(graph.size, (node) => {
    watch.tick();
    const next: number[] = [];
    graph.steps(node, (to) => {
      if (to >= 0) next.push(to);
    });
    return next;
  });
  const candidates = components
    .map((component) => component.toSorted((a, b) => a - b))
    .sort(([a = 0], [b = 0]) => a - b);
  for (const component of candidates) {
    if (!mayGoRound(graph, component, watch)) continue;
    const [entry = 0] = component;
    const loop = loopIn(graph, component, entry, watch);
    if (loop === undefined) continue;
    const prefix = pathTo(entry);
    const legs = loop.map(({ to, action }): Leg => ({ ...legTo(to), key: graph.keyOf(action) }));
    return { legs: [...prefix, ...legs], loopFrom: prefix.length };
  }
  return undefined;
}

/** Whether no fair action is possible in all of a component and taken nowhere in it: that one would lead out at last. */
function mayGoRound(graph: Avoiding, component: readonly number[], watch: Watch): boolean {
  const members = new Set(component);
  const taken = new Set<number>();
  let always: ReadonlySet<number> | undefined;
  for (const node of component) {
    watch.tick();
    const possible = new Set<number>();
    graph.steps(node, (to, action) => {
      if (graph.isFair(action) && (always === undefined || always.has(action))) possible.add(action);
      if (members.has(to)) taken.add(action);
    });
    always = possible;
  }
  return [...(always ?? [])].every((action) => taken.has(action));
}

/** A fair walk through a strongly connected component, from `entry` back to it; undefined when there is none. */
function loopIn(graph: Avoiding, component: readonly number[], entry: number, watch: Watch): Edge[] | undefined {
  const members = new Set(component);
  const edges = new Map<number, Edge[]>();
  const enabled = new Map<number, Set<number>>();
  for (const node of component) {
    watch.tick();
    const out: Edge[] = [];
    const possible = new Set<number>();
    graph.steps(node, (to, action) => {
      if (graph.isFair(action)) possible.add(action);
      if (members.has(to)) out.push({ to, action });
    });
    edges.set(node, out);
    enabled.set(node, possible);
  }

  const walk: Edge[] = [];
  const end = (): number => walk.at(-1)?.to ?? entry;
  /** Fair actions that stay possible all along the walk and are not taken on it. */
  const owed = (): number[] =>
    [...(enabled.get(entry) ?? [])].filter((action) =>
      walk.every((edge) => edge.action !== action && enabled.get(edge.to)?.has(action) === true),
    );
  for (let [debt] = owed(); debt !== undefined; [debt] = owed()) {
    const action = debt;
    const pays = (edge: Edge): boolean => edge.action === action || enabled.get(edge.to)?.has(action) !== true;
    const way = shortest(edges, end(), pays, watch);
    if (way === undefined) return undefined;
    walk.push(...way);
  }
  if (walk.length === 0 || end() !== entry) {
    const home = shortest(edges, end(), (edge) => edge.to === entry, watch);
    if (home === undefined) return undefined;
    walk.push(...home);
  }
  return walk;
}

/** The shortest walk from `from` whose last edge satisfies `isLast`. */
function shortest(
  edges: ReadonlyMap<number, readonly Edge[]>,
  from: number,
  isLast: (edge: Edge) => boolean,
  watch: Watch,
): Edge[] | undefined {
  const cameBy = new Map<number, { readonly edge: Edge; readonly from: number }>();
  const queue = [from];
  for (let at = 0; at < queue.length; at += 1) {
    watch.tick();
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
