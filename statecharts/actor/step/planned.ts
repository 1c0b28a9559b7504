/** Steps by plans (plans.ts): a step only asks guards and runs rules. */

import {
  type AnyStateMachine,
  type AnyTransitionDefinition,
  createEmptyActor,
  type EventObject,
  type MachineContext,
} from 'xstate';
import { type Effect, isEffect } from '../effects.ts';
import { ActorDefinitionError } from '../errors.ts';
import {
  type Advance,
  type Advancer,
  maxMicrosteps,
  type Timer,
  type TimerChange,
  type TransitionTaken,
} from './contract.ts';
import { refuseUnplannable } from './plannable.ts';
import { type ActiveStates, createPlans, type Plan } from './plans.ts';
import { createSelection } from './selection.ts';
import { takenBy } from './trace.ts';

/** A step under way. One object and no closures over it: steps are what a node does most. */
interface Progress {
  readonly machine: string;
  at: ActiveStates;
  context: MachineContext;
  event: EventObject;
  readonly effects: Effect[];
  readonly changes: TimerChange[];
  readonly raised: EventObject[];
  /** Absent unless the step is traced. */
  readonly taken: TransitionTaken[] | undefined;
}

/**
 * Makes the way of stepping a chart by plans.
 *
 * @throws ActorDefinitionError when the chart has something that plans do not know
 */
export function createPlannedStepper(chart: AnyStateMachine, timers: ReadonlyMap<string, Timer>): Advancer {
  refuseUnplannable(chart);
  const plans = createPlans(chart, timers);
  const selection = createSelection(chart, plans);
  const take = (progress: Progress, transitions: readonly AnyTransitionDefinition[]): boolean =>
    transitions.length > 0 && carryOut(progress, plans.planFor(progress.at, transitions));

  /** The rest of the macrostep: whatever the first plan has enabled, until nothing is left to do. */
  const complete = (progress: Progress): Advance => {
    let looksForEventless = true;
    for (let microsteps = 1; progress.at.template.status === 'active'; microsteps += 1) {
      if (microsteps > maxMicrosteps) {
        throw new ActorDefinitionError(`machine '${chart.id}' did not come to rest in ${maxMicrosteps} transitions`);
      }
      const eventless = looksForEventless ? selection.eventless(progress) : none;
      if (eventless.length > 0) {
        // One that changes nothing would be taken for ever.
        looksForEventless = take(progress, eventless);
        continue;
      }
      const next = progress.raised.shift();
      if (next === undefined) break;
      progress.event = next;
      take(progress, selection.forEvent(progress));
      looksForEventless = true;
    }
    const { at, context, effects, changes, taken } = progress;
    return { snapshot: { ...at.template, context }, effects, timers: changes, transitions: taken ?? none };
  };
  return {
    begin(input, traced) {
      const beginning = plans.beginning();
      const progress = begun(chart.id, beginning.next, firstContextOf(chart, input), { type: 'xstate.init' }, traced);
      carryOut(progress, beginning);
      return complete(progress);
    },
    advance(snapshot, event, traced) {
      const progress = begun(chart.id, plans.activeAt(snapshot), snapshot.context, event, traced);
      if (progress.at.template.status === 'active') take(progress, selection.forEvent(progress));
      return complete(progress);
    },
  };
}

const begun = (
  machine: string,
  at: ActiveStates,
  context: MachineContext,
  event: EventObject,
  traced: boolean,
): Progress => ({
  machine,
  at,
  context,
  event,
  effects: [],
  changes: [],
  raised: [],
  taken: traced ? [] : undefined,
});

/** @returns whether anything but effects came of it */
function carryOut(progress: Progress, { transitions, tasks, next }: Plan): boolean {
  const { event, taken } = progress;
  if (taken !== undefined) for (const transition of transitions) taken.push(takenBy(transition, event));
  let isChanged = next !== progress.at;
  for (const task of tasks) {
    switch (task.type) {
      case 'rule': {
        const { rule, params } = task;
        const { context } = progress;
        const outcome = rule.run(context, typeof params === 'function' ? params({ context, event }) : params);
        if (outcome.context !== undefined) {
          progress.context = { ...context, ...outcome.context };
          isChanged = true;
        }
        if (outcome.effects !== undefined)
          for (const effect of outcome.effects) progress.effects.push(checked(effect, progress.machine));
        break;
      }
      case 'again':
        progress.raised.push(event);
        break;
      case 'timer':
        progress.changes.push(task.change);
        break;
      case 'completed':
        progress.raised.push(task.event);
    }
  }
  progress.at = next;
  return isChanged;
}

function checked(effect: EventObject, machine: string): Effect {
  if (isEffect(effect)) return effect;
  throw new ActorDefinitionError(`machine '${machine}' emitted '${String(effect.type)}', which is no effect`);
}

const none: readonly never[] = [];

/** Charts here start no actors, so that what they are told of their own means nothing. */
const nobody = createEmptyActor();

export function firstContextOf(chart: AnyStateMachine, input: unknown): MachineContext {
  const { context } = chart.config;
  if (typeof context !== 'function') return context ?? {};
  const spawn = (): never => {
    throw new ActorDefinitionError(`machine '${chart.id}' spawns an actor; start actors on the node instead`);
  };
  return context({ input, spawn, self: nobody });
}
