/** Suites of simulated runs: how they are run, told, and what becomes of a violation. */

import { writeFile } from 'node:fs/promises';
import { systemClock } from '../../environment/clock.ts';
import { type RunResult, runAsync, runSteps } from '../../simulator/run.ts';
import type { AnyScenario, Application } from '../../simulator/scenario.ts';
import { formatSchedule, type Schedule } from '../../simulator/schedule.ts';
import { shrinkAsync } from '../../simulator/shrink.ts';
import { runSuiteAsync, type SuiteProgress, type SuiteResult } from '../../simulator/suite.ts';
import { renderTrace } from '../../simulator/trace.ts';
import { FileError } from '../errors.ts';
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
}

/** How long a suite says nothing, in milliseconds. */
const progressIntervalMs = 2_000;

const maxReplays = 1_500;

/** Runs a suite, and says now and then how far it is. */
export function runSuiteOf(
  scenario: AnyScenario<Application>,
  { seed, runs, nodes, faults, checkDeterminism, budgetSeconds }: SuiteRequest,
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
    ...(budgetSeconds === undefined ? {} : { budgetMs: budgetSeconds * 1_000 }),
    onProgress(now) {
      if (clock.nowMs() - toldMs < progressIntervalMs) return;
      toldMs = clock.nowMs();
      progress(progressLine(now));
    },
  });
}

/** How far a suite is, on one line. */
export const progressLine = ({ runs, virtualMs, realMs, events, faults, operations }: SuiteProgress): string => {
  const rate = (runs * 1_000) / Math.max(realMs, 1);
  const virtual = `${(virtualMs / 1_000).toFixed(0)} virtual s (${(virtualMs / Math.max(realMs, 1)).toFixed(0)}x)`;
  return `${runs} runs (${rate.toFixed(1)}/s), ${virtual}, ${events} events, ${faults} faults, ${operations} operations`;
};

/** A violation, as small as it could be made. */
export interface ShrunkViolation {
  readonly schedule: Schedule;
  /** The run of that schedule, with its log. */
  readonly run: RunResult;
  /** Whether the schedule fails again each time. */
  readonly isDeterministic: boolean;
}

/** Shrinks the schedule of a failed run, and writes it to `file`. @throws FileError */
export async function shrinkTo(
  file: string,
  scenario: AnyScenario<Application>,
  failed: RunResult,
): Promise<ShrunkViolation> {
  const shrunk = await shrinkAsync(failed, {
    replay: (schedule) => runSteps(scenario, schedule),
    minNodes: scenario.minNodes,
    maxReplays,
  });
  const schedule = shrunk?.schedule ?? failed.schedule;
  const run = await runAsync(scenario, schedule, { keepsLog: true });
  await writeFile(file, formatSchedule(schedule)).catch((cause: unknown) => {
    throw new FileError(`cannot write the schedule to '${file}': ${String(cause)}; name another file with --schedule`, {
      cause,
    });
  });
  return { schedule, run, isDeterministic: shrunk !== undefined };
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
