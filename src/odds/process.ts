/**
 * Markov decision processes of one's own: a start, and what may happen in each state. Which choice is taken is anyone's;
 * what comes of it is chance. All states are explored first; the questions are answered on the whole graph.
 */

import { OddsLimitError, ProcessError } from './errors.ts';
import type { Bounds } from './markov/bounds.ts';
import { conditionalOf } from './markov/conditional.ts';
import { GraphBuilder, type ProcessGraph } from './markov/graph.ts';
import type { Precision } from './markov/iteration.ts';
import { expectationOf, probabilityOf } from './markov/questions.ts';
import type { Extreme } from './markov/regions.ts';
import { isProbability, wrongSumOf } from './probabilities.ts';

export type { Bounds } from './markov/bounds.ts';
export type { Precision } from './markov/iteration.ts';
export type { Extreme } from './markov/regions.ts';

/** One outcome of a choice. */
export interface Outcome<State> {
  /** Above 0; those of a choice add up to 1. */
  readonly probability: number;
  readonly state: State;
}

/** What a scheduler may choose in a state. */
export interface Choice<State, Reward extends string = string> {
  readonly outcomes: readonly Outcome<State>[];
  /** What taking it costs or brings, by name; none is negative, and 0 is left out. */
  readonly rewards?: Readonly<Partial<Record<Reward, number>>>;
}

export interface ProcessOptions<State, Reward extends string = string> {
  readonly start: State;
  /** What may be chosen in a state; nothing in one where all ends. A pure function. */
  readonly choices: (state: State) => readonly Choice<State, Reward>[];
  /** Tells states apart. Default `JSON.stringify`, so that equal data must have its fields in one order. */
  readonly keyOf?: (state: State) => string;
  /** More states are refused. Default 1,000,000. */
  readonly maxStates?: number;
}

/** How near the bounds come. */
export interface QuestionOptions {
  /** `greatest` where the choices help, `least` where they hinder. */
  readonly over: Extreme;
  /** Default: bounds that differ by at most 1e-9 of the value, within 1,000,000 sweeps. */
  readonly precision?: Partial<Precision>;
}

const defaultPrecision: Precision = { relative: 1e-9, maxSweeps: 1_000_000 };
const defaultMaxStates = 1_000_000;

/** A process, explored. */
export interface MarkovProcess<State, Reward extends string = string> {
  readonly states: readonly State[];
  /** Of all states together. */
  readonly choiceCount: number;
  readonly outcomeCount: number;
  /**
   * How probable it is to come to a state of the goal.
   *
   * @throws OddsLimitError
   */
  probability(isGoal: (state: State) => boolean, options: QuestionOptions): Bounds;
  /**
   * How probable it is to come to a state of the goal, in the runs that come to a state of the condition, and from then on;
   * undefined where no run does.
   *
   * @throws OddsLimitError
   * @throws ProcessError for a condition that is left again: let states remember that it held
   */
  conditional(
    isGoal: (state: State) => boolean,
    isCondition: (state: State) => boolean,
    options: QuestionOptions,
  ): Bounds | undefined;
  /**
   * How much of a reward is to be expected until a state of the goal; infinite where that is not reached almost surely.
   *
   * @throws OddsLimitError
   */
  expected(reward: Reward, isGoal: (state: State) => boolean, options: QuestionOptions): Bounds;
}

/**
 * Explores a process.
 *
 * @throws ProcessError for choices that are no distributions, and rewards that are no finite costs
 * @throws OddsLimitError for more states than there may be
 *
 * @example
 * // A coin that is thrown until it shows 1.
 * const process = exploreProcess({
 *   start: 0,
 *   choices: (shown: number) =>
 *     shown === 1 ? [] : [{ outcomes: [0, 1].map((state) => ({ probability: 0.5, state })), rewards: { throws: 1 } }],
 * });
 * process.expected('throws', (shown) => shown === 1, { over: 'least' }); // 2
 */
export function exploreProcess<State, Reward extends string = string>(
  options: ProcessOptions<State, Reward>,
): MarkovProcess<State, Reward> {
  const { start, choices, keyOf = JSON.stringify, maxStates = defaultMaxStates } = options;
  const states: State[] = [];
  const numbers = new Map<string, number>();
  const rewards = new Map<string, Map<number, number>>();
  const builder = new GraphBuilder();

  const numberOf = (state: State): number => {
    const key = keyOf(state);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    if (states.length >= maxStates) {
      throw new OddsLimitError(`expected at most ${maxStates} states, got more; raise maxStates, or bound the process`);
    }
    numbers.set(key, states.length);
    return states.push(state) - 1;
  };
  numberOf(start);
  for (let next = 0; next < states.length; next += 1) {
    const state = states[next];
    if (state === undefined) break;
    builder.beginState();
    for (const choice of choices(state)) {
      const number = builder.beginChoice();
      checkChoice(choice, state);
      for (const outcome of choice.outcomes) builder.outcome(numberOf(outcome.state), outcome.probability);
      for (const [name, amount] of Object.entries<number | undefined>(choice.rewards ?? {})) {
        if (amount === undefined || amount === 0) continue;
        const named = rewards.get(name) ?? new Map<number, number>();
        rewards.set(name, named.set(number, amount));
      }
    }
  }
  return processOf<State, Reward>(states, builder.build(), rewards);
}

function checkChoice<State>({ outcomes, rewards = {} }: Choice<State>, state: State): void {
  const where = `in the state ${JSON.stringify(state)}`;
  for (const { probability } of outcomes) {
    if (isProbability(probability) && probability > 0) continue;
    throw new ProcessError(`expected probabilities above 0 and up to 1, got ${probability} ${where}`);
  }
  const sum = wrongSumOf(outcomes);
  if (sum !== undefined) {
    throw new ProcessError(`expected outcomes whose probabilities add up to 1, got ${sum} ${where}`);
  }
  for (const [name, amount] of Object.entries(rewards)) {
    if (amount === undefined || (amount >= 0 && amount < Number.POSITIVE_INFINITY)) continue;
    throw new ProcessError(`expected rewards that are finite and not negative, got ${amount} for ${name} ${where}`);
  }
}

function processOf<State, Reward extends string>(
  states: readonly State[],
  graph: ProcessGraph,
  rewards: ReadonlyMap<string, ReadonlyMap<number, number>>,
): MarkovProcess<State, Reward> {
  const choiceCount = graph.firstOutcome.length - 1;
  const goalOf = (isGoal: (state: State) => boolean) => Uint8Array.from(states, (state) => (isGoal(state) ? 1 : 0));
  return {
    states,
    choiceCount,
    outcomeCount: graph.target.length,
    probability: (isGoal, { over, precision }) =>
      probabilityOf(graph, 0, goalOf(isGoal), over, { ...defaultPrecision, ...precision }),
    conditional: (isGoal, isCondition, { over, precision }) =>
      conditionalOf(graph, 0, goalOf(isGoal), goalOf(isCondition), over, { ...defaultPrecision, ...precision }),
    expected(reward, isGoal, { over, precision }) {
      const amounts = new Float64Array(choiceCount);
      for (const [choice, amount] of rewards.get(reward) ?? []) amounts[choice] = amount;
      return expectationOf(graph, 0, goalOf(isGoal), amounts, over, { ...defaultPrecision, ...precision });
    },
  };
}
