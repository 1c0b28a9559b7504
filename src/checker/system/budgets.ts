/**
 * Budgets: how often each limited thing may still happen, packed into as few words of the state as they need, in a
 * mixed radix.
 */

import { ModelError } from '../errors.ts';
import type { Budget, Model } from '../model.ts';
import { elementAt } from '../tables/interned.ts';

interface Digit {
  readonly word: number;
  readonly weight: number;
  readonly radix: number;
}

export interface Budgets {
  /** How many words of the state they take. */
  readonly words: number;
  /** Adds a budget. @returns its number; -1 when it is unlimited, -2 when it is 0 */
  add(budget: Budget, name: string): number;
  /** Writes the full budgets into `state`, from word `offset` on. */
  fill(state: Uint32Array, offset: number): void;
  /** What is left of a budget; at least 1 for an unlimited one. */
  left(budget: number, state: Uint32Array, offset: number): number;
  /** Takes one from a budget that has something left. */
  spend(budget: number, state: Uint32Array, offset: number): void;
  set(budget: number, left: number, state: Uint32Array, offset: number): void;
}

export const unlimited = -1;
export const exhausted = -2;

/** Makes an empty set of budgets; all must be added before the first state is made. */
export function createBudgets(): Budgets {
  const digits: Digit[] = [];
  let words = 0;
  let span = 2 ** 32;

  const left = (budget: number, state: Uint32Array, offset: number): number => {
    if (budget === unlimited) return 1;
    if (budget === exhausted) return 0;
    const { word, weight, radix } = elementAt(digits, budget);
    return Math.floor((state[offset + word] ?? 0) / weight) % radix;
  };
  const change = (budget: number, by: number, state: Uint32Array, offset: number): void => {
    if (budget < 0) return;
    const { word, weight } = elementAt(digits, budget);
    state[offset + word] = (state[offset + word] ?? 0) + by * weight;
  };

  return {
    get words() {
      return words;
    },
    add(budget, name) {
      if (budget === 'unlimited') return unlimited;
      if (!Number.isInteger(budget) || budget < 0 || budget > 1_000_000) {
        throw new ModelError(`expected ${name} to be 'unlimited' or an integer from 0 to 1000000, got ${budget}`);
      }
      if (budget === 0) return exhausted;
      const radix = budget + 1;
      if (words === 0 || span * radix > 2 ** 32) {
        words += 1;
        span = 1;
      }
      const weight = span;
      span *= radix;
      return digits.push({ word: words - 1, weight, radix }) - 1;
    },
    fill(state, offset) {
      digits.forEach(({ radix }, budget) => {
        change(budget, radix - 1, state, offset);
      });
    },
    left,
    spend: (budget, state, offset) => change(budget, -1, state, offset),
    set: (budget, value, state, offset) => change(budget, value - left(budget, state, offset), state, offset),
  };
}

/** The budgets of a model but for its timers, by their numbers. */
export interface ModelBudgets {
  readonly losses: number;
  readonly duplicates: number;
  readonly crashes: number;
  readonly unknownAnswers: number;
  readonly unreachableNotices: number;
  /** By the index of the request. */
  readonly requests: readonly number[];
}

/** Adds the budgets of a model. @throws ModelError */
export function budgetsOf<History>(model: Model<History>, budgets: Budgets): ModelBudgets {
  const { network = {}, crashes, requests = [] } = model;
  return {
    losses: budgets.add(network.losses ?? 0, 'network.losses'),
    duplicates: budgets.add(network.duplicates ?? 0, 'network.duplicates'),
    crashes: budgets.add(crashes?.times ?? 0, 'crashes.times'),
    unknownAnswers: budgets.add(model.unknownAnswers ?? 0, 'unknownAnswers'),
    unreachableNotices: budgets.add(model.unreachableNotices ?? 0, 'unreachableNotices'),
    requests: requests.map(({ request, times }) =>
      budgets.add(times ?? 'unlimited', `the times of '${typeof request === 'function' ? 'a request' : request.type}'`),
    ),
  };
}

/** The budget of each timer of a model, whether they share one or have one per name of delay. @throws ModelError */
export function timerBudgetsOf(
  timers: Budget | Readonly<Record<string, Budget | 'at-once'>>,
  known: readonly { readonly delay: string }[],
  budgets: Budgets,
): readonly number[] {
  if (typeof timers !== 'object') {
    const budget = budgets.add(timers, 'timers');
    return known.map(() => budget);
  }
  const delays = new Set(known.map(({ delay }) => delay));
  const byDelay = new Map<string, number>();
  for (const [delay, budget] of Object.entries(timers)) {
    if (!delays.has(delay)) {
      throw new ModelError(`no actor waits for '${delay}'; timers: ${[...delays].join(', ') || 'none'}`);
    }
    // A timer that fires at once is never found armed, and needs no budget.
    byDelay.set(delay, budget === 'at-once' ? unlimited : budgets.add(budget, `timers.${delay}`));
  }
  return known.map(({ delay }) => byDelay.get(delay) ?? unlimited);
}
