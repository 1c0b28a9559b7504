/** `quorate simulate`: runs a protocol under faults on virtual time, over many seeds, or replays one schedule. */

import { readFile, writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../environment/clock.ts';
import { scenarios } from '../proof/scenarios.ts';
import { allFaults } from '../simulator/plan.ts';
import { type RunResult, runAsync, runSteps } from '../simulator/run.ts';
import type { AnyScenario, Application } from '../simulator/scenario.ts';
import { type FaultKind, formatSchedule, parseSchedule } from '../simulator/schedule.ts';
import { shrinkAsync } from '../simulator/shrink.ts';
import { runSuiteAsync, type SuiteProgress, type SuiteResult } from '../simulator/suite.ts';
import { renderTrace } from '../simulator/trace.ts';
import { exitCodes, FileError } from './errors.ts';
import { integerIn, positiveIn } from './options.ts';
import type { Terminal } from './terminal.ts';

interface SimulateOptions {
  readonly seed: number;
  readonly runs: number;
  readonly nodes: number;
  readonly faults: FaultSelection;
  readonly checkDeterminism: boolean;
  readonly budget?: number;
  readonly replay?: string;
  readonly schedule: string;
}

interface FaultSelection {
  readonly kinds: readonly FaultKind[];
  /** Whether envelopes may be lost, repeated, and late. */
  readonly network: boolean;
}

const protocolNames = scenarios.map(({ name }) => `'${name}'`).join(', ');

/** A suite of fewer runs may miss a goal by chance. */
const vacuousFromRuns = 200;

/** No protocol here claims to survive that a disk is wiped: a server that forgot its votes would vote twice. */
const faultKinds = allFaults.filter((kind) => kind !== 'wipe');

const help = `
Protocols:
${scenarios.map(({ name, about }) => `  ${name.padEnd(14)}${about}`).join('\n')}

Kinds of faults: network (loss, repetition, delay, reordering of messages), ${faultKinds.join(', ')};
or 'all', or 'none'. Each run draws which of them it has, and how many. What befalls databases (outage: they restart;
flaky: their connections break, and they answer late) is drawn only for protocols that have some.

Each seed gives one schedule, and each schedule always the same run. A violation is shrunk to a small schedule, written
to a file and told as a trace; replay it with --replay. A suite of ${vacuousFromRuns} runs or more also fails when one of its goals
was never reached, because then its invariants may hold only for want of anything happening.

Examples:
  $ quorate simulate raft --runs 1000 --nodes 5
  $ quorate simulate raft --seed 7 --faults crash,partition --check-determinism
  $ quorate simulate raft --replay schedule.json
  $ quorate simulate 2pc-register --faults outage,flaky,pause

Exit codes: 0 nothing was found, 1 a violation, a run that is not deterministic, or a vacuous suite, 2 wrong options.`;

/** How long a suite says nothing, in milliseconds. */
const progressIntervalMs = 2_000;

const maxReplays = 1_500;

/** Makes the command. */
export function simulateCommand(terminal: Terminal): Command {
  return new Command('simulate')
    .summary('run a protocol under faults on virtual time')
    .description(
      'Runs whole clusters in one thread on virtual time, over a network and disks that fail as a seed says.',
    )
    .argument('<protocol>', `what to simulate: ${protocolNames}`, protocolIn)
    .option('--seed <number>', 'the first seed; the others follow it', integerIn(0, 2 ** 31 - 1), 1)
    .option('--runs <number>', 'how many seeds', integerIn(1, 10_000_000), 100)
    .option('--nodes <number>', 'how many nodes', integerIn(1, 9), 3)
    .option('--faults <kinds>', 'which faults may happen, separated by commas', faultsIn, faultsIn('all'))
    .option('--check-determinism', 'run each seed twice and compare the event logs to the last byte', false)
    .option('--budget <seconds>', 'end after this much real time, with fewer runs', positiveIn)
    .option('--replay <file>', 'play the schedule of a file instead, and tell what happens')
    .option('--schedule <file>', 'where to write the schedule of a violation', 'quorate-schedule.json')
    .addHelpText('after', help)
    .action(async (scenario: AnyScenario<Application>, options: SimulateOptions) => {
      process.exitCode = await (options.replay === undefined
        ? simulate(scenario, options, terminal)
        : replay(scenario, options.replay, terminal));
    });
}

/** @throws InvalidArgumentError */
function protocolIn(name: string): AnyScenario<Application> {
  const found = scenarios.find((it) => it.name === name);
  if (found !== undefined) return found.make();
  throw new InvalidArgumentError(`Expected ${protocolNames}.`);
}

/** @throws InvalidArgumentError */
function faultsIn(text: string): FaultSelection {
  if (text === 'all') return { kinds: faultKinds, network: true };
  if (text === 'none') return { kinds: [], network: false };
  const names = text.split(',');
  const unknown = names.find((name) => name !== 'network' && !faultKinds.some((kind) => kind === name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no fault '${unknown}'; there are: network, ${faultKinds.join(', ')}.`);
  }
  return { kinds: faultKinds.filter((kind) => names.includes(kind)), network: names.includes('network') };
}

async function simulate(
  scenario: AnyScenario<Application>,
  { seed, runs, nodes, faults, checkDeterminism, budget, schedule: file }: SimulateOptions,
  terminal: Terminal,
): Promise<number> {
  const clock = systemClock();
  let toldMs = clock.nowMs();
  const result = await runSuiteAsync(scenario, {
    seed,
    runs,
    nodes,
    faults: faults.kinds,
    isNetworkFaulty: faults.network,
    checksDeterminism: checkDeterminism,
    clock,
    ...(budget === undefined ? {} : { budgetMs: budget * 1_000 }),
    onProgress(progress) {
      if (clock.nowMs() - toldMs < progressIntervalMs) return;
      toldMs = clock.nowMs();
      terminal.out(progressLine(progress));
    },
  });
  terminal.out(progressLine(result));
  for (const [goal, count] of result.goals) terminal.out(`  ${String(count).padStart(7)}  ${goal}`);
  if (result.divergedSeed !== undefined) {
    terminal.err(`Seed ${result.divergedSeed} ran differently the second time: something is not deterministic.`);
    return exitCodes.failed;
  }
  if (result.failed !== undefined) return tellViolation(scenario, result.failed, file, terminal);
  return tellVacuity(result, terminal);
}

const progressLine = ({ runs, virtualMs, realMs, events, faults, operations }: SuiteProgress): string => {
  const rate = (runs * 1_000) / Math.max(realMs, 1);
  const virtual = `${(virtualMs / 1_000).toFixed(0)} virtual s (${(virtualMs / Math.max(realMs, 1)).toFixed(0)}x)`;
  return `${runs} runs (${rate.toFixed(1)}/s), ${virtual}, ${events} events, ${faults} faults, ${operations} operations`;
};

function tellVacuity({ missed, runs }: SuiteResult, terminal: Terminal): number {
  if (missed.length === 0) return exitCodes.done;
  const goals = missed.map((goal) => `'${goal}'`).join(', ');
  if (runs < vacuousFromRuns) {
    terminal.out(`Never reached in so few runs: ${goals}.`);
    return exitCodes.done;
  }
  terminal.err(`Vacuous: ${runs} runs never reached ${goals}.`);
  return exitCodes.failed;
}

async function tellViolation(
  scenario: AnyScenario<Application>,
  failed: RunResult,
  file: string,
  terminal: Terminal,
): Promise<number> {
  terminal.err(`Seed ${failed.schedule.seed}: ${failed.violation?.problem}`);
  terminal.out('Shrinking the schedule ...');
  const shrunk = await shrinkAsync(failed, {
    replay: (schedule) => runSteps(scenario, schedule),
    minNodes: scenario.minNodes,
    maxReplays,
  });
  const schedule = shrunk?.schedule ?? failed.schedule;
  const replayed = await runAsync(scenario, schedule, { keepsLog: true });
  if (shrunk === undefined) terminal.err('The schedule did not fail again: something is not deterministic.');
  await writeFile(file, formatSchedule(schedule)).catch((cause: unknown) => {
    throw new FileError(`cannot write the schedule to '${file}': ${String(cause)}; name another file with --schedule`, {
      cause,
    });
  });
  terminal.out(renderTrace(replayed));
  terminal.out(`\nReplay it: quorate simulate ${scenario.name} --replay ${file}`);
  return exitCodes.failed;
}

async function replay(scenario: AnyScenario<Application>, file: string, terminal: Terminal): Promise<number> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new FileError(`cannot read '${file}': ${String(cause)}; name the file that a violation was written to`, {
      cause,
    });
  });
  const schedule = parseSchedule(text);
  if (schedule.scenario !== scenario.name) {
    throw new FileError(
      `expected in '${file}' a schedule of '${scenario.name}', got one of '${schedule.scenario}'; name that protocol`,
    );
  }
  const result = await runAsync(scenario, schedule, { keepsLog: true });
  terminal.out(renderTrace(result));
  return result.violation === undefined ? exitCodes.done : exitCodes.failed;
}
