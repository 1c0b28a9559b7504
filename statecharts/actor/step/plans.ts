/**
 * Plans: what a transition out of a configuration (the states that are active together) does, one task after another, and
 * where it leads. This follows from the chart alone, so a plan is made once, when it is first needed.
 */

import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
  EventObject,
  StateValue,
} from 'xstate';
import { ActorDefinitionError } from '../errors.ts';
import { nameOf } from '../names.ts';
import { type ErasedRule, ruleIn } from '../rules.ts';
import type { Timer, TimerChange } from './contract.ts';
import { type Params, paramsOf } from './params.ts';
import { isNamed } from './plannable.ts';
import {
  type Choice,
  choiceFor,
  eventlessChoices,
  firstPassage,
  isInFinalState,
  type Passage,
  passageOf,
} from './structure.ts';

/** One thing that a step does. */
export type Task =
  | { readonly type: 'rule'; readonly rule: ErasedRule; readonly params: Params }
  | { readonly type: 'again' }
  | { readonly type: 'timer'; readonly change: TimerChange }
  | { readonly type: 'completed'; readonly event: EventObject };

export interface Plan {
  readonly transitions: readonly AnyTransitionDefinition[];
  readonly tasks: readonly Task[];
  readonly next: ActiveStates;
}

/** States that are active together, and what is known of the ways out of them. */
export interface ActiveStates {
  readonly active: readonly AnyStateNode[];
  /** A snapshot of it, but for the context. */
  readonly template: AnyMachineSnapshot;
  readonly choices: Map<string, Choice | undefined>;
  readonly eventless: readonly (readonly AnyTransitionDefinition[])[];
  readonly single: Map<AnyTransitionDefinition, Plan>;
  /** Of several transitions at once, by their numbers. */
  readonly several: Map<string, Plan>;
}

export interface Plans {
  /** Where a snapshot stands; it may also have been resolved by XState, and by another machine with the same states. */
  activeAt(snapshot: AnyMachineSnapshot): ActiveStates;
  /** Among what a configuration may choose from for events of a type; undefined when they mean nothing to it. */
  choiceAt(at: ActiveStates, eventType: string): Choice | undefined;
  /** What it means to take the transitions together. */
  planFor(at: ActiveStates, transitions: readonly AnyTransitionDefinition[]): Plan;
  /** What the first step does. */
  beginning(): Plan;
}

/** Makes the plans of a chart that has nothing which plans do not know; none of them yet. */
export function createPlans(chart: AnyStateMachine, timers: ReadonlyMap<string, Timer>): Plans {
  const configurations = createConfigurations(chart);
  const numbers = new Map<AnyTransitionDefinition, number>();
  const tasksOf = (actions: readonly unknown[]): Task[] => actions.map((action) => taskOf(chart, action));
  const timerTasks = (node: AnyStateNode, armed: boolean): Task[] =>
    [...new Set(node.after.map(({ eventType }) => eventType))].map((id) => {
      const timer = timers.get(id);
      if (timer === undefined) throw new ActorDefinitionError(`machine '${chart.id}' has no timer '${id}'`);
      return { type: 'timer', change: { timer, armed } };
    });
  const exitTasks = (node: AnyStateNode): Task[] => [...tasksOf(node.exit.filter(isNamed)), ...timerTasks(node, false)];
  const planOf = ({ exits, transitions, entries, active }: Passage): Plan => {
    const now = new Set(active.filter((node) => !entries.includes(node)));
    const completed = new Set<AnyStateNode>();
    const next = configurations.of(active);
    const tasks = [...exits.flatMap(exitTasks), ...tasksOf(transitions.flatMap(({ actions }) => actions))];
    for (const node of entries) {
      now.add(node);
      tasks.push(...tasksOf(node.entry.filter(isNamed)), ...timerTasks(node, true));
      tasks.push(...completionsBy(node, now, completed));
    }
    if (next.template.status === 'done') {
      tasks.push(...[...active].sort((a, b) => b.order - a.order).flatMap(exitTasks));
    }
    return { transitions, tasks, next };
  };
  const numberOf = (transition: AnyTransitionDefinition): number => {
    const number = numbers.get(transition) ?? numbers.size;
    numbers.set(transition, number);
    return number;
  };
  const planFor = (at: ActiveStates, transitions: readonly AnyTransitionDefinition[]): Plan => {
    const [first] = transitions;
    if (first !== undefined && transitions.length === 1) {
      const plan = at.single.get(first) ?? planOf(passageOf(transitions, at.active));
      at.single.set(first, plan);
      return plan;
    }
    const key = transitions.map(numberOf).join();
    const plan = at.several.get(key) ?? planOf(passageOf(transitions, at.active));
    at.several.set(key, plan);
    return plan;
  };

  const choiceAt = (at: ActiveStates, eventType: string): Choice | undefined => {
    let choice = at.choices.get(eventType);
    if (choice === undefined && !at.choices.has(eventType)) {
      choice = choiceFor(chart.root, new Set(at.active), eventType);
      at.choices.set(eventType, choice);
    }
    return choice;
  };
  let beginning: Plan | undefined;
  return {
    activeAt: configurations.at,
    choiceAt,
    planFor,
    beginning() {
      beginning ??= planOf(firstPassage(chart.root));
      return beginning;
    },
  };
}

/** The configurations of a chart, each made when it is first met. */
function createConfigurations(chart: AnyStateMachine): {
  of(active: readonly AnyStateNode[]): ActiveStates;
  at(snapshot: AnyMachineSnapshot): ActiveStates;
} {
  const byOrder = new Map<string, ActiveStates>();
  /** By the list of active states that snapshots share with their template. */
  const known = new WeakMap<readonly AnyStateNode[], ActiveStates>();
  const configurationOf = (active: readonly AnyStateNode[]): ActiveStates => {
    const key = active
      .map(({ order }) => order)
      .sort((a, b) => a - b)
      .join();
    const found = byOrder.get(key);
    if (found !== undefined) return found;
    const nodes = [...active].sort((a, b) => a.order - b.order);
    const template = {
      ...chart.resolveState({ value: stateValueOf(chart.root, new Set(nodes)), context: {} }),
      _nodes: nodes,
    };
    const made: ActiveStates = {
      active: nodes,
      template,
      choices: new Map(),
      eventless: eventlessChoices(nodes),
      single: new Map(),
      several: new Map(),
    };
    byOrder.set(key, made);
    known.set(nodes, made);
    return made;
  };
  const activeAt = (snapshot: AnyMachineSnapshot): ActiveStates => {
    const found = known.get(snapshot._nodes);
    if (found !== undefined) return found;
    const resolved = configurationOf(snapshot._nodes.map((node) => chart.getStateNodeById(node.id)));
    known.set(snapshot._nodes, resolved);
    return resolved;
  };
  return { of: configurationOf, at: activeAt };
}

function taskOf(chart: AnyStateMachine, action: unknown): Task {
  const rule = ruleIn(chart.implementations.actions[nameOf(action) ?? '']);
  return rule === undefined ? { type: 'again' } : { type: 'rule', rule, params: paramsOf(action) };
}

/** The value of the active states, as XState writes it. */
function stateValueOf(node: AnyStateNode, active: ReadonlySet<AnyStateNode>): StateValue {
  const below = Object.values<AnyStateNode>(node.states).filter((child) => active.has(child));
  const [only] = below;
  if (node.type === 'compound' && only !== undefined && Object.keys(only.states).length === 0) return only.key;
  return Object.fromEntries(below.map((child) => [child.key, stateValueOf(child, active)]));
}

/** What XState raises when entering `node` ends its parent, and with it perhaps the regions around that. */
function completionsBy(
  node: AnyStateNode,
  active: ReadonlySet<AnyStateNode>,
  completed: Set<AnyStateNode>,
): readonly Task[] {
  if (node.type !== 'final') return [];
  const ended: AnyStateNode[] = [];
  const { parent } = node;
  if (parent?.type === 'compound') ended.push(parent);
  let above = parent?.type === 'parallel' ? parent : parent?.parent;
  while (above?.type === 'parallel' && !completed.has(above) && isInFinalState(above, active)) {
    completed.add(above);
    ended.push(above);
    above = above.parent;
  }
  return ended.map(({ id }) => ({ type: 'completed', event: { type: `xstate.done.state.${id}` } }));
}
