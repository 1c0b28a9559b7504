/** `quorate history`: judges a recorded history. */

import { Command, Option } from 'commander';
import { systemClock } from '../environment/clock.ts';
import {
  type ConsistencyName,
  checkHistory,
  consistencyNames,
  createHistoryReader,
  createTransactionReader,
  type History,
  HistoryFormatError,
  type IsolationName,
  isolationNames,
  judgeConsistency,
  judgeIsolation,
  modelNamed,
  modelNames,
  renderConsistency,
  renderIsolation,
  renderPicture,
  renderReport,
  renderStrongest,
  renderStrongestIsolation,
  type SequentialModel,
  strongestConsistency,
  strongestIsolation,
} from '../history.ts';
import { assertWritable, writeText } from './config/files.ts';
import { exitCodes, tell, UsageError } from './errors.ts';
import { readLines } from './history/lines.ts';
import { integerIn, positiveIn } from './options.ts';
import type { Terminal } from './terminal.ts';

interface HistoryOptions {
  readonly model?: string;
  readonly isolation?: IsolationName | 'strongest';
  readonly consistency: ConsistencyName | 'strongest';
  readonly maxLoss?: number;
  readonly picture?: string;
  readonly budget: number;
  readonly steps?: number;
  readonly memory: number;
  readonly lines: number;
  readonly lineLength: number;
  readonly json: boolean;
}

/** Options that contradict each other. */
class HistoryCommandError extends UsageError {
  readonly code = 'HISTORY_COMMAND';
}

const help = `
A history is a file of JSON lines, one per event, in the order in which clients saw them:
  {"process":1,"type":"invoke","f":"put","key":"x","value":3,"time":12.5}
  {"process":1,"type":"ok","f":"put","key":"x","time":14}
docs/history-format.md says the rest: models, functions, faults, consistency models, transactions, and how to
record one.

Examples:
  $ quorate history run.jsonl --model kv
  $ quorate history run.jsonl --model kv --consistency causal
  $ quorate history run.jsonl --model kv --consistency strongest --json
  $ quorate history transactions.jsonl --isolation snapshot-isolation
  $ quorate history run.jsonl --model cas-register --picture run.svg --budget 300
  $ zcat run.jsonl.gz | quorate history - --model kv

Exit codes: 0 it is what was asked (with strongest: at least one is satisfied), 1 it is not, 2 wrong options or a file that is no
history, 3 nobody knows: a limit was reached first, or the history proves nothing.`;

/** Makes the command. */
export function historyCommand(terminal: Terminal): Command {
  return new Command('history')
    .summary('check a recorded history for consistency, or the isolation of transactions')
    .description(
      'Says whether what clients saw can have come from a system that keeps to a consistency model or isolation level.',
    )
    .argument('<file>', 'the history, as JSON lines; - for the standard input')
    .addOption(new Option('--model <name>', 'what the objects are').choices(modelNames))
    .addOption(
      new Option('--consistency <name>', 'what to judge by; strongest judges by all')
        .choices([...consistencyNames, 'strongest'])
        .default('linearizable'),
    )
    .addOption(
      new Option('--isolation <name>', 'of a history of transactions: what to judge by; strongest judges by all')
        .choices([...isolationNames, 'strongest'])
        .conflicts(['model', 'consistency', 'maxLoss', 'picture']),
    )
    .option('--max-loss <writes>', 'of kv-with-loss: how many a failover may lose (default: 0)', integerIn(0, 100))
    .option('--picture <file.svg>', 'of linearizable: draw the operations that matter most for the verdict')
    .option('--budget <seconds>', 'how long to search before giving up', positiveIn, 60)
    .option('--steps <count>', 'how many steps to search before giving up (default: no limit)', integerIn(1, 1e15))
    .option('--memory <MiB>', 'how much memory to search in before giving up', integerIn(1, 1e6), 512)
    .option('--lines <count>', 'how many lines a history may have', integerIn(1, 1e9), 1_000_000)
    .option('--line-length <characters>', 'how long a line may be', integerIn(1, 2 ** 28), 2 ** 20)
    .option('--json', 'tell the result as JSON', false)
    .addHelpText('after', help)
    .action(async (file: string, options: HistoryOptions) => {
      process.exitCode = await judge(file, options, terminal);
    });
}

async function judge(file: string, options: HistoryOptions, terminal: Terminal): Promise<number> {
  const { model: name, isolation } = options;
  try {
    if (isolation !== undefined) return await judgeTransactions(file, isolation, options, terminal);
    if (name !== undefined) return await judgeOperations(file, name, options, terminal);
  } catch (error) {
    if (!(error instanceof HistoryFormatError)) throw error;
    tell(error, terminal);
    return exitCodes.usage;
  }
  throw new HistoryCommandError('expected --model, or --isolation for a history of transactions; name one');
}

const verdictCodes = { satisfied: exitCodes.done, violation: exitCodes.failed, undecided: exitCodes.unknown } as const;

async function judgeTransactions(
  file: string,
  isolation: IsolationName | 'strongest',
  options: HistoryOptions,
  { out }: Terminal,
): Promise<number> {
  const { lines, lineLength, json } = options;
  const reader = createTransactionReader({ lines, lineLength });
  await readLines(file, reader, lineLength);
  if (isolation === 'strongest') {
    const result = strongestIsolation(reader.end(), limitsOf(options));
    out(json ? JSON.stringify(result) : renderStrongestIsolation(result).trimEnd());
    if (result.strongest !== undefined) return exitCodes.done;
    return result.results.every(({ verdict }) => verdict === 'violation') ? exitCodes.failed : exitCodes.unknown;
  }
  const result = judgeIsolation(reader.end(), isolation, limitsOf(options));
  out(json ? JSON.stringify(result) : renderIsolation(result).trimEnd());
  return verdictCodes[result.verdict];
}

async function judgeOperations(
  file: string,
  name: string,
  options: HistoryOptions,
  terminal: Terminal,
): Promise<number> {
  const { maxLoss, picture, consistency } = options;
  if (picture !== undefined && consistency !== 'linearizable') {
    throw new HistoryCommandError(`expected no --picture with --consistency ${consistency}; leave one of them out`);
  }
  if (picture !== undefined && !/\.svg$/i.test(picture)) {
    throw new HistoryCommandError(`expected --picture FILE.svg, as the picture is SVG, got '${picture}'; name it so`);
  }
  if (picture !== undefined) assertWritable(picture, 'the picture');
  const model = modelNamed(name, maxLoss === undefined ? {} : { maxLoss });
  const history = await readFile(file, model, options);
  if (consistency === 'linearizable') return judgeLinearizable(history, model, options, terminal);
  if (consistency === 'strongest') {
    const result = strongestConsistency(history, model, limitsOf(options));
    terminal.out(options.json ? JSON.stringify(result) : renderStrongest(result).trimEnd());
    if (result.satisfied.length > 0) return exitCodes.done;
    return result.undecided.length > 0 ? exitCodes.unknown : exitCodes.failed;
  }
  const result = judgeConsistency(history, model, consistency, limitsOf(options));
  terminal.out(options.json ? JSON.stringify(result) : renderConsistency(result).trimEnd());
  return verdictCodes[result.verdict];
}

const limitsOf = ({ budget, steps, memory }: HistoryOptions) => ({
  clock: systemClock(),
  budgetMs: budget * 1_000,
  ...(steps !== undefined && { stepLimit: steps }),
  memoryLimitBytes: memory * 2 ** 20,
});

async function judgeLinearizable(
  history: History,
  model: SequentialModel<unknown>,
  options: HistoryOptions,
  terminal: Terminal,
): Promise<number> {
  const result = checkHistory(history, model, limitsOf(options));
  terminal.out(options.json ? JSON.stringify(result) : renderReport(history, result, model).trimEnd());
  if (options.picture !== undefined) {
    // Standard output is for the JSON alone.
    const tellPicture = options.json ? terminal.err : terminal.out;
    await draw(options.picture, renderPicture(history, result, model), terminal, tellPicture);
  }
  return { linearizable: exitCodes.done, violation: exitCodes.failed, unknown: exitCodes.unknown }[result.verdict];
}

async function draw(
  file: string,
  svg: string | undefined,
  terminal: Terminal,
  tellPicture: (line: string) => void,
): Promise<void> {
  if (svg === undefined) {
    terminal.err('There is nothing to draw: the history has no operations.');
    return;
  }
  await writeText(file, 'the picture', svg);
  tellPicture(`Picture: ${file}`);
}

/** @throws HistoryFormatError, FileError */
async function readFile(
  file: string,
  model: SequentialModel<unknown>,
  { lines, lineLength }: HistoryOptions,
): Promise<History> {
  const reader = createHistoryReader(model, { lines, lineLength });
  await readLines(file, reader, lineLength);
  return reader.end();
}
