/**
 * A model of the checker with weights: a Markov decision process over the charts that run in production. All that is due in
 * a tick happens before the next one, and in any order: on different nodes too, for though nothing passes between them within a
 * tick, questions may see which was first, and what holds in between.
 */

import type { Model } from '../../checker.ts';
import { ProcessError } from '../errors.ts';
import { type Bounds, type Choice, exploreProcess, type QuestionOptions } from '../process.ts';
import { NodeFaults, ticksUntilOneHappens } from './faults.ts';
import { type LastingConditions, LastingWatch, passedIn, waitingIn } from './lasting.ts';
import { TimedResources } from './resources.ts';
import {
  type Due,
  type Happening,
  keyOfState,
  type StateTables,
  stateTables,
  type TimedState,
  type TimedView,
  viewsOf,
} from './state.ts';
import { type Turned, Turns } from './turn.ts';
import type { Weights } from './weights.ts';

/** What may be asked for as expected rewards. */
export type TimedReward = 'messages' | 'flushes' | 'steps' | 'ticks';

type TimedChoice = Choice<TimedState, TimedReward>;

/** A weighted model, explored. */
export interface WeighedModel<History> {
  readonly stateCount: number;
  readonly outcomeCount: number;
  /** How probable it is to come to the goal; what was not followed may come to it or not. @throws OddsLimitError */
  probability(isGoal: (view: TimedView<History>) => boolean, options: QuestionOptions): Bounds;
  /**
   * How probable the goal is in the runs in which the condition comes about, from when it holds on; undefined where it cannot.
   *
   * @throws OddsLimitError
   * @throws ProcessError for a condition that ends to hold: ask the history for it
   */
  conditional(
    isGoal: (view: TimedView<History>) => boolean,
    isCondition: (view: TimedView<History>) => boolean,
    options: QuestionOptions,
  ): Bounds | undefined;
  /**
   * How much of something is to be expected until the goal; with no upper bound where something was not followed, unless
   * `atMostBeyond` says what is to be expected of that.
   *
   * @throws OddsLimitError
   */
  expected(reward: TimedReward, isGoal: (view: TimedView<History>) => boolean, options: QuestionOptions): Bounds;
}

/** For both alike, or for each; where both may have come about, what is said of crashes counts. */
export type AtMostBeyond = Readonly<
  Partial<Record<TimedReward, number | { readonly losses: number; readonly crashes: number }>>
>;

export interface WeighOptions<History> {
  /** States in which the run ends, as what is asked is decided there. */
  readonly until?: (view: TimedView<History>) => boolean;
  /** Conditions of which questions ask whether they hold for so long. */
  readonly lasting?: LastingConditions<TimedView<History>>;
  /** What is at most to be expected still of a reward after a loss, or a crash, that is not followed: an argument of your own. */
  readonly atMostBeyond?: AtMostBeyond;
  /** More states are refused. Default 1,000,000. */
  readonly maxStates?: number;
}

/**
 * Explores a model of the checker by its weights. Of the model count actors, resources and history: budgets, boundary and
 * properties are for exploring what may happen at all.
 *
 * @throws ProcessError for weights that are no probabilities, and where one is missing
 * @throws OddsLimitError for more states than there may be
 */
export function weigh<History>(
  model: Model<History>,
  weights: Weights,
  options: WeighOptions<History> = {},
): WeighedModel<History> {
  const { until, lasting = {}, atMostBeyond = {}, maxStates } = options;
  const tables = stateTables<History>();
  const turns = new Turns(model, tables, weights);
  const watch = new LastingWatch<TimedView<History>>(lasting);
  const weighed = new Weighed(model, weights, turns, tables, watch);
  const view = viewsOf(model, tables, watch);
  const looked = (state: TimedState): TimedState => ({ ...state, lasting: watch.look(state.lasting, view(state)) });
  const { maxLosses = Number.POSITIVE_INFINITY, crashes: { maxCrashes = Number.POSITIVE_INFINITY } = {} } = weights;
  const isCrashedBeyond = ({ crashes }: TimedState): boolean => crashes > maxCrashes;
  const isBeyond = (state: TimedState): boolean => state.losses > maxLosses || isCrashedBeyond(state);
  const beyondKey = (state: TimedState): string => (isCrashedBeyond(state) ? 'beyond crashes' : 'beyond losses');
  const process = exploreProcess<TimedState, TimedReward>({
    start: weighed.start,
    choices(state) {
      if (isBeyond(state) || until?.(view(state))) return [];
      return weighed.choices(state).map(({ outcomes, rewards }) => ({
        outcomes: outcomes.map((it) => ({ probability: it.probability, state: looked(it.state) })),
        ...(rewards === undefined ? {} : { rewards }),
      }));
    },
    keyOf: (state) => (isBeyond(state) ? beyondKey(state) : keyOfState(state)),
    ...(maxStates === undefined ? {} : { maxStates }),
  });
  const isCut = process.states.some(isBeyond);
  type Asked = (view: TimedView<History>) => boolean;
  const within = (asked: Asked) => (state: TimedState) => !isBeyond(state) && asked(view(state));
  const withBeyond = (asked: Asked) => (state: TimedState) => isBeyond(state) || asked(view(state));
  return {
    stateCount: process.states.length,
    outcomeCount: process.outcomeCount,
    probability(isGoal, question) {
      const { lower, upper } = process.probability(within(isGoal), question);
      return { lower, upper: isCut ? process.probability(withBeyond(isGoal), question).upper : upper };
    },
    conditional(isGoal, isCondition, question) {
      // What was not followed fulfils the condition, which leads from one end to the other by whether it comes to the goal.
      const low = process.conditional(within(isGoal), withBeyond(isCondition), question);
      const high = isCut ? process.conditional(withBeyond(isGoal), withBeyond(isCondition), question) : low;
      return low === undefined || high === undefined ? undefined : { lower: low.lower, upper: high.upper };
    },
    expected(reward, isGoal, question) {
      const bounds = process.expected(reward, withBeyond(isGoal), question);
      if (!isCut) return bounds;
      const rest = atMostBeyond[reward] ?? Number.POSITIVE_INFINITY;
      const { losses, crashes } = typeof rest === 'number' ? { losses: rest, crashes: rest } : rest;
      // What does not come about costs nothing, however much it would.
      const costOf = (isCut: (state: TimedState) => boolean, most: number): number => {
        const { upper } = process.probability(isCut, { ...question, over: 'greatest' });
        return upper === 0 ? 0 : upper * most;
      };
      const beyond =
        costOf(isCrashedBeyond, crashes) + costOf((state) => isBeyond(state) && !isCrashedBeyond(state), losses);
      return { lower: bounds.lower, upper: bounds.upper + beyond };
    },
  };
}

class Weighed<History> {
  readonly #model: Model<History>;
  readonly #weights: Weights;
  readonly #turns: Turns<History>;
  readonly #tables: StateTables<History>;
  readonly #faults: NodeFaults<History>;
  readonly #watch: LastingWatch<TimedView<History>>;
  readonly #resources: TimedResources<History>;

  constructor(
    model: Model<History>,
    weights: Weights,
    turns: Turns<History>,
    tables: StateTables<History>,
    watch: LastingWatch<TimedView<History>>,
  ) {
    this.#watch = watch;
    this.#model = model;
    this.#weights = weights;
    this.#turns = turns;
    this.#tables = tables;
    this.#faults = new NodeFaults(model, tables, turns, weights.crashes);
    this.#resources = new TimedResources(model, tables, turns, weights);
  }

  get start(): TimedState {
    const { resources = {}, history } = this.#model;
    if (history === undefined) {
      throw new ProcessError('expected a model with a history, got none; give it one to ask about');
    }
    const states = Object.fromEntries(Object.entries(resources).map(([name, { start }]) => [name, start]));
    return {
      locals: this.#turns.unborn(),
      due: (this.#weights.requests ?? []).map(({ actor, request, afterTicks: ticks }) => ({
        ticks,
        what: this.#tables.happenings.idOf({ type: 'request', to: this.#turns.placeOf(actor), request }),
      })),
      surroundings: this.#tables.surroundings.idOf({ resources: states, history: history.start }),
      losses: 0,
      crashes: 0,
      ticks: 0,
      lasting: this.#watch.start,
      hasBegun: false,
    };
  }

  choices(state: TimedState): TimedChoice[] {
    if (!state.hasBegun) {
      const starts = state.locals.map((_local, to): Happening => ({ type: 'start', to }));
      const begun = this.#turns.take({ ...state, hasBegun: true }, starts);
      return [choiceOf(this.#resources.awaiting(this.#faults.scheduled(begun)))];
    }
    const now = state.due.filter(({ ticks }) => ticks <= 0);
    if (now.length === 0) return this.#later(state);
    return now.flatMap((due) => this.#happen({ ...state, due: state.due.filter((it) => it !== due) }, due));
  }

  #happen(state: TimedState, due: Due): readonly TimedChoice[] {
    const happening = this.#tables.happenings.at(due.what);
    switch (happening.type) {
      case 'change':
        return this.#resources.change(state, happening).map((it) => choiceOf(it));
      case 'operation':
        return [choiceOf(this.#resources.carryOut(state, due, happening))];
      case 'nodeCrash':
        return [choiceOf(this.#faults.crash(state, happening.to))];
      default:
        return [choiceOf(this.#turns.take(state, [happening]))];
    }
  }

  /**
   * Nothing is due: time passes until something is, and meanwhile nodes may crash. Where a crash is followed, or a crashed node may
   * start again, that is in any tick, so that each is looked at. Where nothing ever happens again, all ends.
   */
  #later(state: TimedState): TimedChoice[] {
    const { horizonTicks, losslessTicks = 0 } = this.#weights;
    const left = horizonTicks === undefined ? Number.POSITIVE_INFINITY : horizonTicks - state.ticks;
    const mayRestart = this.#faults.mayRestart(state);
    const crashes = this.#faults.crashProbability(state);
    const waiting = [...state.due.map((due) => due.ticks), ...waitingIn(state.lasting)];
    if (left <= 0 || (waiting.length === 0 && crashes === 0 && !mayRestart)) return [];
    const isQuiet = waiting.length > 0 && !mayRestart && (crashes === 0 || !this.#faults.followsCrash(state));
    const ticks = isQuiet ? Math.min(left, ...waiting) : 1;
    const passed = {
      ...state,
      ticks: Math.min(state.ticks + ticks, horizonTicks ?? losslessTicks),
      due: state.due.map((due) => ({ ticks: due.ticks - ticks, what: due.what })),
      lasting: passedIn(state.lasting, ticks),
    };
    // A crash that is not followed ends what is counted, and so comes before all of them have passed.
    return [choiceOf(this.#faults.strike(passed, ticks), crashes === 0 ? ticks : ticksUntilOneHappens(ticks, crashes))];
  }
}

const choiceOf = ({ states, cost }: Turned, ticks = 0): TimedChoice => ({
  outcomes: states
    .filter(({ probability }) => probability > 0)
    .map(({ probability, value: state }) => ({ probability, state })),
  rewards: { ...cost, ticks, steps: 1 },
});
