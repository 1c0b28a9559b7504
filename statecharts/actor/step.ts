/**
 * One step of a chart, as a pure function: (state, happening) -> (state, effects, timers). Every driver takes its steps
 * here, so that the host, the simulator, the checker and the tests run the very same thing.
 *
 * XState works out anew at each step what follows from the chart alone: which states a transition leaves and enters,
 * and which actions that means. Here this is worked out once per transition and remembered (planned.ts), which makes a
 * step about ten times faster. A chart with something that plans do not know (history, XState's own actions, composed
 * guards, outputs) is left to XState (interpreted.ts); what both can run, both run alike, as the tests hold them to.
 */

import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, EventObject } from 'xstate';
import type { Effect } from './effects.ts';
import { createInterpretedStepper } from './step/interpreted.ts';
import { createPlannedStepper } from './step/planned.ts';

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

/** What came of one happening, as a way of stepping tells it. */
export interface Advance {
  readonly snapshot: AnyMachineSnapshot;
  readonly effects: readonly Effect[];
  readonly timers: readonly TimerChange[];
  readonly transitions: readonly TransitionTaken[];
}

/** A way of stepping one chart. */
export interface Advancer {
  /** @throws whatever a rule throws */
  begin(input: unknown, traced: boolean): Advance;
  /** @throws whatever a rule throws */
  advance(snapshot: AnyMachineSnapshot, event: EventObject, traced: boolean): Advance;
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
export const maxMicrosteps = 10_000;

/**
 * Makes the stepper of a chart, which must have passed the construction checks.
 *
 * @param delays the names of its delays
 * @param advancerOf makes the way of stepping; for tests that compare the ways
 */
export function createStepper(
  chart: AnyStateMachine,
  delays: readonly string[],
  advancerOf: (chart: AnyStateMachine, timers: ReadonlyMap<string, Timer>, delays: readonly string[]) => Advancer = (
    machine,
    known,
    names,
  ) => createPlannedStepper(machine, known) ?? createInterpretedStepper(machine, known, names),
): Stepper {
  const timers = new Map<string, Timer>();
  collectTimers(chart.root, timers);
  const advancer = advancerOf(chart, timers, delays);
  const stepOf = (armed: readonly string[], { snapshot, effects, timers: changes, transitions }: Advance): Step => ({
    state: { snapshot, armed: afterChanges(armed, changes) },
    effects,
    timers: changes,
    transitions,
  });
  return {
    timers,
    start: (input, traced = false) => stepOf([], advancer.begin(input, traced)),
    step: (state, event, traced = false) => stepOf(state.armed, advancer.advance(state.snapshot, event, traced)),
    fire(state, id, atMs, traced = false) {
      if (!state.armed.includes(id)) throw new Error(`timer '${id}' is not armed; armed: ${state.armed.join(', ')}`);
      const others = state.armed.filter((armed) => armed !== id);
      const event = { type: id, atMs };
      return stepOf(others, advancer.advance(state.snapshot, event, traced));
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

function afterChanges(before: readonly string[], changes: readonly TimerChange[]): readonly string[] {
  if (changes.length === 0) return before;
  const now = [...before];
  for (const { timer, armed } of changes) {
    const at = now.indexOf(timer.id);
    if (armed && at < 0) insert(now, timer.id);
    else if (!armed && at >= 0) now.splice(at, 1);
  }
  return now;
}

function insert(sorted: string[], id: string): void {
  let at = sorted.length;
  for (let before = sorted[at - 1]; before !== undefined && before > id; before = sorted[at - 1]) at -= 1;
  sorted.splice(at, 0, id);
}
