/**
 * The part of the state graph that runs reach on which a property has never held. Kept in arrays of numbers, since
 * a search goes along its edges several times, and to take a system's steps again is what costs.
 */

import type { Strength } from '../fairness.ts';
import type { Eventually } from '../model.ts';
import type { System } from '../system/system.ts';
import { elementAt } from '../tables/interned.ts';
import type { StateTable } from '../tables/states.ts';
import { createWords } from '../tables/words.ts';
import { actionKeys, demandsOf } from './actions.ts';
import type { Watch } from './watch.ts';

/** Where a step leads that leads to no node: out of this part of the graph, or nowhere, because it is withheld. */
export const elsewhere = -1;
export const nowhere = -2;

/** A graph whose edges are steps, and what fairness demands of those who walk it. */
export interface FairGraph {
  /** The nodes are the numbers from 0 to below this. */
  readonly size: number;
  /** Calls `visit` for each step at a node, with the node that it leads to, `elsewhere` or `nowhere`. */
  steps(node: number, visit: (to: number, label: number) => void): void;
  /** What is demanded, by number. */
  readonly strengths: readonly Strength[];
  /** The demands that a step with this label satisfies, and is reason for. */
  demandsOf(label: number): readonly number[];
}

/** Its nodes are numbered in the order in which a breadth-first search reaches them. */
export interface Avoiding extends FairGraph {
  /** The number of the state at a node. */
  stateAt(node: number): number;
  /** The node from which this one was first reached; one where runs begin is its own. */
  parentOf(node: number): number;
  /** A node at which a run may end, since nothing fair is possible, not even withheld; the search has ended there. */
  readonly end: number | undefined;
  /** The first node at which nothing fair is possible, but something is withheld. */
  readonly openEnd: number | undefined;
  /** Whether all steps of all nodes are known, and lead to states that are known as well. */
  readonly isWhole: boolean;
  /** Whether any step is withheld. */
  readonly isWithheld: boolean;
  /** What tells the action apart in traces. */
  keyOf(label: number): string;
}

/**
 * Goes through that part of the graph.
 *
 * @param states all reachable states, of which those below `expanded` were explored
 * @param roots the states where runs begin
 * @throws TimeIsOver
 */
export function exploreAvoiding<History>(
  system: System<History>,
  { states, expanded, roots }: { readonly states: StateTable; readonly expanded: number; readonly roots: number[] },
  { holds, fair = system.model.fair ?? [] }: Eventually<History>,
  watch: Watch,
): Avoiding {
  const vector = new Uint32Array(system.layout.width);
  const keyOf = actionKeys(system);
  const demands = demandsOf(system, fair, keyOf);
  const stateAt: number[] = [];
  const parents: number[] = [];
  /** By node, where its edges begin; as long as the nodes that were gone through, and one more. */
  const starts = [0];
  /** Per edge the node that it leads to, plus two, and its label. */
  const edges = createWords(2);
  const edge = new Uint32Array(2);
  const labels = new Map<string, number>();
  const keys: string[] = [];
  const demanded: (readonly number[])[] = [];
  /** By state: 0 when it was not seen, `outside`, or its node plus one. */
  const nodes = new Uint32Array(states.count);
  const outside = 2 ** 32 - 1;

  /** @returns the node of a state; `elsewhere` when the property holds there */
  const enter = (state: number, parent: number | undefined): number => {
    const known = nodes[state] ?? 0;
    if (known !== 0) return known === outside ? elsewhere : known - 1;
    states.read(state, vector);
    if (holds(system.view(vector))) {
      nodes[state] = outside;
      return elsewhere;
    }
    const node = stateAt.push(state) - 1;
    parents.push(parent ?? node);
    nodes[state] = node + 1;
    return node;
  };
  const labelOf = (kind: number, a: number, b: number): number => {
    const step = `${kind} ${a} ${b}`;
    const known = labels.get(step);
    if (known !== undefined) return known;
    const label = keys.push(keyOf(kind, a, b)) - 1;
    labels.set(step, label);
    demanded.push(demands.of(kind, a, b));
    return label;
  };

  const here = new Uint32Array(system.layout.width);
  const found: { readonly to: number; readonly label: number }[] = [];
  const withheld: number[] = [];
  const collect = (kind: number, a: number, b: number, next: Uint32Array): void => {
    found.push({ to: states.find(next), label: labelOf(kind, a, b) });
  };
  const watchWithheld = {
    withheld(kind: number, a: number, b: number): void {
      withheld.push(labelOf(kind, a, b));
    },
  };
  const isDemanded = (label: number): boolean => elementAt(demanded, label).length > 0;
  const addEdge = (to: number, label: number): void => {
    edge[0] = to + 2;
    edge[1] = label;
    edges.push(edge);
  };
  let end: number | undefined;
  let openEnd: number | undefined;
  let isWhole = true;
  let isWithheld = false;
  for (const root of roots) enter(root, undefined);
  for (let node = 0; node < stateAt.length && end === undefined; node += 1) {
    watch.tick();
    const state = elementAt(stateAt, node);
    found.length = 0;
    withheld.length = 0;
    if (state < expanded) {
      states.read(state, here);
      system.expand(here, collect, watchWithheld);
      if (!found.some(({ label }) => isDemanded(label))) {
        if (!withheld.some(isDemanded)) end = node;
        else openEnd ??= node;
      }
    } else isWhole = false;
    for (const { to, label } of found) {
      if (to < 0) isWhole = false;
      addEdge(to < 0 ? elsewhere : enter(to, node), label);
    }
    for (const label of withheld) {
      if (isDemanded(label)) addEdge(nowhere, label);
    }
    isWithheld ||= withheld.some(isDemanded);
    starts.push(edges.count);
  }

  return {
    size: stateAt.length,
    stateAt: (node) => elementAt(stateAt, node),
    parentOf: (node) => elementAt(parents, node),
    end,
    openEnd,
    isWhole,
    isWithheld,
    steps(node, visit) {
      const last = starts[node + 1] ?? 0;
      for (let at = starts[node] ?? 0; at < last; at += 1) {
        edges.read(at, edge);
        visit((edge[0] ?? 0) - 2, edge[1] ?? 0);
      }
    },
    strengths: demands.strengths,
    demandsOf: (label) => elementAt(demanded, label),
    keyOf: (label) => elementAt(keys, label),
  };
}
