/** How a transition that was taken is told. */

import type { AnyStateNode, AnyTransitionDefinition, EventObject } from 'xstate';
import type { TransitionTaken } from './contract.ts';

/** A transition as traces, inspectors and tests see it. */
export function takenBy({ source, target = [], meta }: AnyTransitionDefinition, event: EventObject): TransitionTaken {
  const rule: unknown = meta?.rule;
  return {
    source: source.id,
    targets: target.map(({ id }: AnyStateNode) => id),
    event: event.type,
    ...(typeof rule === 'string' ? { rule } : {}),
  };
}
