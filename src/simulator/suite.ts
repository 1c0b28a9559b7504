/** A suite of runs over many seeds: stops at the first violation, and fails as vacuous when a goal is never reached. */

import type { Clock } from '../environment/clock.ts';
import type { EventLimits } from './event-limits.ts';
import { planSeed } from './plan.ts';
import { type RunResult, runSteps } from './run.ts';
import type { AnyScenario, Application } from './scenario.ts';
import type { FaultKind } from './schedule.ts';
import { finishSteps, type Steps, settleSteps } from './steps.ts';

export interface SuiteOptions extends EventLimits {
  /** The first seed; the others follow it. */
  readonly seed: number;
  readonly runs: number;
  readonly nodes: number;
  readonly faults: readonly FaultKind[];
  readonly isNetworkFaulty: boolean;
  /** How long faults may happen in each run, in virtual milliseconds. Default 10,000. */
  readonly faultyMs?: number;
  /** How long a healed quorum may take to make progress. Default 20,000. */
  readonly recoveryMs?: number;
  /** Runs each seed twice and compares the event logs to the last byte. */
  readonly checksDeterminism?: boolean;
  /** Real time, for the rate and the budget. */
  readonly clock: Clock;
  /** Ends the suite after this much real time, with fewer runs; a run that is under way then is cut short, and not counted. */
  readonly budgetMs?: number;
  readonly onProgress?: (progress: SuiteProgress) => void;
}

export interface SuiteProgress {
  readonly runs: number;
  readonly virtualMs: number;
  readonly realMs: number;
  readonly events: number;
  readonly faults: number;
  readonly operations: number;
  /** How many runs reached each goal. */
  readonly goals: ReadonlyMap<string, number>;
}

export interface SuiteResult extends SuiteProgress {
  /** The first run that failed. */
  readonly failed: RunResult | undefined;
  /** A seed whose two runs differed. */
  readonly divergedSeed: number | undefined;
  /** Goals that no run reached. */
  readonly missed: readonly string[];
}

/**
 * Runs the seeds of a suite one after the other.
 *
 * @throws AwaitingScenarioError for a scenario that awaits promises
 */
export const runSuite = <App extends Application>(scenario: AnyScenario<App>, options: SuiteOptions): SuiteResult =>
  finishSteps(suiteSteps(scenario, options));

/** Like `runSuite`, for any scenario. */
export const runSuiteAsync = <App extends Application>(
  scenario: AnyScenario<App>,
  options: SuiteOptions,
): Promise<SuiteResult> => settleSteps(suiteSteps(scenario, options));

function* suiteSteps<App extends Application>(scenario: AnyScenario<App>, options: SuiteOptions): Steps<SuiteResult> {
  const { clock, budgetMs = Infinity, maxEvents, maxEventsPerInstant } = options;
  const startedMs = clock.nowMs();
  const goals = new Map(scenario.goals.map((goal) => [goal, 0]));
  const total = { runs: 0, virtualMs: 0, events: 0, faults: 0, operations: 0 };
  const progress = (): SuiteProgress => ({ ...total, goals, realMs: clock.nowMs() - startedMs });
  const mayGoOn = (): boolean => clock.nowMs() - startedMs <= budgetMs;
  let failed: RunResult | undefined;
  let divergedSeed: number | undefined;

  for (let index = 0; index < options.runs && failed === undefined && divergedSeed === undefined; index += 1) {
    if (!mayGoOn()) break;
    const seed = options.seed + index;
    const schedule = planSeed(scenario, { ...options, seed });
    const play = (): Steps<RunResult> =>
      runSteps(scenario, schedule, {
        drawsFates: true,
        isNetworkFaulty: options.isNetworkFaulty,
        keepsLog: options.checksDeterminism ?? false,
        ...(maxEvents === undefined ? {} : { maxEvents }),
        ...(maxEventsPerInstant === undefined ? {} : { maxEventsPerInstant }),
        mayGoOn,
      });
    const result = yield* play();
    if (result.isCutShort) break;
    total.runs += 1;
    total.virtualMs += result.virtualMs;
    total.events += result.events;
    total.faults += result.faults;
    total.operations += result.operations;
    for (const goal of result.goals) goals.set(goal, (goals.get(goal) ?? 0) + 1);
    if (result.violation !== undefined) failed = result;
    else if (options.checksDeterminism === true) {
      const again = yield* play();
      if (!again.isCutShort && !isEqual(result.log.lines, again.log.lines)) divergedSeed = seed;
    }
    options.onProgress?.(progress());
  }
  return {
    ...progress(),
    failed,
    divergedSeed,
    missed: [...goals].flatMap(([goal, runs]) => (runs === 0 ? goal : [])),
  };
}

const isEqual = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((line, index) => line === other[index]);
