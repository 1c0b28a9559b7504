/**
 * Reads a history: pairs each answer with its invocation, and refuses whatever no recorder can have seen, naming the
 * line. What the checker gets is well formed.
 */

import { HistoryFormatError, HistoryOptionError } from './errors.ts';
import { brief, type FaultEvent, type HistoryEvent, type OperationEvent, parseEvent } from './event.ts';
import type { FunctionShape, SequentialModel } from './model.ts';
import type { FaultInterval, History, Moment, Operation, ProcessId } from './operation.ts';

/** How much a reader takes. */
export interface ReaderLimits {
  /** Lines of a history, blank ones included. Default 1,000,000. */
  readonly lines?: number;
  /** Characters of one line. Default 1,048,576. */
  readonly lineLength?: number;
}

/** Takes a history line by line, as it comes out of a file or a socket. */
export interface HistoryReader {
  /**
   * Takes the next line; a blank one is skipped, but counted.
   *
   * @throws HistoryFormatError
   */
  line(text: string): void;
  /**
   * Takes the next line in its parsed form.
   *
   * @throws HistoryFormatError
   */
  event(event: unknown): void;
  /** What was read so far; an operation without an answer has an unknown outcome. */
  end(): History;
}

interface PendingOperation {
  readonly index: number;
  readonly shape: FunctionShape;
  readonly operation: Operation;
}

/**
 * Makes a reader of histories of `model`'s objects.
 *
 * @throws HistoryOptionError for a limit that is not a positive integer
 */
export function createHistoryReader(model: SequentialModel<unknown>, limits: ReaderLimits = {}): HistoryReader {
  const lineLimit = positive('lines', limits.lines ?? 1_000_000);
  const lengthLimit = positive('lineLength', limits.lineLength ?? 1_048_576);
  const operations: Operation[] = [];
  const pending = new Map<ProcessId, PendingOperation>();
  const faults: FaultInterval[] = [];
  const openFaults = new Map<string, number>();
  let begin: Moment = { line: 0, timeMs: 0 };
  let end = begin;
  let timed: boolean | undefined;
  let lines = 0;

  const wrong = (message: string): HistoryFormatError => new HistoryFormatError(lines, message);
  const nextLine = (): void => {
    lines += 1;
    if (lines > lineLimit)
      throw wrong(`expected at most ${lineLimit} lines; raise the limit, or check a shorter history`);
  };

  const momentOf = (event: HistoryEvent): Moment => {
    timed ??= event.time !== undefined;
    if (timed !== (event.time !== undefined)) {
      throw wrong(
        `expected ${timed ? 'a time, as' : 'no time, as there is none'} on the lines before; give all lines one, or none`,
      );
    }
    const moment = { line: lines, timeMs: event.time ?? lines };
    if (moment.timeMs < end.timeMs && end.line > 0) {
      throw wrong(
        `time goes backwards: ${moment.timeMs} ms after ${end.timeMs} ms on line ${end.line}; sort by time first`,
      );
    }
    if (begin.line === 0) begin = moment;
    end = moment;
    return moment;
  };

  const invoke = (event: OperationEvent, invokedAt: Moment): void => {
    const { process, f, key } = event;
    const busy = pending.get(process);
    if (busy !== undefined) {
      throw wrong(
        `process ${brief(process)} invokes twice: it still waits for ${busy.operation.f} of line ${busy.operation.invokedAt.line}; ` +
          'use one process for each operation that is under way',
      );
    }
    const shape = f === undefined || !Object.hasOwn(model.functions, f) ? undefined : model.functions[f];
    if (f === undefined || shape === undefined) {
      throw wrong(
        `expected f to be one of ${Object.keys(model.functions).join(', ')} (model ${model.name}), got ${brief(f)}`,
      );
    }
    if (key === undefined && model.keys === 'required') throw wrong(`expected a key (model ${model.name}), got none`);
    const value = shape.value.read(event.value, undefined);
    if (value === undefined)
      throw wrong(`expected ${f} to be invoked with ${shape.value.form}, got ${brief(event.value)}`);
    const index = operations.length;
    const operation: Operation = {
      index,
      process,
      f,
      key,
      value,
      outcome: 'unknown',
      result: undefined,
      invokedAt,
      completedAt: undefined,
    };
    operations.push(operation);
    pending.set(process, { index, shape, operation });
  };

  const complete = (event: OperationEvent, completedAt: Moment): void => {
    const { process, type } = event;
    const invoked = pending.get(process);
    if (invoked === undefined) {
      throw wrong(`${type} without an invocation: process ${brief(process)} waits for nothing`);
    }
    const { operation, shape, index } = invoked;
    for (const field of ['f', 'key'] as const) {
      if (event[field] !== undefined && event[field] !== operation[field]) {
        throw wrong(
          `expected ${field} to be ${brief(operation[field])}, as process ${brief(process)} invoked it on line ` +
            `${operation.invokedAt.line}, got ${brief(event[field])}`,
        );
      }
    }
    pending.delete(process);
    if (type !== 'ok') {
      operations[index] = { ...operation, outcome: type === 'fail' ? 'failed' : 'unknown', completedAt };
      return;
    }
    const result = shape.result.read(event.value, operation.value);
    if (result === undefined) {
      throw wrong(
        `expected ${operation.f} (invoked on line ${operation.invokedAt.line} with ${brief(operation.value)}) ` +
          `to return ${shape.result.form}, got ${brief(event.value)}`,
      );
    }
    operations[index] = { ...operation, outcome: 'ok', result, completedAt };
  };

  const fault = ({ phase, id, kind, target }: FaultEvent, at: Moment): void => {
    if (phase === 'end') {
      const index = id === undefined ? undefined : openFaults.get(id);
      const open = index === undefined ? undefined : faults[index];
      if (id === undefined || index === undefined || open === undefined) {
        throw wrong(`expected the id of a fault that began and is not over, got ${brief(id)}`);
      }
      openFaults.delete(id);
      faults[index] = { ...open, end: at };
      return;
    }
    if (kind === undefined) throw wrong('expected the kind of the fault (crash, pause, partition, ...), got none');
    if (phase === 'begin') {
      if (id === undefined) throw wrong('expected an id, so that the end of the fault can name it, got none');
      if (openFaults.has(id)) throw wrong(`the fault ${brief(id)} begins twice; end it first, or use another id`);
      openFaults.set(id, faults.length);
    }
    faults.push({ kind, target, begin: at, end: phase === 'moment' ? at : undefined });
  };

  const take = (given: unknown): void => {
    const event = parseEvent(given);
    if (typeof event === 'string') throw wrong(event);
    const moment = momentOf(event);
    if (event.type === 'fault') fault(event, moment);
    else if (event.type === 'invoke') invoke(event, moment);
    else complete(event, moment);
  };

  return {
    line(text) {
      nextLine();
      if (text.length > lengthLimit) throw wrong(`expected at most ${lengthLimit} characters, got ${text.length}`);
      if (text.trim() === '') return;
      let given: unknown;
      try {
        given = JSON.parse(text);
      } catch (error) {
        throw wrong(
          `not JSON (${error instanceof Error ? error.message : 'unreadable'}); expected one object per line`,
        );
      }
      take(given);
    },
    event(event) {
      nextLine();
      take(event);
    },
    end: () => ({ operations: [...operations], faults: [...faults], begin, end }),
  };
}

/**
 * Reads a whole history.
 *
 * @param lines the lines of a file, without their ends
 * @throws HistoryFormatError that names the first line that is wrong, and why
 */
export function readHistory(
  lines: Iterable<string>,
  model: SequentialModel<unknown>,
  limits: ReaderLimits = {},
): History {
  const reader = createHistoryReader(model, limits);
  for (const line of lines) reader.line(line);
  return reader.end();
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new HistoryOptionError(`expected the limit ${name} to be a positive integer, got ${value}`);
}
