/** What the commands that check a protocol have in common: their options, how they run, and what they end with. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes } from '../errors.ts';
import { integerIn, positiveIn } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { type Job, runJobs, type Verdict } from './jobs.ts';
import { type System, twinNames } from './systems.ts';

/** The options that every protocol has. */
export interface CommonOptions {
  readonly broken?: string;
  readonly maxSeconds?: number;
  readonly maxStates?: number;
  readonly jobs: number;
}

/** What bounds a run of checks. */
export interface Limits {
  readonly jobs: number;
  readonly maxSeconds: number | undefined;
  readonly maxStates: number | undefined;
}

/** What every help says of exit codes. */
export const exitCodesHelp = `docs/verification.md says what a check proves and what it does not.

Exit codes: 0 every property holds and every goal was reached, 1 not so (a shortest run shows it), 2 wrong options, 3
nobody knows: a limit came first.`;

/** Reads how often something may happen. */
export const count = integerIn(0, 1_000);

/** Reads how often something may happen, or `unlimited`. @throws InvalidArgumentError */
export function budgetIn(text: string): number | 'unlimited' {
  return text === 'unlimited' ? text : count(text);
}

/** Reads one of `choices`. */
export const choiceIn =
  <Choice extends string>(choices: readonly Choice[]) =>
  (text: string): Choice => {
    const choice = choices.find((it) => it === text);
    if (choice === undefined) throw new InvalidArgumentError(`Expected ${choices.join(', ')}.`);
    return choice;
  };

/** Adds the options that every protocol has. */
export const withCommonOptions = (command: Command, protocol: System['protocol'], what: string): Command =>
  command
    .addOption(
      new Option('--broken <name>', `check ${what} with a broken rule, the way it is found out`).choices(
        twinNames[protocol],
      ),
    )
    .option('--max-seconds <number>', 'stop each check after this time', positiveIn)
    .option('--max-states <number>', 'stop each check beyond so many states', integerIn(1, 1_000_000_000))
    .option('--jobs <number>', 'how many systems are checked at a time', integerIn(1, 64), 2);

/** Runs the checks, within the limits that were asked for, and sets the exit code. */
export async function runChecks(
  checks: readonly Job[],
  { jobs, maxSeconds, maxStates }: Limits,
  terminal: Terminal,
): Promise<void> {
  const limits = {
    ...(maxSeconds === undefined ? {} : { maxSeconds }),
    ...(maxStates === undefined ? {} : { maxStates }),
  };
  const limited = checks.map((job) => ({ ...job, ...limits }));
  process.exitCode = codes[await runJobs(limited, jobs, terminal)];
}

const codes: Readonly<Record<Verdict, number>> = {
  ok: exitCodes.done,
  violated: exitCodes.failed,
  unknown: exitCodes.unknown,
};
