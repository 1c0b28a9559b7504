/**
 * The part of the state graph that runs reach on which a property has never held. Kept in arrays of numbers, since
 * whoever searches it goes along its edges several times, and to take a system's steps again is what costs.
 */

import type { Eventually } from '../model.ts';
import { kindCode } from '../steps.ts';
import type { System } from '../system/system.ts';
import { elementAt } from '../tables/interned.ts';
import type { StateTable } from '../tables/states.ts';
import { createWords } from '../tables/words.ts';
import type { Watch } from './watch.ts';

/** Its nodes are numbered in the order in which a breadth-first search reaches them, from 0. */
export interface Avoiding {
  readonly size: number;
  /** The number of the state at a node. */
  stateAt(node: number): number;
  /** The node from which this one was first reached; the first one is its own. */
  parentOf(node: number): number;
  /** A node whose state has no step at all; then the search has ended there. */
  readonly deadEnd: number | undefined;
  /** Calls `visit` for each step of the state at a node, with -1 for one that leads out of this part of the graph. */
  steps(node: number, visit: (to: number, action: number) => void): void;
  /** Whether an action that stays possible for ever is taken at last. */
  isFair(action: number): boolean;
  /** What tells the action apart in traces. */
  keyOf(action: number): string;
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
 * Goes through that part of the graph.
 *
 * @param states all reachable states, of which those below `expanded` were explored
 * @throws TimeIsOver
 */
export function exploreAvoiding<History>(
  system: System<History>,
  states: StateTable,
  expanded: number,
  { holds, fair = [] }: Eventually<History>,
  watch: Watch,
): Avoiding {
  const vector = new Uint32Array(system.layout.width);
  const keyOf = actionKeys(system);
  const fairKinds = new Set(fair.map((kind) => kindCode[kind]));
  const stateAt: number[] = [];
  const parents: number[] = [];
  /** By node, where its edges begin; as long as the nodes that were gone through, and one more. */
  const starts = [0];
  /** Per edge the node that it leads to, plus one, and its action; 0 is a node elsewhere. */
  const edges = createWords(2);
  const edge = new Uint32Array(2);
  const actions = new Map<string, number>();
  const keys: string[] = [];
  const fairActions: boolean[] = [];
  /** By state: 0 when it was not seen, `elsewhere`, or its node plus one. */
  const nodes = new Uint32Array(states.count);
  const elsewhere = 2 ** 32 - 1;

  /** @returns the node of a state, plus one; 0 when the property holds there */
  const enter = (state: number, parent: number): number => {
    const known = nodes[state] ?? 0;
    if (known !== 0) return known === elsewhere ? 0 : known;
    states.read(state, vector);
    if (holds(system.view(vector))) {
      nodes[state] = elsewhere;
      return 0;
    }
    parents.push(parent);
    const node = stateAt.push(state);
    nodes[state] = node;
    return node;
  };
  const actionOf = (kind: number, a: number, b: number): number => {
    const key = keyOf(kind, a, b);
    const known = actions.get(key);
    if (known !== undefined) return known;
    const action = keys.push(key) - 1;
    actions.set(key, action);
    fairActions.push(fairKinds.has(kind));
    return action;
  };

  const here = new Uint32Array(system.layout.width);
  const found: { readonly to: number; readonly action: number }[] = [];
  const collect = (kind: number, a: number, b: number, next: Uint32Array): void => {
    found.push({ to: states.find(next), action: actionOf(kind, a, b) });
  };
  let deadEnd: number | undefined;
  enter(0, 0);
  for (let node = 0; node < stateAt.length && deadEnd === undefined; node += 1) {
    watch.tick();
    const state = elementAt(stateAt, node);
    found.length = 0;
    if (state < expanded) {
      states.read(state, here);
      system.expand(here, collect);
      if (found.length === 0) deadEnd = node;
    }
    for (const { to, action } of found) {
      edge[0] = to < 0 ? 0 : enter(to, node);
      edge[1] = action;
      edges.push(edge);
    }
    starts.push(edges.count);
  }

  return {
    size: stateAt.length,
    stateAt: (node) => elementAt(stateAt, node),
    parentOf: (node) => elementAt(parents, node),
    deadEnd,
    steps(node, visit) {
      const end = starts[node + 1] ?? 0;
      for (let at = starts[node] ?? 0; at < end; at += 1) {
        edges.read(at, edge);
        visit((edge[0] ?? 0) - 1, edge[1] ?? 0);
      }
    },
    isFair: (action) => fairActions[action] === true,
    keyOf: (action) => elementAt(keys, action),
  };
}
