/**
 * Reads a history: pairs each answer with its invocation, and refuses whatever no recorder can have seen, naming the
 * line. What the checker gets is well formed.
 */

import { HistoryFormatError, HistoryOptionError } from './errors.ts';
import { brief, type FaultEvent, type HistoryEvent, type OperationEvent, parseEvent } from './event.ts';
import { parsedLine, requireLine } from './line.ts';
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
  return new LineReader(model, limits);
}

class LineReader implements HistoryReader {
  readonly #model: SequentialModel<unknown>;
  readonly #limits: Required<ReaderLimits>;
  readonly #operations: Operation[] = [];
  readonly #pending = new Map<ProcessId, PendingOperation>();
  readonly #faults: FaultInterval[] = [];
  readonly #openFaults = new Map<string, number>();
  /** Of all lines that say something. */
  readonly #moments: Moment[] = [];
  #hasStaleReads = false;
  #begin: Moment = { line: 0, timeMs: 0 };
  #end: Moment;
  #timed: boolean | undefined;
  #lines = 0;

  constructor(model: SequentialModel<unknown>, limits: ReaderLimits = {}) {
    this.#model = model;
    this.#limits = {
      lines: positive('lines', limits.lines ?? 1_000_000),
      lineLength: positive('lineLength', limits.lineLength ?? 1_048_576),
    };
    this.#end = this.#begin;
  }

  line(text: string): void {
    this.#lines += 1;
    const parsed = parsedLine(text, this.#lines, this.#limits);
    if (parsed !== undefined) this.#take(parsed.value);
  }

  event(event: unknown): void {
    this.#lines += 1;
    requireLine(this.#lines, this.#limits.lines);
    this.#take(event);
  }

  end(): History {
    const operations = this.#hasStaleReads ? inOrderOfInvocation(this.#operations) : [...this.#operations];
    return { operations, faults: [...this.#faults], begin: this.#begin, end: this.#end };
  }

  #wrong(message: string): HistoryFormatError {
    return new HistoryFormatError(this.#lines, message);
  }

  #momentOf(event: HistoryEvent): Moment {
    this.#timed ??= event.time !== undefined;
    if (this.#timed !== (event.time !== undefined)) {
      throw this.#wrong(
        `expected ${this.#timed ? 'a time, as' : 'no time, as there is none'} on the lines before; give all lines one, or none`,
      );
    }
    const moment = { line: this.#lines, timeMs: event.time ?? this.#lines };
    if (moment.timeMs < this.#end.timeMs && this.#end.line > 0) {
      throw this.#wrong(
        `time goes backwards: ${moment.timeMs} ms after ${this.#end.timeMs} ms on line ${this.#end.line}; sort by time first`,
      );
    }
    if (this.#begin.line === 0) this.#begin = moment;
    this.#end = moment;
    this.#moments.push(moment);
    return moment;
  }

  /**
   * When an operation was invoked. A read that may be stale by so much may return what was there at any time from so long
   * before its invocation on: just what a read may that was invoked then, and is not stale.
   */
  #invocationOf({ f = '', value, maxStalenessMs }: OperationEvent, at: Moment): Moment {
    if (maxStalenessMs === undefined) return at;
    if (this.#timed !== true || this.#model.isReadOnly?.({ f, value, known: false, result: undefined }) !== true) {
      throw this.#wrong('expected maxStalenessMs on a read, in a history whose lines have times');
    }
    this.#hasStaleReads = true;
    const timeMs = at.timeMs - maxStalenessMs;
    return { line: lastBefore(timeMs, this.#moments), timeMs };
  }

  #invoke(event: OperationEvent, moment: Moment): void {
    const { process, f, key } = event;
    const busy = this.#pending.get(process);
    if (busy !== undefined) {
      throw this.#wrong(
        `process ${brief(process)} invokes twice: it still waits for ${busy.operation.f} of line ${busy.operation.invokedAt.line}; ` +
          'use one process for each operation that is under way',
      );
    }
    const shape = f === undefined || !Object.hasOwn(this.#model.functions, f) ? undefined : this.#model.functions[f];
    if (f === undefined || shape === undefined) {
      throw this.#wrong(
        `expected f to be one of ${Object.keys(this.#model.functions).join(', ')} (model ${this.#model.name}), got ${brief(f)}`,
      );
    }
    if (key === undefined && this.#model.keys === 'required')
      throw this.#wrong(`expected a key (model ${this.#model.name}), got none`);
    const value = shape.value.read(event.value, undefined);
    if (value === undefined)
      throw this.#wrong(`expected ${f} to be invoked with ${shape.value.form}, got ${brief(event.value)}`);
    const invokedAt = this.#invocationOf(event, moment);
    const index = this.#operations.length;
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
    this.#operations.push(operation);
    this.#pending.set(process, { index, shape, operation });
  }

  #complete(event: OperationEvent, completedAt: Moment): void {
    const { process, type } = event;
    const invoked = this.#pending.get(process);
    if (invoked === undefined) {
      throw this.#wrong(`${type} without an invocation: process ${brief(process)} waits for nothing`);
    }
    const { operation, shape, index } = invoked;
    for (const field of ['f', 'key'] as const) {
      if (event[field] !== undefined && event[field] !== operation[field]) {
        throw this.#wrong(
          `expected ${field} to be ${brief(operation[field])}, as process ${brief(process)} invoked it on line ` +
            `${operation.invokedAt.line}, got ${brief(event[field])}`,
        );
      }
    }
    this.#pending.delete(process);
    if (type !== 'ok') {
      this.#operations[index] = { ...operation, outcome: type === 'fail' ? 'failed' : 'unknown', completedAt };
      return;
    }
    const result = shape.result.read(event.value, operation.value);
    if (result === undefined) {
      throw this.#wrong(
        `expected ${operation.f} (invoked on line ${operation.invokedAt.line} with ${brief(operation.value)}) ` +
          `to return ${shape.result.form}, got ${brief(event.value)}`,
      );
    }
    this.#operations[index] = { ...operation, outcome: 'ok', result, completedAt };
  }

  #fault({ phase, id, kind, target }: FaultEvent, at: Moment): void {
    if (phase === 'end') {
      const index = id === undefined ? undefined : this.#openFaults.get(id);
      const open = index === undefined ? undefined : this.#faults[index];
      if (id === undefined || index === undefined || open === undefined) {
        throw this.#wrong(`expected the id of a fault that began and is not over, got ${brief(id)}`);
      }
      this.#openFaults.delete(id);
      this.#faults[index] = { ...open, end: at };
      return;
    }
    if (kind === undefined)
      throw this.#wrong('expected the kind of the fault (crash, pause, partition, ...), got none');
    if (phase === 'begin') {
      if (id === undefined) throw this.#wrong('expected an id, so that the end of the fault can name it, got none');
      if (this.#openFaults.has(id))
        throw this.#wrong(`the fault ${brief(id)} begins twice; end it first, or use another id`);
      this.#openFaults.set(id, this.#faults.length);
    }
    this.#faults.push({ kind, target, begin: at, end: phase === 'moment' ? at : undefined });
  }

  #take(given: unknown): void {
    const event = parseEvent(given);
    if (typeof event === 'string') throw this.#wrong(event);
    const moment = this.#momentOf(event);
    if (event.type === 'fault') this.#fault(event, moment);
    else if (event.type === 'invoke') this.#invoke(event, moment);
    else this.#complete(event, moment);
  }
}

/** The last line before some time; 0 where there is none. @param moments in their order */
function lastBefore(timeMs: number, moments: readonly Moment[]): number {
  let [from, to] = [0, moments.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((moments[middle]?.timeMs ?? 0) < timeMs) from = middle + 1;
    else to = middle;
  }
  return moments[from - 1]?.line ?? 0;
}

const inOrderOfInvocation = (operations: readonly Operation[]): readonly Operation[] =>
  [...operations]
    .sort((a, b) => a.invokedAt.line - b.invokedAt.line || a.index - b.index)
    .map((operation, index) => ({ ...operation, index }));

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
