/**
 * Steps taken by XState itself, with which those taken by plans are compared: its executor is pointed at a scope that collects what the chart asks for instead of
 * doing it. The scope is made once per chart, because making one per step costs several times the step.
 */

import {
  type ActionExecutor,
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createEmptyActor,
  type EventObject,
  type InspectionEvent,
} from 'xstate';
import { type Effect, isEffect } from '../../../statecharts/actor/effects.ts';
import { ActorDefinitionError } from '../../../statecharts/actor/errors.ts';
import {
  type Advance,
  type Advancer,
  maxMicrosteps,
  type Timer,
  type TimerChange,
  type TransitionTaken,
} from '../../../statecharts/actor/step/contract.ts';
import { takenBy } from '../../../statecharts/actor/step/trace.ts';

/**
 * Makes the way of stepping a chart by XState.
 *
 * @param delays the names of its delays; XState would fire a timer at once whose delay it does not know, so each gets a
 * placeholder, and the driver draws the real one
 */
export function createInterpretedStepper(
  chart: AnyStateMachine,
  timers: ReadonlyMap<string, Timer>,
  delays: readonly string[],
): Advancer {
  const machine = chart.provide({ delays: Object.fromEntries(delays.map((name) => [name, 0])) });
  machine.options = { ...machine.options, maxIterations: maxMicrosteps };

  let effects: Effect[] = [];
  let changes: TimerChange[] = [];
  let transitions: TransitionTaken[] = [];

  const change = (id: string, armed: boolean): void => {
    const timer = timers.get(id);
    if (timer === undefined) throw new ActorDefinitionError(`machine '${machine.id}' has no timer '${id}'`);
    changes.push({ timer, armed });
  };
  const self = createEmptyActor();
  const actionExecutor: ActionExecutor = (action) => action.exec?.(action.info, action.params);
  const scope: AnyActorScope = {
    self,
    id: machine.id,
    sessionId: self.sessionId,
    logger: () => {},
    defer: (run) => run(),
    emit: (event: EventObject) => {
      if (!isEffect(event)) {
        throw new ActorDefinitionError(`machine '${machine.id}' emitted '${event.type}', which is no effect`);
      }
      effects.push(event);
    },
    stopChild: () => {},
    actionExecutor,
    system: {
      ...self.system,
      scheduler: {
        schedule: (_source, _target, event) => change(event.type, true),
        cancel: (_source, id) => change(id, false),
        cancelAll: () => {},
      },
    },
  };

  const record = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.microstep') return;
    for (const taken of event._transitions) transitions.push(takenBy(taken, event.event));
  };

  const run = (traced: boolean, advance: () => AnyMachineSnapshot): Advance => {
    effects = [];
    changes = [];
    transitions = [];
    const watching = traced ? self.system.inspect(record) : undefined;
    let snapshot: AnyMachineSnapshot;
    try {
      snapshot = advance();
    } finally {
      watching?.unsubscribe();
    }
    if (snapshot.status === 'error') throw snapshot.error;
    return { snapshot, effects, timers: changes, transitions };
  };

  return {
    begin: (input, traced) => run(traced, () => machine.getInitialSnapshot(scope, input)),
    advance: (snapshot, event, traced) => run(traced, () => machine.transition(snapshot, event, scope)),
  };
}
