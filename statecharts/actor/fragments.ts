/**
 * Fragments of charts that recur: what asks until it is answered, what says something until it is heard, and what does
 * something every so often. Each is a function of names, and what it makes is part of a chart like any other state, with the
 * same checks of its names. How long a pause is, is said by the definition's delays.
 */

/** What `askingUntilAnswered` makes. */
export interface Asking<
  Ask extends string,
  Pause extends string,
  Answer extends string,
  Answers extends readonly object[],
  Unanswered extends object,
> {
  readonly initial: 'asking';
  readonly on: {
    readonly [Type in Answer]: readonly [...Answers, { readonly guard: Unanswered; readonly target: '.waiting' }];
  };
  readonly states: {
    readonly asking: { readonly entry: Ask };
    readonly waiting: { readonly after: { readonly [Name in Pause]: 'asking' } };
  };
}

/**
 * A compound state that asks, and asks again after a pause for as long as the answer is none.
 *
 * @param asks `ask`: the action that asks; `pause`: the delay before it asks again; `answer`: the event that answers;
 * `answers`: its transitions for the answers that lead on, in the order in which they are tried; `unanswered`: the guard
 * for an answer to this question that says nothing
 */
export function askingUntilAnswered<
  const Ask extends string,
  const Pause extends string,
  const Answer extends string,
  const Answers extends readonly object[],
  const Unanswered extends object,
>(asks: {
  readonly ask: Ask;
  readonly pause: Pause;
  readonly answer: Answer;
  readonly answers: Answers;
  readonly unanswered: Unanswered;
}): Asking<Ask, Pause, Answer, Answers, Unanswered>;
export function askingUntilAnswered(asks: {
  readonly ask: string;
  readonly pause: string;
  readonly answer: string;
  readonly answers: readonly object[];
  readonly unanswered: object;
}): object {
  const { ask, pause, answer, answers, unanswered } = asks;
  return {
    initial: 'asking',
    on: { [answer]: [...answers, { guard: unanswered, target: '.waiting' }] },
    states: { asking: { entry: ask }, waiting: { after: { [pause]: 'asking' } } },
  };
}

/** What `repeating` makes. */
export interface Repeating<Name extends string, Say extends string, Pause extends string> {
  readonly entry: Say;
  readonly after: { readonly [Delay in Pause]: { readonly target: Name; readonly reenter: true } };
}

/**
 * The state `name`, which says something as it is entered, and again after each pause until it is left.
 *
 * @param say the action that says it; `pause`: the delay between repetitions
 */
export function repeating<const Name extends string, const Say extends string, const Pause extends string>(
  name: Name,
  say: Say,
  pause: Pause,
): Repeating<Name, Say, Pause>;
export function repeating(name: string, say: string, pause: string): object {
  return { entry: say, after: { [pause]: { target: name, reenter: true } } };
}

/** An action, several in their order, or one that is given the event at hand. */
type EveryAct = string | readonly string[] | { readonly type: string; readonly params: (at: never) => object };

/** What `every` makes. */
export interface Every<Pause extends string, Act extends EveryAct> {
  readonly initial: 'waiting';
  readonly states: {
    readonly waiting: {
      readonly after: {
        readonly [Delay in Pause]: {
          readonly target: 'waiting';
          readonly reenter: true;
          readonly actions: Act;
          readonly meta: { readonly rule: string };
        };
      };
    };
  };
}

/**
 * A compound state that does something after each pause for as long as it is not left; not as it is entered. The pause
 * begins anew within it, so that what is around it is not left.
 *
 * @param act the action, several in their order, or one that is given the event at hand
 * @param rule what it follows, as its transition cites it
 */
export function every<const Pause extends string, const Act extends EveryAct>(
  pause: Pause,
  act: Act,
  rule: string,
): Every<Pause, Act>;
export function every(pause: string, act: EveryAct, rule: string): object {
  const again = { target: 'waiting', reenter: true, actions: act, meta: { rule } };
  return { initial: 'waiting', states: { waiting: { after: { [pause]: again } } } };
}
