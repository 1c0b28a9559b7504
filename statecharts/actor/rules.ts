/**
 * The binding of rules: turns an object of pure functions over (context, message) into the actions and guards of an
 * XState chart, under the very names that the functions have there. Bound once per protocol, so that a wrong name,
 * parameter or tag in a chart is a compile error; a variant of a protocol is `{ ...rules, another }`.
 */

import { type ActionFunction, type EventObject, enqueueActions, type MachineContext } from 'xstate';
import { ActorDefinitionError } from './errors.ts';

/** What a rule answers: the part of the context that changes, and the effects to ask for, in order. */
export interface Ruling<Context, Effect> {
  readonly context?: Partial<Context>;
  readonly effects?: readonly Effect[];
}

/** A rule: pure, synchronous, and ignorant of clocks, randomness and I/O. */
export type Rule<Context, Params, Effect> = (context: Context, params: Params) => Ruling<Context, Effect>;

/** What a guard asks: pure like a rule, and true or false. */
export type Predicate<Context, Params> = (context: Context, params: Params) => boolean;

/** The rules and predicates of a protocol, by the names under which its charts call them. */
export type Rules<Context, Effect> = Readonly<Record<string, Rule<Context, never, Effect> | Predicate<Context, never>>>;

/** What a chart must give a rule or predicate along with the context; undefined when it wants nothing. */
type ParamsOf<F> = F extends (context: never, params: infer Params) => unknown
  ? Params extends object
    ? Params
    : undefined
  : never;

/** A rule that only throws answers with no boolean either. */
type IsPredicate<F> = F extends (context: never, params: never) => infer Answer
  ? [Answer] extends [never]
    ? false
    : Answer extends boolean
      ? true
      : false
  : false;

/** What `setup` wants of rules: those that answer with an outcome as actions, the predicates as guards. */
export interface Bound<Context extends MachineContext, Event extends EventObject, Effect extends EventObject, R> {
  readonly actions: {
    readonly [Name in keyof R as IsPredicate<R[Name]> extends true ? never : Name]: Action<
      Context,
      Event,
      Effect,
      ParamsOf<R[Name]>
    >;
  } & { readonly again: Action<Context, Event, Effect, undefined> };
  readonly guards: {
    readonly [Name in keyof R as IsPredicate<R[Name]> extends true ? Name : never]: Guard<Context, ParamsOf<R[Name]>>;
  };
}

type Action<
  Context extends MachineContext,
  Event extends EventObject,
  Effect extends EventObject,
  Params extends object | undefined,
> = ActionFunction<Context, Event, Event, Params, never, never, never, never, Effect>;

type Guard<Context, Params> = (args: { readonly context: Context }, params: Params) => boolean;

/** A rule without its types, as it is found again in an action that `bind` made. */
export interface ErasedRule {
  /** @throws ActorDefinitionError when the function is a predicate, and no rule */
  run(context: MachineContext, params: unknown): Ruling<MachineContext, EventObject>;
}

/** A rule or predicate without its types; a method, whose parameters TypeScript compares both ways. */
interface Erased {
  answer(context: MachineContext, params: unknown): unknown;
}
type ErasedRules = Readonly<Record<string, Erased['answer']>>;

const ruleOfAction = Symbol('rule');
const raisesAtHand = Symbol('again');

/** The rule of an action that `bind` made; undefined for anything else. */
export const ruleIn = (action: unknown): ErasedRule | undefined =>
  bearsRule(action) ? action[ruleOfAction] : undefined;

/** Whether an action is the `again` of a binding. */
export const raisesAgain = (action: unknown): boolean => typeof action === 'function' && raisesAtHand in action;

const bearsRule = (action: unknown): action is { readonly [ruleOfAction]: ErasedRule } =>
  typeof action === 'function' && ruleOfAction in action;

/**
 * Binds rules to a protocol's context, events and effects.
 *
 * @returns `bind`, which makes of an object of rules what `setup` wants: `actions`, of the rules that answer with an
 * outcome, and `guards`, of the predicates. Among the actions is `again`, which raises the event at hand once more, for
 * the role that has just been entered.
 *
 * @example
 * const { bind } = rulesOf<Context, Event, Effect>();
 * const chart = setup({ types, ...bind({ grantVote, isUpToDate }) }).createMachine({
 *   on: { vote: { guard: { type: 'isUpToDate', params: message }, actions: { type: 'grantVote', params: message } } },
 * });
 */
export function rulesOf<Context extends MachineContext, Event extends EventObject, Effect extends EventObject>() {
  const again = Object.assign(
    enqueueActions<Context, Event, undefined, Event, never, never, never, never, Effect>(({ event, enqueue }) =>
      enqueue.raise(event),
    ),
    { [raisesAtHand]: true },
  );
  function bind<R extends Rules<Context, Effect>>(rules: R): Bound<Context, Event, Effect, R>;
  function bind(rules: ErasedRules) {
    const named = Object.entries(rules);
    return {
      actions: { ...Object.fromEntries(named.map(([name, rule]) => [name, actionOf(name, rule)])), again },
      guards: Object.fromEntries(named.map(([name, rule]) => [name, guardOf(name, rule)])),
    };
  }
  return { bind };
}

/** Under each name there is an action and a guard; which of them it is shows in its answer. */
function actionOf(name: string, rule: Erased['answer']) {
  const erased: ErasedRule = {
    run(context: MachineContext, params: unknown) {
      const outcome = rule(context, params);
      if (typeof outcome === 'object' && outcome !== null) return outcome;
      throw new ActorDefinitionError(`expected the action '${name}' to answer with an outcome, got ${String(outcome)}`);
    },
  };
  const action = enqueueActions<MachineContext, EventObject, object | undefined>(({ context, enqueue }, params) => {
    const { context: patch, effects } = erased.run(context, params);
    if (patch) enqueue.assign(patch);
    if (effects) for (const effect of effects) enqueue.emit(effect);
  });
  return Object.assign(action, { [ruleOfAction]: erased });
}

function guardOf(name: string, predicate: Erased['answer']) {
  return ({ context }: { context: MachineContext }, params: unknown): boolean => {
    const answer = predicate(context, params);
    if (typeof answer === 'boolean') return answer;
    throw new ActorDefinitionError(`expected the guard '${name}' to answer true or false, got ${typeof answer}`);
  };
}

/** The `params` of every action and guard that wants the event at hand: `{ type: 'grantVote', params: message }`. */
export const message = <E extends EventObject>({ event }: { event: E }): E => event;
