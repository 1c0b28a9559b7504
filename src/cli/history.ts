/** `quorate history`: judges a recorded history. */

import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { systemClock } from '../environment/clock.ts';
import {
  checkHistory,
  createHistoryReader,
  type History,
  HistoryFormatError,
  type HistoryReader,
  modelNamed,
  modelNames,
  renderPicture,
  renderReport,
  type SequentialModel,
} from '../history.ts';
import { exitCodes, FileError, tell } from './errors.ts';
import { positiveIn } from './options.ts';
import type { Terminal } from './terminal.ts';

interface HistoryOptions {
  readonly model: string;
  readonly picture?: string;
  readonly budget: number;
}

const help = `
A history is a file of JSON lines, one per event, in the order in which clients saw them:
  {"process":1,"type":"invoke","f":"put","key":"x","value":3,"time":12.5}
  {"process":1,"type":"ok","f":"put","key":"x","time":14}
docs/history-format.md says the rest: models, functions, faults, and how to record one.

Examples:
  $ quorate history run.jsonl --model kv
  $ quorate history run.jsonl --model cas-register --picture run.svg --budget 300
  $ zcat run.jsonl.gz | quorate history - --model kv

Exit codes: 0 linearizable, 1 not linearizable, 2 wrong options or a file that is no history, 3 nobody knows: the budget
was used up first.`;

/** Makes the command. */
export function historyCommand(terminal: Terminal): Command {
  return new Command('history')
    .summary('check a recorded history for linearizability')
    .description('Says whether what clients saw can have come from an object that serves one call at a time.')
    .argument('<file>', 'the history, as JSON lines; - for the standard input')
    .addOption(new Option('--model <name>', 'what the objects are').choices(modelNames).makeOptionMandatory())
    .option('--picture <file.svg>', 'draw the operations that matter most for the verdict')
    .option('--budget <seconds>', 'how long to search before giving up', positiveIn, 60)
    .addHelpText('after', help)
    .action(async (file: string, options: HistoryOptions) => {
      process.exitCode = await judge(file, options, terminal);
    });
}

const verdictCodes = {
  linearizable: exitCodes.done,
  violation: exitCodes.failed,
  unknown: exitCodes.unknown,
} as const;

async function judge(file: string, { model: name, picture, budget }: HistoryOptions, terminal: Terminal) {
  const model = modelNamed(name);
  let history: History;
  try {
    history = await readFile(file, model);
  } catch (error) {
    if (!(error instanceof HistoryFormatError)) throw error;
    tell(error, terminal);
    return exitCodes.usage;
  }
  const result = checkHistory(history, model, { clock: systemClock(), budgetMs: budget * 1_000 });
  terminal.out(renderReport(history, result, model).trimEnd());
  if (picture !== undefined) await draw(picture, renderPicture(history, result, model), terminal);
  return verdictCodes[result.verdict];
}

async function draw(file: string, svg: string | undefined, terminal: Terminal): Promise<void> {
  if (svg === undefined) {
    terminal.err('There is nothing to draw: the history has no operations.');
    return;
  }
  try {
    await writeFile(file, svg);
  } catch (cause) {
    throw new FileError(`cannot write the picture to '${file}': ${messageOf(cause)}; name another file`, { cause });
  }
  terminal.out(`Picture: ${file}`);
}

/** @throws HistoryFormatError, FileError */
async function readFile(file: string, model: SequentialModel<unknown>): Promise<History> {
  const reader = createHistoryReader(model);
  const stream = file === '-' ? process.stdin : createReadStream(file);
  stream.setEncoding('utf8');
  try {
    await readLines(stream, reader);
  } catch (cause) {
    if (cause instanceof HistoryFormatError) throw cause;
    throw new FileError(`cannot read '${file}': ${messageOf(cause)}; name a file of JSON lines`, { cause });
  }
  return reader.end();
}

/** No line is longer than what the reader refuses, so a file without an end of line takes no more memory either. */
const longestLine = 2 * 1_024 * 1_024;

async function readLines(chunks: AsyncIterable<string | Buffer>, reader: HistoryReader): Promise<void> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) reader.line(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (rest.length > longestLine) reader.line(rest);
  }
  if (rest !== '') reader.line(rest);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
