/**
 * The rule adapter: turns pure functions over (context, message) into the actions and guards of an XState chart. Bound
 * once per protocol, so that a wrong parameter, event, tag or delay in a chart is a compile error.
 */

import { type EventObject, enqueueActions, type MachineContext } from 'xstate';

/** What a rule answers: the part of the context that changes, and the effects to ask for, in order. */
export interface Outcome<Context, Effect> {
  readonly context?: Partial<Context>;
  readonly effects?: readonly Effect[];
}

/** A rule: pure, synchronous, and ignorant of clocks, randomness and I/O. */
export type Rule<Context, Params, Effect> = (context: Context, params: Params) => Outcome<Context, Effect>;

/** A rule without its types, as it is found again in an action that `act` made. */
export interface ErasedRule {
  run(context: MachineContext, params: unknown): Outcome<MachineContext, EventObject>;
}

const ruleOfAction = Symbol('rule');
const raisesAtHand = Symbol('again');

/** The rule of an action that `act` made; undefined for anything else. */
export const ruleIn = (action: unknown): ErasedRule | undefined =>
  bearsRule(action) ? action[ruleOfAction] : undefined;

/** Whether an action is the `again` of an adapter. */
export const raisesAgain = (action: unknown): boolean => typeof action === 'function' && raisesAtHand in action;

const bearsRule = (action: unknown): action is { readonly [ruleOfAction]: ErasedRule } =>
  typeof action === 'function' && ruleOfAction in action;

/**
 * Binds the adapter to a protocol.
 *
 * @returns `act`, which makes an action of a rule; `when`, which makes a guard of a predicate; and `again`, an action
 * that raises the event at hand once more, for the role that has just been entered.
 *
 * @example
 * const { act, when } = rulesOf<Context, Event, Effect>();
 * const chart = setup({ types, actions: { grantVote: act(grantVote) }, guards: { upToDate: when(upToDate) } });
 */
export function rulesOf<Context extends MachineContext, Event extends EventObject, Effect extends EventObject>() {
  const act = <Params extends object | undefined = undefined>(rule: Rule<Context, Params, Effect>) => {
    const action = enqueueActions<Context, Event, Params, Event, never, never, never, never, Effect>(
      ({ context, enqueue }, params) => {
        const outcome = rule(context, params);
        if (outcome.context) enqueue.assign(outcome.context);
        if (outcome.effects) for (const effect of outcome.effects) enqueue.emit(effect);
      },
    );
    const erased: ErasedRule = { run: rule };
    return Object.assign(action, { [ruleOfAction]: erased });
  };
  const when =
    <Params extends object | undefined = undefined>(predicate: (context: Context, params: Params) => boolean) =>
    ({ context }: { context: Context }, params: Params) =>
      predicate(context, params);
  const again = Object.assign(
    enqueueActions<Context, Event, undefined, Event, never, never, never, never, Effect>(({ event, enqueue }) =>
      enqueue.raise(event),
    ),
    { [raisesAtHand]: true },
  );
  return { act, when, again };
}

/** The `params` of every action and guard that wants the event at hand: `{ type: 'grantVote', params: message }`. */
export const message = <E extends EventObject>({ event }: { event: E }): E => event;
