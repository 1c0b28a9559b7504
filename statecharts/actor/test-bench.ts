/** The test bench of a definition: its chart's steps one by one, without a runtime. */

import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { ActorDefinition, Birth, Happening, TestStep } from './definition.ts';
import type { Tagged } from './effects.ts';
import { ActorDefinitionError } from './errors.ts';
import { firstContextOf } from './step/planned.ts';
import type { ActorState, Stepper, Timer } from './step.ts';

/** What a bench is made of. */
export interface BenchParts {
  /** Of the definition. */
  readonly name: string;
  readonly chart: AnyStateMachine;
  readonly stepper: Stepper;
  /** All that the chart may be sent. */
  readonly eventTypes: readonly string[];
  /** The chart's input, in a life that begins from these records. */
  inputOf(birth: Birth<unknown>, records: Iterable<Tagged>): unknown;
}

/** Makes the bench of an actor. */
export function benchOf({
  name,
  chart,
  stepper,
  eventTypes,
  inputOf,
}: BenchParts): Pick<ActorDefinition, 'at' | 'contextOf' | 'step' | 'timers'> {
  const timers = (state: ActorState): Timer[] =>
    state.armed.flatMap((id) => {
      const timer = stepper.timers.get(id);
      return timer === undefined ? [] : [timer];
    });
  const armedNamed = (state: ActorState, delay: string): Timer => {
    const armed = timers(state);
    const [timer, another] = armed.filter((it) => it.delay === delay);
    if (timer === undefined || another !== undefined) {
      const names = armed.map((it) => `${it.delay} of ${it.state}`).join(', ') || 'none';
      throw new ActorDefinitionError(`actor '${name}': expected one armed timer '${delay}'; armed: ${names}`);
    }
    return timer;
  };
  return {
    at(value, context) {
      const snapshot = chart.resolveState({ value, context });
      const armed = snapshot._nodes.flatMap((node) => node.after.map((delayed) => delayed.eventType));
      return { snapshot, armed: [...new Set(armed)].sort() };
    },
    contextOf: (birth, records = []) => firstContextOf(chart, inputOf(birth, records)),
    step(state: ActorState, happening: Happening<Tagged>): TestStep<AnyMachineSnapshot> {
      if (!('timer' in happening) && !eventTypes.includes(happening.type)) {
        throw new ActorDefinitionError(
          `actor '${name}': expected an event that it knows, got '${happening.type}'; it knows ${eventTypes.join(', ') || 'none'}, and { timer: NAME }`,
        );
      }
      const step =
        'timer' in happening
          ? stepper.fire(state, armedNamed(state, happening.timer).id, 0, true)
          : stepper.step(state, Object.assign({ from: `test/${name}/`, atMs: 0 }, happening), true);
      return { ...step, snapshot: step.state.snapshot, rules: step.transitions.flatMap(({ rule }) => rule ?? []) };
    },
    timers,
  };
}
