/**
 * Steps by plans. A plan says what a transition out of a configuration (the states that are active together) does, one
 * task after another, and where it leads. Plans are made when they are first needed, so a step only asks guards and runs
 * rules.
 */

import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  createEmptyActor,
  type EventObject,
  type MachineContext,
  type StateValue,
} from 'xstate';
import { nameOf } from '../checks.ts';
import { type Effect, isEffect } from '../effects.ts';
import { ActorDefinitionError } from '../errors.ts';
import { type ErasedRule, raisesAgain, ruleIn } from '../rules.ts';
import {
  type Advance,
  type Advancer,
  maxMicrosteps,
  type Timer,
  type TimerChange,
  type TransitionTaken,
} from '../step.ts';
import {
  type Choice,
  choiceFor,
  eventlessChoices,
  firstPassage,
  isInFinalState,
  type Passage,
  passageOf,
} from './structure.ts';
import { takenBy } from './trace.ts';

type Params = unknown;

/** One thing that a step does. */
type Task =
  | { readonly type: 'rule'; readonly rule: ErasedRule; readonly params: Params }
  | { readonly type: 'again' }
  | { readonly type: 'timer'; readonly change: TimerChange }
  | { readonly type: 'completed'; readonly event: EventObject };

interface Plan {
  readonly transitions: readonly AnyTransitionDefinition[];
  readonly tasks: readonly Task[];
  readonly next: Configuration;
}

/** States that are active together, and what is known of the ways out of them. */
interface Configuration {
  readonly active: readonly AnyStateNode[];
  /** A snapshot of it, but for the context. */
  readonly template: AnyMachineSnapshot;
  readonly choices: Map<string, Choice | undefined>;
  readonly eventless: readonly (readonly AnyTransitionDefinition[])[];
  readonly single: Map<AnyTransitionDefinition, Plan>;
  /** Of several transitions at once, by their numbers. */
  readonly several: Map<string, Plan>;
}

type Guard = (args: { context: MachineContext; event: EventObject }, params: Params) => unknown;

/**
 * Makes the way of stepping a chart by plans.
 *
 * @returns undefined when the chart has something that plans do not know
 */
export function createPlannedStepper(chart: AnyStateMachine, timers: ReadonlyMap<string, Timer>): Advancer | undefined {
  if (!isPlannable(chart.root, chart)) return undefined;
  const configurations = new Map<string, Configuration>();
  /** By the list of active states that snapshots share with their template. */
  const known = new WeakMap<readonly AnyStateNode[], Configuration>();
  const numbers = new Map<AnyTransitionDefinition, number>();
  const guards = new Map<AnyTransitionDefinition, { readonly ask: Guard; readonly params: Params }>();

  const configurationOf = (active: readonly AnyStateNode[]): Configuration => {
    const key = active
      .map(({ order }) => order)
      .sort((a, b) => a - b)
      .join();
    const found = configurations.get(key);
    if (found !== undefined) return found;
    const nodes = [...active].sort((a, b) => a.order - b.order);
    const template = {
      ...chart.resolveState({ value: stateValueOf(chart.root, new Set(nodes)), context: {} }),
      _nodes: nodes,
    };
    const made: Configuration = {
      active: nodes,
      template,
      choices: new Map(),
      eventless: eventlessChoices(nodes),
      single: new Map(),
      several: new Map(),
    };
    configurations.set(key, made);
    known.set(nodes, made);
    return made;
  };
  /** Snapshots may also have been resolved by XState, and by another machine with the same states. */
  const configurationAt = (snapshot: AnyMachineSnapshot): Configuration => {
    const found = known.get(snapshot._nodes);
    if (found !== undefined) return found;
    const resolved = configurationOf(snapshot._nodes.map((node) => chart.getStateNodeById(node.id)));
    known.set(snapshot._nodes, resolved);
    return resolved;
  };

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
    const next = configurationOf(active);
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
  const planFor = (at: Configuration, transitions: readonly AnyTransitionDefinition[]): Plan => {
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

  const isEnabled = (transition: AnyTransitionDefinition, context: MachineContext, event: EventObject): boolean => {
    if (transition.guard === undefined) return true;
    let guard = guards.get(transition);
    if (guard === undefined) {
      guard = { ask: guardOf(chart, transition.guard), params: paramsOf(transition.guard) };
      guards.set(transition, guard);
    }
    const { ask, params } = guard;
    return Boolean(ask({ context, event }, typeof params === 'function' ? params({ context, event }) : params));
  };
  const select = (
    choice: Choice,
    context: MachineContext,
    event: EventObject,
    selected: AnyTransitionDefinition[],
  ): void => {
    const before = selected.length;
    for (const below of choice.below) select(below, context, event, selected);
    if (selected.length > before) return;
    const first = choice.candidates.find((candidate) => isEnabled(candidate, context, event));
    if (first !== undefined) selected.push(first);
  };
  const selectFor = (at: Configuration, context: MachineContext, event: EventObject): AnyTransitionDefinition[] => {
    const { type } = event;
    let choice = at.choices.get(type);
    if (choice === undefined && !at.choices.has(type)) {
      choice = choiceFor(chart.root, new Set(at.active), type);
      at.choices.set(type, choice);
    }
    const selected: AnyTransitionDefinition[] = [];
    if (choice !== undefined) select(choice, context, event, selected);
    return selected;
  };
  const selectEventless = (
    at: Configuration,
    context: MachineContext,
    event: EventObject,
  ): AnyTransitionDefinition[] => {
    const selected: AnyTransitionDefinition[] = [];
    for (const candidates of at.eventless) {
      const first = candidates.find((candidate) => isEnabled(candidate, context, event));
      if (first !== undefined && !selected.includes(first)) selected.push(first);
    }
    return selected;
  };

  /** The macrostep: the plan at hand, then whatever it enables, until nothing is left to do. */
  const run = (
    from: Configuration,
    contextBefore: MachineContext,
    happening: EventObject,
    first: readonly AnyTransitionDefinition[] | Plan,
    traced: boolean,
  ): Advance => {
    const effects: Effect[] = [];
    const changes: TimerChange[] = [];
    const taken: TransitionTaken[] = [];
    const raised: EventObject[] = [];
    let at = from;
    let context = contextBefore;
    let event = happening;

    /** @returns whether anything but effects came of it */
    const carryOut = ({ transitions, tasks, next }: Plan): boolean => {
      if (traced) for (const transition of transitions) taken.push(takenBy(transition, event));
      let isChanged = next !== at;
      for (const task of tasks) {
        switch (task.type) {
          case 'rule': {
            const { params } = task;
            const outcome = task.rule.run(context, typeof params === 'function' ? params({ context, event }) : params);
            if (outcome.context !== undefined) {
              context = { ...context, ...outcome.context };
              isChanged = true;
            }
            if (outcome.effects !== undefined) {
              for (const effect of outcome.effects) {
                if (!isEffect(effect)) {
                  throw new ActorDefinitionError(
                    `machine '${chart.id}' emitted '${String(effect.type)}', which is no effect`,
                  );
                }
                effects.push(effect);
              }
            }
            break;
          }
          case 'again':
            raised.push(event);
            break;
          case 'timer':
            changes.push(task.change);
            break;
          case 'completed':
            raised.push(task.event);
        }
      }
      at = next;
      return isChanged;
    };
    const take = (transitions: readonly AnyTransitionDefinition[]): boolean =>
      transitions.length > 0 && carryOut(planFor(at, transitions));

    if ('tasks' in first) carryOut(first);
    else take(first);
    let looksForEventless = true;
    for (let microsteps = 1; at.template.status === 'active'; microsteps += 1) {
      if (microsteps > maxMicrosteps) {
        throw new ActorDefinitionError(`machine '${chart.id}' did not come to rest in ${maxMicrosteps} transitions`);
      }
      const eventless = looksForEventless ? selectEventless(at, context, event) : [];
      if (eventless.length > 0) {
        // One that changes nothing would be taken for ever.
        looksForEventless = take(eventless);
        continue;
      }
      const next = raised.shift();
      if (next === undefined) break;
      event = next;
      take(selectFor(at, context, event));
      looksForEventless = true;
    }
    return { snapshot: { ...at.template, context }, effects, timers: changes, transitions: taken };
  };

  let beginning: Plan | undefined;
  return {
    begin(input, traced) {
      beginning ??= planOf(firstPassage(chart.root));
      return run(beginning.next, firstContextOf(chart, input), { type: 'xstate.init' }, beginning, traced);
    },
    advance(snapshot, event, traced) {
      const at = configurationAt(snapshot);
      const { context } = snapshot;
      const selected = at.template.status === 'active' ? selectFor(at, context, event) : [];
      return run(at, context, event, selected, traced);
    },
  };
}

const isNamed = (action: unknown): boolean => typeof action !== 'function';

/** The parameters in `{ type: 'name', params }`. */
const paramsOf = (reference: unknown): Params =>
  typeof reference === 'object' && reference !== null && 'params' in reference ? reference.params : undefined;

function guardOf(chart: AnyStateMachine, guard: unknown): Guard {
  const implementation = chart.implementations.guards[nameOf(guard) ?? ''];
  if (implementation === undefined) throw new ActorDefinitionError(`machine '${chart.id}' has an unknown guard`);
  return implementation;
}

function taskOf(chart: AnyStateMachine, action: unknown): Task {
  const rule = ruleIn(chart.implementations.actions[nameOf(action) ?? '']);
  return rule === undefined ? { type: 'again' } : { type: 'rule', rule, params: paramsOf(action) };
}

function isPlannable(node: AnyStateNode, chart: AnyStateMachine): boolean {
  const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
  const actions: unknown[] = [...node.entry, ...node.exit, ...transitions.flatMap((it) => it.actions)].filter(isNamed);
  return (
    node.type !== 'history' &&
    node.output === undefined &&
    (node.type !== 'compound' || node.initial.actions.length === 0) &&
    actions.every((action) => {
      const implementation: unknown = chart.implementations.actions[nameOf(action) ?? ''];
      return ruleIn(implementation) !== undefined || raisesAgain(implementation);
    }) &&
    transitions.every(({ guard }) => {
      if (guard === undefined) return true;
      const implementation: unknown = isNamed(guard) ? chart.implementations.guards[nameOf(guard) ?? ''] : undefined;
      return typeof implementation === 'function' && !('check' in implementation);
    }) &&
    Object.values<AnyStateNode>(node.states).every((child) => isPlannable(child, chart))
  );
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

function firstContextOf(chart: AnyStateMachine, input: unknown): MachineContext {
  const { context } = chart.config;
  if (typeof context !== 'function') return context ?? {};
  const spawn = (): never => {
    throw new ActorDefinitionError(`machine '${chart.id}' spawns an actor; start actors on the node instead`);
  };
  return context({ input, spawn, self: createEmptyActor() });
}
