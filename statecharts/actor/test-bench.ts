/** The test bench of a definition: its chart's steps one by one, without a runtime. */

import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { ActorDefinition, Happening, TestStep } from './definition.ts';
import type { Tagged } from './effects.ts';
import { ActorDefinitionError } from './errors.ts';
import type { ActorState, Stepper, Timer } from './step.ts';

/** Makes the bench of the actor `name`. */
export function benchOf(
  name: string,
  chart: AnyStateMachine,
  stepper: Stepper,
): Pick<ActorDefinition, 'at' | 'step' | 'timers'> {
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
    step(state: ActorState, happening: Happening<Tagged>): TestStep<AnyMachineSnapshot> {
      const step =
        'timer' in happening
          ? stepper.fire(state, armedNamed(state, happening.timer).id, 0, true)
          : stepper.step(state, Object.assign({ from: `test/${name}/`, atMs: 0 }, happening), true);
      return { ...step, snapshot: step.state.snapshot, rules: step.transitions.flatMap(({ rule }) => rule ?? []) };
    },
    timers,
  };
}
