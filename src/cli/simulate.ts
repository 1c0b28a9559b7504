/** `quorate simulate`: runs a protocol under faults on virtual time, over many seeds, or replays one schedule. */

import { Command, Option } from 'commander';
import { recordRun } from '../dashboard/record-run.ts';
import { formatRecording } from '../dashboard/recording.ts';
import type { RunRequest } from '../dashboard/run-feed.ts';
import { messageOf } from '../environment/message.ts';
import type { Protocol } from '../proof/protocol.ts';
import { protocols } from '../proof/protocols.ts';
import { defaultEventLimits, type EventLimits } from '../simulator/event-limits.ts';
import { planSeed } from '../simulator/plan.ts';
import { runAsync } from '../simulator/run.ts';
import { parseSchedule } from '../simulator/schedule.ts';
import type { SuiteResult } from '../simulator/suite.ts';
import { renderTrace } from '../simulator/trace.ts';
import { assertWritable, readText } from './config/files.ts';
import { exitCodes, FileError, SimulationOptionsError } from './errors.ts';
import { integerIn, positiveIn } from './options.ts';
import { printList, printTwins, protocolIn, quoted, type TwinReport, twinIn, withList } from './protocols.ts';
import { keepRecording, showRecording } from './show/recording.ts';
import { everyFault, type FaultSelection, faultKinds, faultsIn } from './simulate/faults.ts';
import { keepSchedule, progressLine, runSuiteOf, shrink, suiteReport, tellShrunk } from './simulate/suite.ts';
import { findTwin, suiteFor } from './simulate/twins.ts';
import { besideJson, type Terminal } from './terminal.ts';

interface SimulateOptions {
  readonly seed?: number;
  readonly runs?: number;
  readonly nodes: number;
  readonly faults: FaultSelection;
  readonly checkDeterminism: boolean;
  readonly broken?: string;
  readonly budget?: number;
  readonly maxEvents: number;
  readonly maxEventsPerInstant: number;
  readonly replay?: string;
  readonly schedule?: string;
  readonly recording?: string;
  readonly open: boolean;
  readonly wait: boolean;
  readonly list: boolean;
  readonly json: boolean;
}

const defaultRuns = 100;
const defaultSchedule = 'quorate-schedule.json';

/** A suite that asks for fewer runs may miss a goal by chance. */
const vacuousFromRuns = 200;

const help = `
Protocols:
${protocols.map(({ name, about }) => `  ${name.padEnd(Math.max(...protocols.map((it) => it.name.length)) + 2)}${about}`).join('\n')}

Kinds of faults: network (loss, repetition, delay, reordering of messages), ${faultKinds.join(', ')};
or 'all', or 'none'. Each run draws which of them it has, and how many. What befalls databases (outage: they restart;
flaky: their connections break, and they answer late) is drawn only for protocols that have some.

Each seed gives one schedule, and each schedule always the same run. A violation is shrunk to a small schedule, written
to a file and told as a trace; replay it with --replay. A suite of ${vacuousFromRuns} runs or more also fails when one of its goals
was never reached, because then its invariants may hold only for want of anything happening. More events than a run may have,
in all or while no time passes, are a violation as well: servers that answer each other for ever, or ask without waiting.

Examples:
  $ quorate simulate raft --runs 1000 --nodes 5
  $ quorate simulate raft --seed 7 --faults crash,partition --check-determinism
  $ quorate simulate raft --replay schedule.json
  $ quorate simulate raft --seed 7 --runs 1 --open        # see it
  $ quorate simulate raft --replay schedule.json --recording run.json
  $ quorate simulate raft --broken all
  $ quorate simulate 2pc-register --faults outage,flaky,pause

Exit codes: 0 nothing was found (with --broken all: every twin was found, or is named with the means that finds it), 1 a
violation, a run that is not deterministic, or a vacuous suite, 2 wrong options. With --open 0 once the run was shown.`;

/** Makes the command. */
export function simulateCommand(terminal: Terminal): Command {
  return withList(new Command('simulate'))
    .summary('run a protocol under faults on virtual time')
    .description(
      'Runs whole clusters in one thread on virtual time, over a network and disks that fail as a seed says.',
    )
    .argument('[protocol]', `what to simulate: ${protocols.map(({ name }) => `'${name}'`).join(', ')}`, protocolIn)
    .option('--seed <number>', 'the first seed; the others follow it (default: 1)', integerIn(0, 2 ** 31 - 1))
    .option('--runs <number>', `how many seeds (default: ${defaultRuns})`, integerIn(1, 10_000_000))
    .option('--nodes <number>', 'how many nodes', integerIn(1, 9), 3)
    .addOption(
      new Option('--faults <kinds>', 'which faults may happen, separated by commas')
        .argParser(faultsIn)
        .default(everyFault, 'all'),
    )
    .option('--broken <name>', "simulate a twin with a mistake, the way it is found; or 'all'")
    .option('--check-determinism', 'run each seed twice and compare the event logs to the last byte', false)
    .option('--budget <seconds>', 'end after this much real time, with fewer runs', positiveIn)
    .option(
      '--max-events <number>',
      'a run with more events is a violation',
      integerIn(1, 1_000_000_000),
      defaultEventLimits.maxEvents,
    )
    .option(
      '--max-events-per-instant <number>',
      'the same of one virtual instant',
      integerIn(1, 1_000_000_000),
      defaultEventLimits.maxEventsPerInstant,
    )
    .option('--replay <file>', 'play the schedule of a file instead, and tell what happens')
    .option('--schedule <file>', `where to write the schedule of a violation (default: "${defaultSchedule}")`)
    .option('--recording <file>', 'write the run there that was violated, or else the first, for the dashboard')
    .option('--open', 'serve that run on a page of this machine, until Ctrl-C', false)
    .option('--no-wait', 'with --open: end when all is found to be in its place, and serve nothing')
    .option('--json', 'tell the result as JSON', false)
    .addHelpText('after', help)
    .action(async (protocol: Protocol | undefined, options: SimulateOptions, self: Command) => {
      if (options.list) printList(terminal, options.json);
      else if (protocol === undefined) self.help({ error: true });
      else process.exitCode = await runWith(protocol, options, terminal);
    });
}

const limitsOf = ({ maxEvents, maxEventsPerInstant }: SimulateOptions): EventLimits => ({
  maxEvents,
  maxEventsPerInstant,
});

/** @returns the exit code */
async function runWith(protocol: Protocol, options: SimulateOptions, terminal: Terminal): Promise<number> {
  const broken = options.broken === undefined ? undefined : twinIn(protocol, options.broken);
  const isShown = options.open || options.recording !== undefined;
  if (broken === 'all' && isShown) {
    throw new SimulationOptionsError("expected --recording and --open of one run, got 'all' twins; name one");
  }
  if (options.recording !== undefined) assertWritable(options.recording, 'the recording');
  if (broken === 'all') return findTwins(protocol, options, terminal);
  if (options.replay !== undefined) return replay(protocol, options.replay, broken, options, terminal);
  return simulate(protocol, options, broken, terminal);
}

async function findTwins(protocol: Protocol, { json }: SimulateOptions, terminal: Terminal): Promise<number> {
  const reports: TwinReport[] = [];
  for (const twin of protocol.twins) {
    terminal.err(`[${reports.length + 1}/${protocol.twins.length}] ${twin.name}`);
    reports.push(await findTwin(protocol, twin, terminal.err));
  }
  return printTwins(protocol, 'simulate', reports, terminal, json) ? exitCodes.done : exitCodes.failed;
}

async function simulate(
  protocol: Protocol,
  options: SimulateOptions,
  broken: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const { nodes, faults, checkDeterminism, budget, schedule: file = defaultSchedule, json } = options;
  if (options.schedule !== undefined) assertWritable(options.schedule, 'the schedule');
  const twin = protocol.twins.find(({ name }) => name === broken);
  const finding = twin === undefined ? undefined : suiteFor(protocol, twin);
  const scenario = protocol.scenario(broken);
  const tell = json ? terminal.err : terminal.out;
  const runs = options.runs ?? finding?.runs ?? defaultRuns;
  const seed = options.seed ?? finding?.seed ?? 1;
  const limits = limitsOf(options);
  const budgetSeconds = budget === undefined ? {} : { budgetSeconds: budget };
  const result = await runSuiteOf(
    scenario,
    { seed, runs, nodes, faults, checkDeterminism, limits, ...budgetSeconds },
    tell,
  );
  tell(progressLine(result));
  const code = codeOf(result, runs);
  const shrunk = result.failed === undefined ? undefined : await shrink(scenario, result.failed, limits);
  const isKept = shrunk !== undefined && (await keepSchedule(file, shrunk.schedule, terminal));
  const shown: Omit<RunRequest, 'maxItems'> = {
    protocol,
    ...(broken === undefined ? {} : { twin: broken }),
    ...(shrunk === undefined
      ? {
          schedule: planSeed(scenario, { seed, nodes, faults: faults.kinds }),
          drawsFates: true,
          isNetworkFaulty: faults.network,
        }
      : { schedule: shrunk.schedule }),
  };
  if (json) {
    const told = {
      protocol: protocol.name,
      ...(broken === undefined ? {} : { broken }),
      seed,
      ok: code === exitCodes.done,
    };
    const where = isKept ? { schedule: file } : {};
    terminal.out(JSON.stringify({ ...told, ...suiteReport(result), ...where }));
    return showRun(shown, code, options, besideJson(terminal));
  }
  for (const [goal, count] of result.goals) terminal.out(`  ${String(count).padStart(7)}  ${goal}`);
  tellProblem(result, runs, terminal);
  const command = `quorate simulate ${protocol.name}${broken === undefined ? '' : ` --broken ${quoted(broken)}`}`;
  if (shrunk === undefined) return showRun(shown, code, options, terminal);
  const again = isKept
    ? `--replay ${quoted(file)}`
    : `--nodes ${nodes} --seed ${result.failed?.schedule.seed} --runs 1`;
  tellShrunk(shrunk, `${command} ${again}`, terminal);
  return showRun(shown, code, options, terminal);
}

/** Plays a run once more, to record or to show it, where that is asked for. @returns the exit code */
async function showRun(
  request: Omit<RunRequest, 'maxItems'>,
  code: number,
  { recording: file, open, wait }: SimulateOptions,
  terminal: Terminal,
): Promise<number> {
  if (file === undefined && !open) return code;
  const { recording } = await recordRun(request);
  if (file !== undefined) await keepRecording(file, formatRecording(recording), terminal);
  if (!open) return code;
  await showRecording(recording, { wait }, terminal);
  return exitCodes.done;
}

const isVacuous = ({ missed }: SuiteResult, runs: number): boolean => missed.length > 0 && runs >= vacuousFromRuns;

const codeOf = (result: SuiteResult, runs: number): number =>
  result.divergedSeed !== undefined || result.failed !== undefined || isVacuous(result, runs)
    ? exitCodes.failed
    : exitCodes.done;

function tellProblem(result: SuiteResult, runs: number, terminal: Terminal): void {
  const { divergedSeed, failed, missed } = result;
  const goals = missed.map((goal) => `'${goal}'`).join(', ');
  if (divergedSeed !== undefined) {
    terminal.err(`Seed ${divergedSeed} ran differently the second time: something is not deterministic.`);
  } else if (failed !== undefined) terminal.err(`Seed ${failed.schedule.seed}: ${failed.violation?.problem}`);
  else if (isVacuous(result, runs)) terminal.err(`Vacuous: ${result.runs} runs never reached ${goals}.`);
  else if (missed.length > 0) terminal.out(`Never reached in so few runs: ${goals}.`);
}

/** @throws FileError */
function scheduleText(file: string): string {
  try {
    return readText(file);
  } catch (cause) {
    const problem = `cannot read '${file}': ${messageOf(cause)}; name the file that a violation was written to`;
    throw new FileError(problem, { cause });
  }
}

async function replay(
  protocol: Protocol,
  file: string,
  broken: string | undefined,
  options: SimulateOptions,
  terminal: Terminal,
): Promise<number> {
  const schedule = parseSchedule(scheduleText(file));
  if (schedule.scenario !== protocol.name) {
    throw new FileError(
      `expected in '${file}' a schedule of '${protocol.name}', got one of '${schedule.scenario}'; name that protocol`,
    );
  }
  const result = await runAsync(protocol.scenario(broken), schedule, { keepsLog: true, ...limitsOf(options) });
  terminal.out(renderTrace(result));
  const code = result.violation === undefined ? exitCodes.done : exitCodes.failed;
  const twin = broken === undefined ? {} : { twin: broken };
  return showRun({ protocol, schedule, ...twin }, code, options, terminal);
}
