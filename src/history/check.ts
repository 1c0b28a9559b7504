/**
 * Judges a history. Objects are independent, and a history is linearizable exactly when that of each object is (Herlihy
 * & Wing's locality), so each is searched by itself. The searches take turns in short slices: an object that is easily
 * refuted is refuted, however hard another one is.
 */

import type { Clock } from '../environment/clock.ts';
import { requirePositive } from './limits.ts';
import type { SequentialModel } from './model.ts';
import type { History, ObjectKey, Operation } from './operation.ts';
import { createMemoryBudget } from './search/memory.ts';
import { createSearch, type Search, type SearchFindings } from './search/search.ts';

/**
 * `linearizable` and `violation` are certain; `unknown` says that a limit was reached before either was shown, or that no operation
 * was answered, so that the history proves nothing.
 */
export type Verdict = 'linearizable' | 'violation' | 'unknown';

/** Why a search ended early: a limit, or another object's violation, which settles the whole history. */
export type Unfinished = 'time' | 'steps' | 'memory' | 'settled-elsewhere';

/** What came of one object's operations. */
export interface ObjectResult extends SearchFindings {
  readonly key: ObjectKey;
  readonly verdict: Verdict;
  /** Why, where the verdict is `unknown`. */
  readonly unfinished: Unfinished | undefined;
  /** Operations that were searched: all but those that failed. */
  readonly operations: number;
  /** Those among them whose outcome is not known. */
  readonly unknownOutcomes: number;
  readonly steps: number;
  readonly states: number;
  readonly configurations: number;
}

/** What came of a history. */
export interface CheckResult {
  readonly verdict: Verdict;
  readonly model: string;
  /** In the order in which their keys first occur. */
  readonly objects: readonly ObjectResult[];
  /** The object whose operations cannot be linearized. */
  readonly violation: ObjectResult | undefined;
  readonly elapsedMs: number;
  /** Most memory that configurations and states held at a time. */
  readonly peakBytes: number;
}

/** How far a check is. */
export interface CheckProgress {
  readonly objects: number;
  /** Objects that were found linearizable. */
  readonly linearizable: number;
  readonly steps: number;
  readonly configurations: number;
  readonly elapsedMs: number;
}

export interface CheckOptions {
  /** Measures the budget of time. */
  readonly clock: Clock;
  /** Time after which the verdict is `unknown`. Default 60,000 ms. */
  readonly budgetMs?: number;
  /** Steps of the search, over all objects, after which it is; the same on every machine. Default: no limit. */
  readonly stepLimit?: number;
  /** Memory for configurations and states, after which an object's verdict is `unknown`. Default 512 MiB. */
  readonly memoryLimitBytes?: number;
}

/** A check that runs a slice at a time, so that its caller can do something else in between. */
export interface HistoryCheck {
  /** Gives every object that is not settled one slice, a millisecond or less each. @returns the result, once there is one */
  advance(): CheckResult | undefined;
  progress(): CheckProgress;
}

const defaultBudgetMs = 60_000;
const defaultMemoryLimitBytes = 512 * 2 ** 20;
const sliceSteps = 8_192;

interface Task {
  readonly key: ObjectKey;
  readonly operations: Operation[];
  search: Search | undefined;
  result: ObjectResult | undefined;
}

/**
 * Prepares a check; `advance` runs it.
 *
 * @param history of `model`'s objects, as `readHistory` reads it with the same model
 * @throws HistoryOptionError
 */
export function createHistoryCheck(
  history: History,
  model: SequentialModel<unknown>,
  { clock, budgetMs = defaultBudgetMs, stepLimit = Infinity, memoryLimitBytes = defaultMemoryLimitBytes }: CheckOptions,
): HistoryCheck {
  requirePositive('budgetMs', budgetMs);
  requirePositive('stepLimit', stepLimit);
  requirePositive('memoryLimitBytes', memoryLimitBytes);
  const budget = createMemoryBudget(memoryLimitBytes);
  const tasks = tasksOf(history);
  const provesNothing = !hasAnswers(history);
  const startedAtMs = clock.nowMs();
  let open = tasks;
  let settledSteps = 0;
  let openSteps = 0;
  let result: CheckResult | undefined;

  const conclude = (task: Task, verdict: Verdict, unfinished?: Unfinished): void => {
    task.result = resultOf(task, verdict, unfinished);
    settledSteps += task.result.steps;
    // Its memory is for the others now.
    task.search = undefined;
  };
  const limitReached = (): Unfinished | undefined => {
    if (settledSteps + openSteps >= stepLimit) return 'steps';
    return clock.nowMs() - startedAtMs >= budgetMs ? 'time' : undefined;
  };
  const finish = (verdict: Verdict, unfinished: Unfinished): CheckResult => {
    for (const task of tasks) if (task.result === undefined) conclude(task, 'unknown', unfinished);
    const objects = tasks.flatMap((task) => task.result ?? []);
    return {
      verdict,
      model: model.name,
      objects,
      violation: objects.find((object) => object.verdict === 'violation'),
      elapsedMs: clock.nowMs() - startedAtMs,
      peakBytes: budget.peakBytes,
    };
  };

  const runTask = (task: Task): boolean => {
    task.search ??= createSearch(model, task.operations, budget);
    const before = task.search.steps;
    const status = task.search.advance(Math.max(1, Math.min(sliceSteps, stepLimit - settledSteps - openSteps)));
    openSteps += task.search.steps - before;
    if (status === 'searching') return true;
    openSteps -= task.search.steps;
    if (status === 'out-of-memory') conclude(task, 'unknown', 'memory');
    else conclude(task, status);
    return false;
  };

  const advance = (): CheckResult | undefined => {
    if (result !== undefined) return result;
    const still: Task[] = [];
    for (const task of open) {
      if (runTask(task)) still.push(task);
      if (task.result?.verdict === 'violation') {
        result = finish('violation', 'settled-elsewhere');
        return result;
      }
      const limit = still.length > 0 || task !== open.at(-1) ? limitReached() : undefined;
      if (limit !== undefined) {
        result = finish('unknown', limit);
        return result;
      }
    }
    open = still;
    if (open.length > 0) return undefined;
    const all = !provesNothing && tasks.every((task) => task.result?.verdict === 'linearizable');
    result = finish(all ? 'linearizable' : 'unknown', 'memory');
    return result;
  };

  return {
    advance,
    progress: () => ({
      objects: tasks.length,
      linearizable: tasks.filter((task) => task.result?.verdict === 'linearizable').length,
      steps: settledSteps + openSteps,
      configurations: tasks.reduce(
        (sum, { search, result }) => sum + (search?.configurations ?? result?.configurations ?? 0),
        0,
      ),
      elapsedMs: clock.nowMs() - startedAtMs,
    }),
  };
}

/**
 * Checks a whole history without a pause; in a browser or under a progress display, run `createHistoryCheck` instead.
 *
 * @throws HistoryOptionError
 */
export function checkHistory(history: History, model: SequentialModel<unknown>, options: CheckOptions): CheckResult {
  const check = createHistoryCheck(history, model, options);
  for (;;) {
    const result = check.advance();
    if (result !== undefined) return result;
  }
}

/** Whether a client learned anything: without that, any object explains a history. */
export const hasAnswers = ({ operations }: History): boolean => operations.some(({ outcome }) => outcome === 'ok');

function tasksOf(history: History): Task[] {
  const tasks = new Map<ObjectKey, Task>();
  for (const operation of history.operations) {
    let task = tasks.get(operation.key);
    if (task === undefined) {
      task = { key: operation.key, operations: [], search: undefined, result: undefined };
      tasks.set(operation.key, task);
    }
    if (operation.outcome !== 'failed') task.operations.push(operation);
  }
  return [...tasks.values()];
}

function resultOf(task: Task, verdict: Verdict, unfinished: Unfinished | undefined): ObjectResult {
  const { key, operations, search } = task;
  const unknownOutcomes = operations.filter(({ outcome }) => outcome === 'unknown').length;
  const result: ObjectResult = {
    linearization: [],
    explained: 0,
    answers: operations.length - unknownOutcomes,
    stuckAt: undefined,
    stuckStates: [],
    stuckStatesInAll: 0,
    ...search?.findings(),
    key,
    verdict,
    unfinished,
    operations: operations.length,
    unknownOutcomes,
    steps: search?.steps ?? 0,
    states: search?.states ?? 0,
    configurations: search?.configurations ?? 0,
  };
  search?.release();
  return result;
}
