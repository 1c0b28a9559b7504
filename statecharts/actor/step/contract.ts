/** What a step of a chart is: what goes in, and what comes of it. */

import type { AnyMachineSnapshot, EventObject } from 'xstate';
import type { Effect } from '../effects.ts';

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
  /** Unique within a chart, and the same in each step that takes it. */
  readonly id: string;
  readonly source: string;
  readonly targets: readonly string[];
  readonly event: string;
  /** The step of a paper that it implements, from `meta.rule`. */
  readonly rule?: string;
}

/** A transition of a chart. Its event is empty where it is taken without one. */
export interface Transition extends TransitionTaken {
  /** The name of its guard, or how it is composed of others: `and(isNewer, not(isFull))`. */
  readonly guard?: string;
  /** Whether it leads nowhere and does nothing: what it is for is ignored, in writing. */
  readonly isIgnoring: boolean;
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
  readonly transitions: ReadonlyMap<string, Transition>;
  /** `traced`, here and below, records the transitions taken, which costs time. */
  start(input: unknown, traced?: boolean): Step;
  step(state: ActorState, event: EventObject, traced?: boolean): Step;
  /** Fires the armed timer `id`. @throws Error when it is not armed */
  fire(state: ActorState, id: string, atMs: number, traced?: boolean): Step;
}

/** More transitions than this in one step are a loop in the chart. */
export const maxMicrosteps = 10_000;
