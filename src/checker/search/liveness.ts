/**
 * Liveness: a run on which a property never comes true, because it may end before, or goes round for ever. The search
 * is over the part of the state graph that is reached without the property ever holding. A run may end in a state where
 * nothing fair is possible, however many other steps lead on: nothing has to happen that is not fair.
 */

import type { Eventually } from '../model.ts';
import type { System } from '../system/system.ts';
import { type Avoiding, exploreAvoiding } from './avoiding.ts';
import type { Explored } from './explore.ts';
import { fairComponents, type Look, loopIn } from './fair-components.ts';
import type { Path } from './trace.ts';
import type { Watch } from './watch.ts';

/**
 * What was found: a fair run on which the property never holds; none; or that it cannot be told, because states were
 * `cut` off, or because the only such runs are fair for the reason that a budget `withheld` a step from them.
 */
export type Judgement =
  | { readonly verdict: 'violated'; readonly run: Path }
  | { readonly verdict: 'holds' }
  | { readonly verdict: 'inconclusive'; readonly because: 'cut' }
  | { readonly verdict: 'inconclusive'; readonly because: 'withheld'; readonly run: Path };

/**
 * Judges `property`.
 *
 * @param explored what was explored of the system, to the end or not
 * @returns with the run whose end or loop is reached soonest
 * @throws TimeIsOver
 */
export function judgeEventually<History>(
  system: System<History>,
  explored: Explored,
  property: Eventually<History>,
  watch: Watch,
): Judgement {
  const graph = exploreAvoiding(system, explored, property, watch);
  const run = graph.end === undefined ? loopOf(graph, { countsWithheld: true, watch }) : pathTo(graph, graph.end);
  if (run !== undefined) return { verdict: 'violated', run };
  if (!graph.isWhole) return { verdict: 'inconclusive', because: 'cut' };
  if (!graph.isWithheld) return { verdict: 'holds' };
  const open =
    graph.openEnd === undefined ? loopOf(graph, { countsWithheld: false, watch }) : pathTo(graph, graph.openEnd);
  return open === undefined ? { verdict: 'holds' } : { verdict: 'inconclusive', because: 'withheld', run: open };
}

/** A run into a fair loop, the one that is reached soonest. */
function loopOf(graph: Avoiding, look: Look): Path | undefined {
  const entryOf = (component: readonly number[]): number => component.reduce((least, node) => Math.min(least, node));
  const [first] = fairComponents(graph, look)
    .map((component) => ({ component, entry: entryOf(component) }))
    .sort((a, b) => a.entry - b.entry);
  if (first === undefined) return undefined;
  const { root, legs } = pathTo(graph, first.entry);
  const loop = loopIn(graph, first.component, first.entry, look);
  return {
    root,
    legs: [...legs, ...loop.map(({ to, label }) => ({ to: graph.stateAt(to), key: graph.keyOf(label) }))],
    loopFrom: legs.length,
  };
}

function pathTo(graph: Avoiding, node: number): Path {
  const nodes = [node];
  for (let at = node; graph.parentOf(at) !== at; at = graph.parentOf(at)) nodes.push(graph.parentOf(at));
  const [root = 0, ...others] = nodes.reverse().map((it) => graph.stateAt(it));
  return { root, legs: others.map((to) => ({ to })) };
}
