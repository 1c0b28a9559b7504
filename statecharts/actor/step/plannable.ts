/**
 * What plans know, and what to do instead of the rest. A chart with anything else is refused when its actor is defined,
 * so that there is one way of stepping, and no chart is ten times slower than it could be without a word.
 */

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { ActorDefinitionError } from '../errors.ts';
import { nameOf } from '../names.ts';
import { raisesAgain, ruleIn } from '../rules.ts';
import { compositionOf } from './guards.ts';

/** Whether an action is one that the chart names; the others are XState's own, for timers. */
export const isNamed = (action: unknown): boolean => typeof action !== 'function';

/** Refuses a chart that plans cannot step. @throws ActorDefinitionError that says why, and what to do instead */
export function refuseUnplannable(chart: AnyStateMachine): void {
  const problem = problemOf(chart.root, chart);
  if (problem !== undefined) throw new ActorDefinitionError(`machine '${chart.id}' cannot be stepped: ${problem}`);
}

function problemOf(node: AnyStateNode, chart: AnyStateMachine): string | undefined {
  const state = `state '${node.id}'`;
  if (node.type === 'history') {
    return `${state} is a history state; keep in the context where to return to, and choose by a guard`;
  }
  if (node.output !== undefined) return `${state} has an output; let a rule deliver it`;
  if (node.type === 'compound' && node.initial.actions.length > 0) {
    return `${state} has actions on its initial transition; make them entry actions of the state that it enters`;
  }
  const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
  const actions: unknown[] = [...node.entry, ...node.exit, ...transitions.flatMap((it) => it.actions)].filter(isNamed);
  for (const action of actions) {
    const name = nameOf(action) ?? '';
    const implementation: unknown = chart.implementations.actions[name];
    if (ruleIn(implementation) === undefined && !raisesAgain(implementation)) {
      return `${state} runs '${name}', which is no rule; make it of a function by 'bind' (see rulesOf)`;
    }
  }
  for (const { guard } of transitions) {
    const unknown = guard === undefined ? undefined : unknownGuard(guard, chart);
    if (unknown !== undefined) {
      return `${state} asks ${unknown}, which is neither a predicate nor made by not(), and() or or() of such; ask the context by one`;
    }
  }
  for (const child of Object.values<AnyStateNode>(node.states)) {
    const below = problemOf(child, chart);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** The first guard in `guard` that is no function of context and event alone. */
function unknownGuard(guard: unknown, chart: AnyStateMachine): string | undefined {
  const composed = compositionOf(guard);
  if (composed !== undefined) {
    for (const part of composed.parts) {
      const unknown = unknownGuard(part, chart);
      if (unknown !== undefined) return unknown;
    }
    return undefined;
  }
  const name = nameOf(guard);
  if (name === undefined) return 'a guard without a name';
  const implementation: unknown = chart.implementations.guards[name];
  if (compositionOf(implementation) !== undefined) return unknownGuard(implementation, chart);
  return typeof implementation === 'function' && !('check' in implementation) ? undefined : `'${name}'`;
}
