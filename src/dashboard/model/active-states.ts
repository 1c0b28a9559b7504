/** Which states of a chart are active, as an actor's state value says. */

import type { PlacedState } from '../../charts/layout.ts';

/** The ids of the active states below `root`, parents first. A state that is drawn as its parent has none of its own. */
export function activeIn(root: PlacedState, value: unknown): readonly string[] {
  if (typeof value === 'string') return activeIn(root, { [value]: {} });
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const child = root.children.find(({ state }) => state.name === key);
    return child === undefined ? [] : [child.state.id, ...activeIn(child, inner)];
  });
}
