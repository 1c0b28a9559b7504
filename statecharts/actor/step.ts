/**
 * One step of a chart, as a pure function: (state, happening) -> (state, effects, timers). Every driver takes its steps
 * here, so that the host, the simulator, the checker and the tests run the very same thing.
 *
 * XState's executor is pointed at a scope that collects what the chart asks for instead of doing it. The scope is made
 * once per definition, because making one per step costs several times the step itself.
 */

import {
  type ActionExecutor,
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  createEmptyActor,
  type EventObject,
  type InspectionEvent,
} from 'xstate';
import { type Effect, isEffect } from './effects.ts';
import { ActorDefinitionError } from './errors.ts';

/** A timer of a chart: the named delay, and the state that waits for it. */
export interface Timer {
  /** Unique within a chart; also the type of the event that XState raises when the timer fires. */
  readonly id: string;
  readonly delay: string;
  readonly state: string;
}

/** Where an actor stands: its chart's snapshot and the ids of the timers that are armed, sorted. */
export interface ActorState<Snapshot extends AnyMachineSnapshot = AnyMachineSnapshot> {
  readonly snapshot: Snapshot;
  readonly armed: readonly string[];
}

/** A timer that a step armed (again) or disarmed; to be applied in order. */
export interface TimerChange {
  readonly timer: Timer;
  readonly armed: boolean;
}

/** A transition that a step took. */
export interface TransitionTaken {
  readonly source: string;
  readonly targets: readonly string[];
  readonly event: string;
  /** The step of a paper that it implements, from `meta.rule`. */
  readonly rule?: string;
}

/** What came of one happening. */
export interface Step<Snapshot extends AnyMachineSnapshot = AnyMachineSnapshot> {
  readonly state: ActorState<Snapshot>;
  readonly effects: readonly Effect[];
  readonly timers: readonly TimerChange[];
  /** Empty unless the step was traced. */
  readonly transitions: readonly TransitionTaken[];
}

/** Takes steps of one chart. Not reentrant: a rule must not take steps. */
export interface Stepper {
  readonly timers: ReadonlyMap<string, Timer>;
  /** `traced`, here and below, records the transitions taken, which costs time. */
  start(input: unknown, traced?: boolean): Step;
  step(state: ActorState, event: EventObject, traced?: boolean): Step;
  /** Fires the armed timer `id`. @throws Error when it is not armed */
  fire(state: ActorState, id: string, atMs: number, traced?: boolean): Step;
}

/** More transitions than this in one step are a loop in the chart. */
const maxMicrosteps = 10_000;

/**
 * Makes the stepper of a chart, which must have passed the construction checks.
 *
 * @param delays the names of its delays; XState would fire a timer at once whose delay it does not know, so each gets a
 * placeholder, and the driver draws the real one
 */
export function createStepper(chart: AnyStateMachine, delays: readonly string[]): Stepper {
  const machine = chart.provide({ delays: Object.fromEntries(delays.map((name) => [name, 0])) });
  machine.options = { ...machine.options, maxIterations: maxMicrosteps };
  const timers = new Map<string, Timer>();
  collectTimers(machine.root, timers);

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
    for (const taken of event._transitions) {
      const rule: unknown = taken.meta?.rule;
      transitions.push({
        source: taken.source.id,
        targets: taken.target?.map((node) => node.id) ?? [],
        event: event.event.type,
        ...(typeof rule === 'string' ? { rule } : {}),
      });
    }
  };

  const run = (armed: readonly string[], traced: boolean, advance: () => AnyMachineSnapshot): Step => {
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
    return { state: { snapshot, armed: afterChanges(armed, changes) }, effects, timers: changes, transitions };
  };

  return {
    timers,
    start: (input, traced = false) => run([], traced, () => machine.getInitialSnapshot(scope, input)),
    step: (state, event, traced = false) =>
      run(state.armed, traced, () => machine.transition(state.snapshot, event, scope)),
    fire(state, id, atMs, traced = false) {
      if (!state.armed.includes(id)) throw new Error(`timer '${id}' is not armed; armed: ${state.armed.join(', ')}`);
      const others = state.armed.filter((armed) => armed !== id);
      const event = { type: id, atMs };
      return run(others, traced, () => machine.transition(state.snapshot, event, scope));
    },
  };
}

/** XState raises `xstate.after.DELAY.STATE`; the delayed transitions of each state say which those are. */
function collectTimers(node: AnyStateNode, timers: Map<string, Timer>): void {
  for (const delayed of node.after) {
    const id = delayed.eventType;
    timers.set(id, { id, delay: String(delayed.delay), state: node.id });
  }
  for (const child of Object.values<AnyStateNode>(node.states)) collectTimers(child, timers);
}

function afterChanges(armed: readonly string[], changes: readonly TimerChange[]): readonly string[] {
  if (changes.length === 0) return armed;
  const now = new Set(armed);
  for (const { timer, armed: isArmed } of changes) {
    if (isArmed) now.add(timer.id);
    else now.delete(timer.id);
  }
  return [...now].sort();
}
