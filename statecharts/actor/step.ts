/**
 * One step of a chart, as a pure function: (state, happening) -> (state, effects, timers). Every driver takes its steps
 * here, so that the host, the simulator, the checker and the tests run the very same thing.
 *
 * XState works out anew at each step what follows from the chart alone: which states a transition leaves and enters,
 * and which actions that means. Here this is worked out once per transition and remembered (step/planned.ts), which makes
 * a step about ten times faster. A chart with something that plans do not know is refused (step/plannable.ts); what they
 * know, they take as XState does, as the tests hold them to.
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Advance, Advancer, Step, Stepper, Timer, TimerChange } from './step/contract.ts';
import { createPlannedStepper } from './step/planned.ts';
import { transitionsOf } from './step/trace.ts';

export type * from './step/contract.ts';

/**
 * Makes the stepper of a chart, which must have passed the construction checks.
 *
 * @param advancerOf makes the way of stepping; for tests that compare it with XState
 * @throws ActorDefinitionError when the chart has something that plans do not know
 */
export function createStepper(
  chart: AnyStateMachine,
  advancerOf: (chart: AnyStateMachine, timers: ReadonlyMap<string, Timer>) => Advancer = createPlannedStepper,
): Stepper {
  const timers = new Map<string, Timer>();
  collectTimers(chart.root, timers);
  const advancer = advancerOf(chart, timers);
  const stepOf = (armed: readonly string[], { snapshot, effects, timers: changes, transitions }: Advance): Step => ({
    state: { snapshot, armed: afterChanges(armed, changes) },
    effects,
    timers: changes,
    transitions,
  });
  return {
    timers,
    transitions: transitionsOf(chart),
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
