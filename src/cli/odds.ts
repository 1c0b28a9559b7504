/** `quorate odds`: how probable a commit is, and what it costs, by formula, from the model and by runs. */

import { Command } from 'commander';
import { OddsInputError } from '../odds.ts';
import { unverifiedOf } from '../proof/odds/agreement.ts';
import { protocolOdds } from '../proof/odds/all.ts';
import {
  type GivenOdds,
  type OddsParameterName,
  oddsParameterNames,
  oddsParameters,
  parameterIn,
} from '../proof/odds/parameters.ts';
import { quantities } from '../proof/odds/quantities.ts';
import type { ProtocolOdds } from '../proof/odds.ts';
import { assertWritable, writeText } from './config/files.ts';
import { exitCodes, UsageError } from './errors.ts';
import { type GatheredOdds, gather, type RunsRequest } from './odds/gather.ts';
import { svgPlot, textPlot } from './odds/plot.ts';
import { type Sweep, sweepIn, swept } from './odds/sweep.ts';
import { dataOf, tableOf } from './odds/table.ts';
import { integerIn } from './options.ts';
import type { Terminal } from './terminal.ts';

/** What odds cannot be asked about. */
export class OddsOptionsError extends UsageError {
  readonly code = 'ODDS_OPTIONS';
}

const defaultRuns = 2_000;
const runsOfSweep = 500;

interface OddsOptions extends Pick<RunsRequest, 'seed'> {
  readonly runs?: number;
  readonly all: boolean;
  readonly verify: boolean;
  readonly json: boolean;
  readonly sweep?: Sweep;
  readonly svg?: string;
}

const help = `
P(commit) = P(prepare) x P(commit | prepare), for every method; what the two are is said with each. Where two ways contradict
each other it fails. With --verify, each method is asked in the configuration by which it is held to that: all ways must
give these three and the messages, and the model's bounds must be narrower than 1e-3.

Examples:
  $ quorate odds 2pc --participants 3 --vote-yes 0.99 --loss 0.01 --mttf 30d --mttr 5m
  $ quorate odds 2pc --sweep loss=0..0.2 --svg curve.svg
  $ quorate odds --all --verify

Exit codes: 0 the ways agree, 1 they do not, 2 wrong options, 3 a limit cut one of them short (what would help is said).`;

/** Reads as the parameters do, and calls what is wrong a matter of options. */
function reading<Value>(read: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      throw asUsage(error);
    }
  };
}

const asUsage = (error: unknown): unknown =>
  error instanceof OddsInputError ? new OddsOptionsError(error.message, { cause: error }) : error;

/** Makes the command. */
export function oddsCommand(terminal: Terminal): Command {
  const command = new Command('odds')
    .summary('tell how probable a commit is, and what it costs')
    .description(
      'Tells the odds of a method in three ways: by formula, from the model of its charts, and by runs of them.',
    )
    .argument('[method]', `one of ${protocolOdds.map(({ name }) => name).join(', ')}`)
    .option('--all', 'all methods', false)
    .option('--verify', 'in the configurations by which the ways are held to agree', false)
    .option('--sweep <name=from..to>', 'draw how it changes as one parameter does', reading(sweepIn))
    .option('--svg <file>', 'write the curves of a sweep to a file')
    .option(
      '--runs <number>',
      `how many runs are played (default: ${defaultRuns}, of a sweep ${runsOfSweep} at each place)`,
      integerIn(1, 1_000_000),
    )
    .option('--seed <number>', 'the seed of the first run', integerIn(0, 2 ** 31), 1)
    .option('--json', 'tell it as JSON', false);
  for (const name of oddsParameterNames) {
    const { option, placeholder, about } = oddsParameters[name];
    command.option(
      `--${option} <${placeholder}>`,
      about,
      reading((text) => parameterIn(name, text)),
    );
  }
  return command
    .addHelpText('after', help)
    .action(async (name: string | undefined, _options: unknown, self: Command) => {
      try {
        process.exitCode = await tellOdds(
          methodsOf(name, self.opts<OddsOptions>()),
          givenIn(self),
          self.opts(),
          terminal,
        );
      } catch (error) {
        throw asUsage(error);
      }
    });
}

/** @throws OddsOptionsError */
function methodsOf(name: string | undefined, { all, verify, sweep, svg }: OddsOptions): readonly ProtocolOdds[] {
  const names = protocolOdds.map((method) => method.name);
  if (svg !== undefined && sweep === undefined) {
    throw new OddsOptionsError('expected --sweep with --svg, which draws one; give both');
  }
  if (svg !== undefined && !/\.svg$/i.test(svg)) {
    throw new OddsOptionsError(`expected --svg FILE.svg, got '${svg}'; name it so`);
  }
  if (sweep !== undefined && (all || verify)) {
    const other = all ? '--all' : '--verify';
    throw new OddsOptionsError(`expected one method with --sweep, as it is drawn, got ${other}; leave one of them out`);
  }
  if (name === undefined) {
    if (all) return protocolOdds;
    throw new OddsOptionsError(`expected a method (${names.join(', ')}), or --all, got none`);
  }
  const method = protocolOdds.find((it) => it.name === name);
  if (method === undefined) throw new OddsOptionsError(`expected one of ${names.join(', ')}, got '${name}'`);
  if (all) throw new OddsOptionsError(`expected a method or --all, got '${name}' and --all; leave one out`);
  return [method];
}

/** The parameters that were given, by their names. */
function givenIn(command: Command): GivenOdds {
  const options = new Map(Object.entries(command.opts<Record<string, unknown>>()));
  const given: Partial<Record<OddsParameterName, number>> = {};
  for (const name of oddsParameterNames) {
    const { option } = oddsParameters[name];
    const value = options.get(option.replaceAll(/-(\w)/g, (_all, letter: string) => letter.toUpperCase()));
    if (typeof value === 'number') given[name] = value;
  }
  return given;
}

/** @returns the exit code */
async function tellOdds(
  methods: readonly ProtocolOdds[],
  given: GivenOdds,
  options: OddsOptions,
  terminal: Terminal,
): Promise<number> {
  const { sweep, verify, json, all, seed, runs = defaultRuns } = options;
  const [method] = methods;
  if (sweep !== undefined && method !== undefined) return tellSweep(method, given, sweep, options, terminal);
  const told: GatheredOdds[] = [];
  for (const one of methods) {
    const own = all ? takenBy(one, given) : given;
    const gathered = await gather(one, verify ? { ...one.verified, ...own } : own, { seed, runs }, terminal.err);
    const problems = [...gathered.disagreements, ...(verify ? unverifiedOf(gathered) : [])];
    told.push({ ...gathered, disagreements: problems });
    if (!json) terminal.out(`${tableOf({ ...gathered, disagreements: problems })}\n`);
  }
  const agrees = told.every(({ disagreements }) => disagreements.length === 0);
  const isWhole = !told.some(isCutShort);
  if (json) terminal.out(JSON.stringify({ agrees, isWhole, methods: told.map(dataOf) }));
  else
    terminal.out(
      `${agrees ? 'The ways agree' : 'THE WAYS DO NOT AGREE'}${isWhole ? '.' : ', but for what a limit cut short.'}`,
    );
  if (!agrees) return exitCodes.failed;
  return isWhole ? exitCodes.done : exitCodes.unknown;
}

/** Whether a limit kept a way from saying what it can say. */
const isCutShort = ({ formulas, model, sample }: GatheredOdds): boolean =>
  [formulas, model, sample].some((way) =>
    Object.values(way).some((answer) => answer.type === 'not-given' && answer.isLimit === true),
  );

/** Of what was given for all methods, what one of them takes. */
const takenBy = ({ defaults }: ProtocolOdds, given: GivenOdds): GivenOdds =>
  Object.fromEntries(Object.entries(given).filter(([name]) => name in defaults));

async function tellSweep(
  method: ProtocolOdds,
  given: GivenOdds,
  sweep: Sweep,
  { seed, runs = runsOfSweep, json, svg }: OddsOptions,
  terminal: Terminal,
): Promise<number> {
  if (given[sweep.name] !== undefined) {
    const { option } = oddsParameters[sweep.name];
    throw new OddsOptionsError(`expected --${option} or a --sweep of it, got both; leave one of them out`);
  }
  if (svg !== undefined) assertWritable(svg, 'the curves');
  const points = await swept(method, given, sweep, { seed, runs }, terminal.err);
  if (svg !== undefined) await writeText(svg, 'the curves', svgPlot(points, sweep, method.name));
  if (json) terminal.out(JSON.stringify({ method: method.name, sweep, quantities, points }));
  else terminal.out(textPlot(points, sweep, method.name));
  return exitCodes.done;
}
