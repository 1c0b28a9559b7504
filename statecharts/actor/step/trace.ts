/** How a transition that was taken is told. */

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition, EventObject } from 'xstate';
import { nameOf } from '../names.ts';
import type { Transition, TransitionTaken } from './contract.ts';
import { compositionOf } from './guards.ts';

/** A transition as traces, inspectors and tests see it. */
export function takenBy(transition: AnyTransitionDefinition, event: EventObject): TransitionTaken {
  const { source, target = [], meta } = transition;
  const rule: unknown = meta?.rule;
  return {
    id: idOf(transition),
    source: source.id,
    targets: target.map(({ id }: AnyStateNode) => id),
    event: event.type,
    ...(typeof rule === 'string' ? { rule } : {}),
  };
}

/** Every transition of a chart, by id; those of outer states first. */
export function transitionsOf(chart: AnyStateMachine): ReadonlyMap<string, Transition> {
  const found = new Map<string, Transition>();
  const collect = (node: AnyStateNode): void => {
    for (const transition of [...[...node.transitions.values()].flat(), ...(node.always ?? [])]) {
      const { guard, actions, eventType } = transition;
      const taken = takenBy(transition, { type: eventType });
      found.set(taken.id, {
        ...taken,
        ...(guard === undefined ? {} : { guard: guardText(guard) }),
        isIgnoring: actions.length === 0 && taken.targets.length === 0,
      });
    }
    for (const child of Object.values<AnyStateNode>(node.states)) collect(child);
  };
  collect(chart.root);
  return found;
}

/** The state, what it reacts to, and which of its transitions for that it is: `server.leader append 0`. */
export function idOf(transition: AnyTransitionDefinition): string {
  const { source, eventType } = transition;
  const among = eventType === '' ? source.always : source.transitions.get(eventType);
  return `${source.id} ${eventType} ${among?.indexOf(transition) ?? 0}`;
}

/** The name of a guard, or how it is composed of others; empty for a function without a name. */
export function guardText(guard: unknown): string {
  const composed = compositionOf(guard);
  if (composed === undefined) return nameOf(guard) ?? '';
  return `${composed.kind}(${composed.parts.map(guardText).join(', ')})`;
}
