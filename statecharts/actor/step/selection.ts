/** Which transitions are taken: those whose guards hold, innermost states first. */

import type { AnyStateMachine, AnyTransitionDefinition, EventObject, MachineContext } from 'xstate';
import { type Condition, conditionOf } from './guards.ts';
import type { ActiveStates, Plans } from './plans.ts';
import type { Choice } from './structure.ts';

/** Where a chart stands when it is asked. */
export interface Asked {
  readonly at: ActiveStates;
  readonly context: MachineContext;
  readonly event: EventObject;
}

export interface Selection {
  /** The transitions that the event takes. */
  forEvent(asked: Asked): readonly AnyTransitionDefinition[];
  /** The transitions that are taken without an event. */
  eventless(asked: Asked): readonly AnyTransitionDefinition[];
}

const none: readonly never[] = [];

/** Makes the selection of a chart. */
export function createSelection(chart: AnyStateMachine, plans: Pick<Plans, 'choiceAt'>): Selection {
  const conditions = new Map<AnyTransitionDefinition, Condition>();

  const isEnabled = (transition: AnyTransitionDefinition, asked: Asked): boolean => {
    if (transition.guard === undefined) return true;
    let condition = conditions.get(transition);
    if (condition === undefined) {
      condition = conditionOf(chart, transition.guard);
      conditions.set(transition, condition);
    }
    return condition(asked);
  };
  const firstEnabled = (
    candidates: readonly AnyTransitionDefinition[],
    asked: Asked,
  ): AnyTransitionDefinition | undefined => {
    for (const candidate of candidates) if (isEnabled(candidate, asked)) return candidate;
    return undefined;
  };
  const select = (choice: Choice, asked: Asked, selected: AnyTransitionDefinition[]): void => {
    const before = selected.length;
    for (const below of choice.below) select(below, asked, selected);
    if (selected.length > before) return;
    const first = firstEnabled(choice.candidates, asked);
    if (first !== undefined) selected.push(first);
  };
  return {
    forEvent(asked) {
      const choice = plans.choiceAt(asked.at, asked.event.type);
      if (choice === undefined) return none;
      const selected: AnyTransitionDefinition[] = [];
      select(choice, asked, selected);
      return selected;
    },
    eventless(asked) {
      const { eventless } = asked.at;
      if (eventless.length === 0) return none;
      const selected: AnyTransitionDefinition[] = [];
      for (const candidates of eventless) {
        const first = firstEnabled(candidates, asked);
        if (first !== undefined && !selected.includes(first)) selected.push(first);
      }
      return selected;
    },
  };
}
