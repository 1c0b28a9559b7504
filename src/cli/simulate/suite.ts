/** Suites of simulated runs: how they are run, told, and what becomes of a violation. */

import { systemClock } from '../../environment/clock.ts';
import type { EventLimits } from '../../simulator/event-limits.ts';
import { type RunResult, runAsync, runSteps } from '../../simulator/run.ts';
import type { AnyScenario, Application } from '../../simulator/scenario.ts';
import { formatSchedule, type Schedule } from '../../simulator/schedule.ts';
import { shrinkAsync } from '../../simulator/shrink.ts';
import { runSuiteAsync, type SuiteProgress, type SuiteResult } from '../../simulator/suite.ts';
import { renderTrace } from '../../simulator/trace.ts';
import { writeText } from '../config/files.ts';
import { FileError, tell } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import type { FaultSelection } from './faults.ts';

/** What is to be run. */
export interface SuiteRequest {
  readonly seed: number;
  readonly runs: number;
  readonly nodes: number;
  readonly faults: FaultSelection;
  readonly checkDeterminism: boolean;
  readonly budgetSeconds?: number;
  readonly limits?: EventLimits;
}

/** How long a suite says nothing, in milliseconds. */
const progressIntervalMs = 2_000;

const maxReplays = 1_500;

/** Some minutes of shrinking a run that goes on to its limit of events. */
const maxReplayedEvents = 5_000_000;

/** Runs a suite, and says now and then how far it is. */
export function runSuiteOf(
  scenario: AnyScenario<Application>,
  { seed, runs, nodes, faults, checkDeterminism, budgetSeconds, limits = {} }: SuiteRequest,
  progress: (line: string) => void,
): Promise<SuiteResult> {
  const clock = systemClock();
  let toldMs = clock.nowMs();
  return runSuiteAsync(scenario, {
    seed,
    runs,
    nodes,
    faults: faults.kinds,
    isNetworkFaulty: faults.network,
    checksDeterminism: checkDeterminism,
    clock,
    ...limits,
    ...(budgetSeconds === undefined ? {} : { budgetMs: budgetSeconds * 1_000 }),
    onProgress(now) {
      if (clock.nowMs() - toldMs < progressIntervalMs) return;
      toldMs = clock.nowMs();
      progress(`${progressLine(now, runs)}${leftText(now, runs, budgetSeconds)}`);
    },
  });
}

/** How long a suite is likely to go on, as far as it has come. */
export function leftText({ runs, realMs }: SuiteProgress, total: number, budgetSeconds = Infinity): string {
  if (runs === 0) return '';
  const leftMs = Math.min((realMs / runs) * (total - runs), budgetSeconds * 1_000 - realMs);
  return `, about ${durationText(Math.max(0, leftMs))} left`;
}

/** Milliseconds for people: `45 s`, `12 min`, `3 h 5 min`. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How far a suite is, on one line; of how many runs, where that is told. */
export const progressLine = (
  { runs, virtualMs, realMs, events, faults, operations }: SuiteProgress,
  total?: number,
): string => {
  const rate = (runs * 1_000) / Math.max(realMs, 1);
  const virtual = `${(virtualMs / 1_000).toFixed(0)} virtual s (${(virtualMs / Math.max(realMs, 1)).toFixed(0)}x)`;
  const count = total === undefined ? `${runs}` : `${runs} of ${total}`;
  return `${count} runs (${rate.toFixed(1)}/s), ${virtual}, ${events} events, ${faults} faults, ${operations} operations`;
};

/** A violation, as small as it could be made. */
export interface ShrunkViolation {
  readonly schedule: Schedule;
  /** The run of that schedule, with its log. */
  readonly run: RunResult;
  /** Whether the schedule fails again each time. */
  readonly isDeterministic: boolean;
}

/** Shrinks the schedule of a failed run. */
export async function shrink(
  scenario: AnyScenario<Application>,
  failed: RunResult,
  limits: EventLimits = {},
): Promise<ShrunkViolation> {
  const shrunk = await shrinkAsync(failed, {
    replay: (schedule) => runSteps(scenario, schedule, limits),
    minNodes: scenario.minNodes,
    maxReplays,
    maxReplayedEvents,
  });
  const schedule = shrunk?.schedule ?? failed.schedule;
  const run = await runAsync(scenario, schedule, { keepsLog: true, ...limits });
  return { schedule, run, isDeterministic: shrunk !== undefined };
}

/** Writes a schedule. What was found is told also where it cannot be written: then it says why. @returns whether it is there */
export async function keepSchedule(file: string, schedule: Schedule, terminal: Terminal): Promise<boolean> {
  try {
    await writeText(file, 'the schedule', formatSchedule(schedule));
    return true;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    tell(error, terminal);
    return false;
  }
}

/** What a suite came to, as data for scripts. */
export function suiteReport(result: SuiteResult): object {
  const { runs, virtualMs, realMs, events, faults, operations, goals, missed, failed, divergedSeed } = result;
  return {
    runs,
    virtualMs,
    realMs: Math.round(realMs),
    events,
    faults,
    operations,
    goals: Object.fromEntries(goals),
    missedGoals: missed,
    ...(divergedSeed === undefined ? {} : { divergedSeed }),
    ...(failed === undefined ? {} : { violation: { seed: failed.schedule.seed, ...failed.violation } }),
  };
}

/** Tells a violation as a trace. */
export function tellShrunk({ run, isDeterministic }: ShrunkViolation, replayWith: string, terminal: Terminal): void {
  if (!isDeterministic) terminal.err('The schedule did not fail again: something is not deterministic.');
  terminal.out(renderTrace(run));
  terminal.out(`\nReplay it: ${replayWith}`);
}
