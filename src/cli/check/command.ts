/** `quorate check PROTOCOL`, for whatever protocol: its options are the bounds of its descriptor. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { renderReceptions } from '../../checker.ts';
import { parseRecording } from '../../dashboard/recording.ts';
import { systemClock } from '../../environment/clock.ts';
import { type Bound, BoundError, optionNameOf } from '../../proof/bounds.ts';
import type { Protocol } from '../../proof/protocol.ts';
import { assertWritable } from '../config/files.ts';
import { CheckOptionsError, exitCodes } from '../errors.ts';
import { integerIn, positiveIn } from '../options.ts';
import { printTwins, quoted, twinIn } from '../protocols.ts';
import { keepRecording, showRecording } from '../show/recording.ts';
import { besideJson, type Terminal } from '../terminal.ts';
import { type Done, type Job, runJobs, totalOf, type Verdict, verdictOf } from './jobs.ts';
import { holesText, togetherOf } from './receptions.ts';
import { findTwins } from './twins.ts';

/** The options that every protocol has. */
interface CommonOptions {
  readonly broken?: string;
  readonly maxSeconds?: number;
  readonly maxStates?: number;
  readonly jobs: number;
  readonly receptions: boolean;
  readonly json: boolean;
  readonly recording?: string;
  readonly open: boolean;
  readonly wait: boolean;
}

const codes: Readonly<Record<Verdict, number>> = {
  ok: exitCodes.done,
  violated: exitCodes.failed,
  unknown: exitCodes.unknown,
};

const helpOf = ({ name, examples, commandLine, twins, systems }: Protocol): string => `
Without any bound, the systems are checked that the project is held to, some at a time (--jobs): ${systems.length} of them.
With one, that system alone. Each bound is a budget of the whole run, and whatever it allows may happen at any moment.
Start small: each more of anything makes for several times as many runs.

Examples:
  $ quorate check ${name}
${examples.map((bounds) => `  $ quorate check ${name} ${commandLine(bounds)}`).join('\n')}
  $ quorate check ${name} --broken ${quoted(twins[0]?.name ?? 'all')}   # what a counterexample looks like
  $ quorate check ${name} --broken ${quoted(twins[0]?.name ?? 'all')} --open
  $ quorate check ${name} --broken all
  $ quorate check ${name} --receptions --max-states 20000            # a first look at who takes what, and what is missing

docs/verification.md says what a check proves and what it does not.

Exit codes: 0 every property holds and every goal was reached (with --broken all: every twin was found, or is named
with the means that finds it), 1 not so (a shortest run shows it), 2 wrong options, 3 nobody knows: a limit came first.
With --open 0 once a counterexample was shown. With --receptions also 1 for a message that comes to a chart which says nothing to it where it stands.`;

/** Makes the command. */
export function protocolCommand(protocol: Protocol, terminal: Terminal): Command {
  const command = new Command(protocol.name)
    .summary(protocol.about)
    .description(`Checks the actors that run in production: ${protocol.about}.`);
  for (const [name, bound] of Object.entries(protocol.bounds)) command.addOption(optionOf(name, bound));
  return command
    .option('--broken <name>', "check a twin with a broken rule, the way it is found out; or 'all'")
    .option('--max-seconds <number>', 'stop each check after this time', positiveIn)
    .option('--max-states <number>', 'stop each check beyond so many states', integerIn(1, 1_000_000_000))
    .option('--jobs <number>', 'how many systems are checked at a time', integerIn(1, 64), 2)
    .option('--receptions', 'tell how each chart takes what is sent to it, and which transitions nothing takes', false)
    .option('--json', 'tell the result as JSON', false)
    .option('--recording <file>', 'write the counterexample there, for the dashboard (quorate open)')
    .option('--open', 'serve the counterexample on a page of this machine, until Ctrl-C', false)
    .option('--no-wait', 'with --open: end when all is found to be in its place, and serve nothing')
    .addHelpText('after', () => helpOf(protocol))
    .action(async (options: CommonOptions & Readonly<Record<string, unknown>>) => {
      const bounds = boundsIn(protocol, options);
      if (options.broken !== undefined) twinIn(protocol, options.broken);
      if (options.receptions && options.broken === 'all') {
        throw new CheckOptionsError("expected --receptions of the protocol, or of one twin, got 'all' of them");
      }
      const isShown = options.open || options.recording !== undefined;
      if (isShown && (options.broken === 'all' || options.receptions)) {
        throw new CheckOptionsError(
          'expected --recording and --open of systems or of one twin; ask for one counterexample',
        );
      }
      if (options.recording !== undefined) assertWritable(options.recording, 'the recording');
      process.exitCode =
        options.broken === 'all'
          ? await checkTwins(protocol, bounds, options, terminal)
          : await checkSystems(protocol, bounds, options, terminal);
    });
}

function optionOf(name: string, bound: Bound<unknown>): Option {
  const option = optionNameOf(name);
  if (bound.placeholder === undefined) {
    const isNegated = bound.default === true;
    return new Option(`--${isNegated ? 'no-' : ''}${option}`, `${isNegated ? 'do not ' : ''}${bound.about}`);
  }
  const about = `${bound.about} (default: ${bound.defaultText})`;
  return new Option(`--${option} <${bound.placeholder}>`, about).argParser((text) => {
    try {
      return bound.read(text);
    } catch (error) {
      throw error instanceof BoundError ? new InvalidArgumentError(error.message) : error;
    }
  });
}

/** The bounds that were given, without those that are as they are anyway. @throws CheckOptionsError */
function boundsIn(protocol: Protocol, options: Readonly<Record<string, unknown>>): object {
  const given = Object.entries(protocol.bounds).flatMap(([name, bound]): [string, unknown][] => {
    const value = options[name];
    const isGiven = value !== undefined && (bound.placeholder !== undefined || value !== bound.default);
    return isGiven ? [[name, value]] : [];
  });
  const bounds = Object.fromEntries(given);
  try {
    protocol.assertPossible(bounds);
  } catch (error) {
    throw error instanceof BoundError ? new CheckOptionsError(error.message) : error;
  }
  return bounds;
}

const limitsIn = ({ maxSeconds, maxStates }: CommonOptions): Pick<Job, 'maxSeconds' | 'maxStates'> => ({
  ...(maxSeconds === undefined ? {} : { maxSeconds }),
  ...(maxStates === undefined ? {} : { maxStates }),
});

/** Checks one system, or those that the project is held to. @returns the exit code */
async function checkSystems(
  { name, systems, commandLine }: Protocol,
  bounds: object,
  options: CommonOptions,
  terminal: Terminal,
): Promise<number> {
  const { broken, jobs, json, receptions } = options;
  const isOneSystem = broken !== undefined || Object.keys(bounds).length > 0;
  const checked = isOneSystem ? [{ bounds }] : systems;
  const twin = broken === undefined ? {} : { broken };
  const records = options.open || options.recording !== undefined;
  const list = checked.map((system): Job => ({ protocol: name, ...system, ...twin, ...limitsIn(options), records }));
  const clock = systemClock();
  const startedMs = clock.nowMs();
  const results = await runJobs(list, jobs, terminal, ({ text, report }) => {
    if (!json && (!receptions || report.verdict === 'violated')) terminal.out(`${text}\n`);
  });
  if (receptions) return printReceptions(name, results, terminal, json);
  const verdict = verdictOf(results);
  if (json) {
    const checks = results.map(({ report }, at) => ({ options: commandLine(list[at]?.bounds ?? {}), ...report }));
    terminal.out(JSON.stringify({ protocol: name, ...twin, verdict, checks }));
  } else if (list.length > 1) terminal.out(totalOf(results, (clock.nowMs() - startedMs) / 1_000));
  if (records) return showCounterexample(results, codes[verdict], options, terminal);
  return codes[verdict];
}

/** Records and shows the first counterexample. @returns the exit code */
async function showCounterexample(
  results: readonly Done[],
  code: number,
  { recording: file, open, wait, json }: CommonOptions,
  terminal: Terminal,
): Promise<number> {
  const text = results.find(({ recording }) => recording !== undefined)?.recording;
  if (text === undefined) {
    terminal.err('No property was violated: there is no counterexample to show.');
    return code;
  }
  const told = json ? besideJson(terminal) : terminal;
  if (file !== undefined) await keepRecording(file, text, told);
  if (!open) return code;
  await showRecording(parseRecording(text), { wait }, told);
  return exitCodes.done;
}

/** Tells how charts took what was sent to them in all systems together. @returns the exit code */
function printReceptions(protocol: string, results: readonly Done[], terminal: Terminal, isJson: boolean): number {
  const receptions = togetherOf(results);
  const verdict = receptions.holes.length > 0 ? 'violated' : verdictOf(results);
  if (isJson) terminal.out(JSON.stringify({ protocol, verdict, ...receptions }));
  else terminal.out([...holesText(receptions), renderReceptions(receptions)].join('\n'));
  return codes[verdict];
}

/** Looks for every twin. @returns the exit code */
async function checkTwins(
  protocol: Protocol,
  bounds: object,
  options: CommonOptions,
  terminal: Terminal,
): Promise<number> {
  const reports = await findTwins(protocol, bounds, limitsIn(options), options.jobs, terminal);
  return printTwins(protocol, 'check', reports, terminal, options.json) ? exitCodes.done : exitCodes.failed;
}
