/**
 * Where a run can go round for ever and be fair: strongly connected parts of a graph, found by taking away, again and
 * again, the states in which a strongly fair action is possible that is taken nowhere in the part.
 *
 * After Lichtenstein and Pnueli, Checking that finite state concurrent programs satisfy their linear specification
 * (POPL 1985), and Emerson and Lei, Modalities for model checking (Science of Computer Programming 8, 1987).
 */

import { elementAt } from '../tables/interned.ts';
import { elsewhere, type FairGraph, nowhere } from './avoiding.ts';
import { componentsOf } from './components.ts';
import type { Watch } from './watch.ts';

/** A step of a walk. */
export interface Edge {
  readonly to: number;
  readonly label: number;
}

/** How a graph is looked at. */
export interface Look {
  /** Whether what is withheld counts as possible, so that it is no fair run on which it never happens. */
  readonly countsWithheld: boolean;
  readonly watch: Watch;
}

/**
 * The largest parts of `graph` of which a fair run can visit every node and take every edge again and again.
 *
 * @throws TimeIsOver
 */
export function fairComponents(graph: FairGraph, look: Look): number[][] {
  const regionOf = new Uint32Array(graph.size);
  const placeOf = new Uint32Array(graph.size);
  const found: number[][] = [];
  const waiting: number[][] = [Array.from({ length: graph.size }, (_, node) => node)];
  let region = 0;
  for (let nodes = waiting.pop(); nodes !== undefined; nodes = waiting.pop()) {
    const within = nodes;
    region += 1;
    within.forEach((node, place) => {
      regionOf[node] = region;
      placeOf[node] = place;
    });
    const components = componentsOf(within.length, (place) => {
      look.watch.tick();
      const next: number[] = [];
      graph.steps(elementAt(within, place), (to) => {
        if (to >= 0 && regionOf[to] === region) next.push(placeOf[to] ?? 0);
      });
      return next;
    });
    for (const component of components.map((places) => places.map((place) => elementAt(within, place)))) {
      const rest = whatMayStay(graph, component, look);
      if (rest.length === component.length) found.push(component);
      else if (rest.length > 0) waiting.push(rest);
    }
  }
  return found;
}

/** The nodes of a component that a fair run which stays in it may visit for ever: all of them, if it is fair itself. */
function whatMayStay(graph: FairGraph, component: readonly number[], look: Look): number[] {
  const members = new Set(component);
  const taken = new Set<number>();
  /** The weak demands that are possible at every node so far. */
  let always: ReadonlySet<number> | undefined;
  for (const node of component) {
    look.watch.tick();
    const possible = new Set<number>();
    graph.steps(node, (to, label) => {
      if (to === nowhere && !look.countsWithheld) return;
      for (const demand of graph.demandsOf(label)) {
        if (graph.strengths[demand] === 'weak' && (always === undefined || always.has(demand))) possible.add(demand);
        if (to >= 0 && members.has(to)) taken.add(demand);
      }
    });
    always = possible;
  }
  for (const demand of always ?? []) if (!taken.has(demand)) return [];
  return component.filter((node) => {
    let isUnfair = false;
    graph.steps(node, (to, label) => {
      if (isUnfair || (to === nowhere && !look.countsWithheld)) return;
      isUnfair = graph.demandsOf(label).some((demand) => graph.strengths[demand] === 'strong' && !taken.has(demand));
    });
    return !isUnfair;
  });
}

/**
 * A fair walk through one of the `fairComponents`, from `entry` back to it. It goes on until it owes nothing: every
 * weakly fair action that was possible all along is taken on it, and every strongly fair one that was possible at all.
 *
 * @throws TimeIsOver
 */
export function loopIn(graph: FairGraph, component: readonly number[], entry: number, look: Look): Edge[] {
  const members = new Set(component);
  const edges = new Map<number, Edge[]>();
  const possible = new Map<number, Set<number>>();
  for (const node of component) {
    look.watch.tick();
    const out: Edge[] = [];
    const demands = new Set<number>();
    graph.steps(node, (to, label) => {
      if (to === nowhere && !look.countsWithheld) return;
      for (const demand of graph.demandsOf(label)) demands.add(demand);
      if (to > elsewhere && members.has(to)) out.push({ to, label });
    });
    edges.set(node, out);
    possible.set(node, demands);
  }

  const walk: Edge[] = [];
  const end = (): number => walk.at(-1)?.to ?? entry;
  const satisfies = ({ label }: Edge, demand: number): boolean => graph.demandsOf(label).includes(demand);
  const isPossible = (node: number, demand: number): boolean => possible.get(node)?.has(demand) === true;
  /** A demand that the walk has not satisfied. */
  const owed = (): number | undefined => {
    const visited = [entry, ...walk.map(({ to }) => to)];
    return [...new Set(visited.flatMap((node) => [...(possible.get(node) ?? [])]))].find((demand) => {
      if (walk.some((edge) => satisfies(edge, demand))) return false;
      return graph.strengths[demand] === 'strong' || visited.every((node) => isPossible(node, demand));
    });
  };
  for (;;) {
    const debt = owed();
    if (debt === undefined && walk.length > 0 && end() === entry) return walk;
    const pays = (edge: Edge): boolean => {
      if (debt === undefined) return edge.to === entry;
      return satisfies(edge, debt) || (graph.strengths[debt] === 'weak' && !isPossible(edge.to, debt));
    };
    walk.push(...shortest(edges, end(), pays, look.watch));
  }
}

/** The shortest walk from `from` whose last edge satisfies `isLast`, which some edge must. */
function shortest(
  edges: ReadonlyMap<number, readonly Edge[]>,
  from: number,
  isLast: (edge: Edge) => boolean,
  watch: Watch,
): Edge[] {
  const cameBy = new Map<number, { readonly edge: Edge; readonly from: number }>();
  const queue = [from];
  for (let at = 0; at < queue.length; at += 1) {
    watch.tick();
    const here = elementAt(queue, at);
    for (const edge of edges.get(here) ?? []) {
      if (isLast(edge)) {
        const way = [edge];
        for (let step = cameBy.get(here); step !== undefined; step = cameBy.get(step.from)) way.unshift(step.edge);
        return way;
      }
      if (edge.to === from || cameBy.has(edge.to)) continue;
      cameBy.set(edge.to, { edge, from: here });
      queue.push(edge.to);
    }
  }
  throw new RangeError('a component that is fair has no fair walk; this is a mistake of the checker');
}
