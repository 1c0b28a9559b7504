/** `quorate compare`: the same workload and the same faults over every method, with figures that can be had again. */

import { Command } from 'commander';
import { compare } from '../compare/compare.ts';
import type { Comparison } from '../compare/comparison.ts';
import type { Method } from '../compare/contract.ts';
import { operationKinds, operationMeanings } from '../compare/contract.ts';
import { UnknownFaultError, UnknownMethodError } from '../compare/errors.ts';
import { type FaultName, faultMeanings, faultNamed, faultNames } from '../compare/faults.ts';
import { methodNamed, methods } from '../compare/methods.ts';
import { htmlReport } from '../compare/report/html.ts';
import { textReport } from '../compare/report/text.ts';
import { comparedLive } from './compare/live.ts';
import { createProgressBar } from './compare/progress.ts';
import { assertWritable, writeText } from './config/files.ts';
import { ComparisonOptionsError, ComparisonStoppedError, exitCodes, tell, UsageError } from './errors.ts';
import { integerIn } from './options.ts';
import type { Terminal } from './terminal.ts';

interface CompareOptions {
  readonly seed: number;
  readonly runs: number;
  readonly methods?: string;
  readonly method?: string;
  readonly faults?: string;
  readonly fault?: string;
  readonly json: boolean;
  readonly out?: string;
  readonly live?: true;
}

/** Enough for a quantile of 99.9 % of the transfers without a fault. */
const defaultRuns = 3;

const listed = (entries: readonly (readonly [name: string, meaning: string])[]): string =>
  entries.map(([name, meaning]) => `  ${name.padEnd(22)}${meaning}`).join('\n');

const help = `
Methods:
${listed(methods.map(({ name, title }) => [name, title]))}

Kinds of faults, each of which befalls the machine on which the method depends at that moment:
${listed(faultNames.map((it) => [it, faultMeanings[it]]))}

Operations of the workload:
${listed(operationKinds.map((it) => [it, operationMeanings[it]]))}

Transactions of several statements are judged by isolation levels, over one database and over two, where a method has any.
All of it runs on virtual time and is a function of the seed: the same command gives the same figures, to the last byte.
With --live the same workload and schedule of faults run on processes of this machine instead, on loopback and with their data
in a temporary directory, for the methods and faults that need no privileges and no other software; about 70 s for each
method and run. The rest is told as not applicable, with the reason. Figures differ from one live comparison to the next.

Examples:
  $ quorate compare --out report.html
  $ quorate compare --seed 1 --json
  $ quorate compare --seed 1 --method raft --fault crash
  $ quorate compare --live --runs 1 --method raft --fault crash

Exit codes: 0 done, 1 a run ended in a way that no fault accounts for or was interrupted, 2 wrong options.`;

/** Makes the command. @param program the file that child processes run */
export function compareCommand(terminal: Terminal, program: string): Command {
  return new Command('compare')
    .summary('compare the methods under the same faults')
    .description(
      'Runs every method over the same workload and the same faults on the simulator, and tells what came of it.',
    )
    .option('--seed <number>', 'the first seed; the others follow it', integerIn(0, 2 ** 31 - 1), 1)
    .option('--runs <number>', 'how many seeds', integerIn(1, 1_000), defaultRuns)
    .option('--methods <names>', "which methods, separated by commas (default: 'all')")
    .option('--method <name>', 'one method alone')
    .option('--faults <kinds>', "which kinds of faults, separated by commas, or 'none' (default: 'all')")
    .option('--fault <kind>', "one kind alone, or 'none'")
    .option('--live', 'on processes of this machine, in place of the simulator')
    .option('--json', 'tell all figures as JSON', false)
    .option('--out <file>', 'write a report in HTML there, and its figures as JSON beside it')
    .addHelpText('after', help)
    .action(async (options: CompareOptions) => {
      process.exitCode = await run(options, terminal, program).catch((error: unknown) => {
        // Nothing is left but waits of the run that was under way.
        if (error instanceof ComparisonStoppedError) process.exit(tell(error, terminal));
        throw error;
      });
    });
}

/** @returns the exit code */
async function run(options: CompareOptions, terminal: Terminal, program: string): Promise<number> {
  const { seed, runs, json, out, live } = options;
  const chosen = { methods: methodsIn(options), faults: faultsIn(options) };
  if (out !== undefined) {
    if (!htmlEnding.test(out)) {
      throw new ComparisonOptionsError(`expected --out to name a file that ends in .html, got '${out}'`);
    }
    assertWritable(out, 'the report');
    assertWritable(figuresBeside(out), 'the figures');
  }
  const bar = createProgressBar(terminal);
  const asked = { seed, runs, ...chosen, onProgress: bar.show };
  const comparison = live === undefined ? await compare(asked) : await comparedLive(asked, program);
  bar.end();
  if (out !== undefined) await writeReport(out, comparison, terminal);
  if (json) terminal.out(JSON.stringify(comparison));
  else if (out === undefined) terminal.out(textReport(comparison));
  return exitCodes.done;
}

const htmlEnding = /\.html?$/i;

const figuresBeside = (file: string): string => file.replace(htmlEnding, '.json');

async function writeReport(file: string, comparison: Comparison, terminal: Terminal): Promise<void> {
  const jsonFile = figuresBeside(file);
  await writeText(file, 'the report', htmlReport(comparison));
  await writeText(jsonFile, 'the figures', `${JSON.stringify(comparison, null, 2)}\n`);
  terminal.err(`The report is in ${file}, and its figures in ${jsonFile}.`);
}

const namesIn = (text: string): readonly string[] => [...new Set(text.split(',').map((it) => it.trim()))];

/** What an option for several and one for one alone say together; undefined where neither was given. */
function given(many: string | undefined, one: string | undefined, names: string): readonly string[] | undefined {
  if (many !== undefined && one !== undefined) {
    throw new ComparisonOptionsError(`expected --${names}s or --${names}, got both; give one of them`);
  }
  const text = many ?? one;
  if (text === undefined || text === 'all') return undefined;
  const named = namesIn(text);
  requireAlone(named, 'all', names);
  return named;
}

/** @throws ComparisonOptionsError when `word`, which stands for all or none, stands among names */
function requireAlone(names: readonly string[], word: string, what: string): void {
  if (!names.includes(word)) return;
  throw new ComparisonOptionsError(
    `expected '${word}' alone in --${what}s, got ${names.join(',')}; leave out the others`,
  );
}

const asUsage = (error: unknown): unknown =>
  error instanceof UnknownMethodError || error instanceof UnknownFaultError ? new UnknownNameError(error) : error;

function read<T>(names: readonly string[], named: (name: string) => T): readonly T[] {
  try {
    return names.map(named);
  } catch (error) {
    throw asUsage(error);
  }
}

/** A method or a kind of fault that is not known, as a command ends with it. */
class UnknownNameError extends UsageError {
  readonly code: string;

  constructor(cause: UnknownMethodError | UnknownFaultError) {
    super(cause.message, { cause });
    this.code = cause.code;
  }
}

/** @throws UnknownNameError, ComparisonOptionsError */
function methodsIn(options: CompareOptions): readonly Method[] {
  const names = given(options.methods, options.method, 'method');
  if (names === undefined) return methods;
  const chosen = new Set(read(names, methodNamed));
  return methods.filter((it) => chosen.has(it));
}

/** @throws UnknownNameError, ComparisonOptionsError */
function faultsIn(options: CompareOptions): readonly FaultName[] {
  const names = given(options.faults, options.fault, 'fault');
  if (names === undefined) return faultNames;
  if (names.length === 1 && names[0] === 'none') return [];
  requireAlone(names, 'none', 'fault');
  const chosen = new Set(read(names, faultNamed));
  return faultNames.filter((it) => chosen.has(it));
}
