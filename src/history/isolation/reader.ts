/**
 * Reads a history of transactions: JSON lines, one transaction per line.
 *
 * ```
 * {"id":"t1","session":1,"status":"ok","begin":0,"end":4,"operations":[{"f":"append","key":"x","value":1}]}
 * {"id":"t2","session":2,"status":"ok","begin":5,"end":9,"operations":[{"f":"read","key":"x","value":[1]}]}
 * ```
 */

import * as v from 'valibot';
import { canonicalKey } from '../../../statecharts/actor/plain.ts';
import { HistoryFormatError, HistoryOptionError } from '../errors.ts';
import { brief, shallowValue } from '../event.ts';
import { parsedLine } from '../line.ts';
import type { ReaderLimits } from '../reader.ts';
import type { Transaction, TransactionHistory, TransactionOperation } from './transaction.ts';

/** Takes a history of transactions line by line. */
export interface TransactionReader {
  /** Takes the next line; a blank one is skipped, but counted. @throws HistoryFormatError */
  line(text: string): void;
  /** What was read so far. */
  end(): TransactionHistory;
}

const name = v.union([v.pipe(v.string(), v.minLength(1), v.maxLength(256)), v.pipe(v.number(), v.finite())]);
const time = v.optional(v.pipe(v.number(), v.finite()));
const version = v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)));

const operation = v.variant('f', [
  v.strictObject({ f: v.literal('read'), key: name, value: shallowValue, version }),
  v.strictObject({ f: v.literal('write'), key: name, value: shallowValue, version }),
  v.strictObject({ f: v.literal('append'), key: name, value: shallowValue }),
]);

const transaction = v.strictObject({
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  session: name,
  status: v.picklist(['ok', 'aborted', 'unknown']),
  begin: time,
  end: time,
  operations: v.pipe(v.array(operation), v.maxLength(100_000)),
  note: v.optional(v.unknown()),
});

/**
 * Makes a reader of transactions.
 *
 * @throws HistoryOptionError for a limit that is not a positive integer
 */
export function createTransactionReader({
  lines = 1_000_000,
  lineLength = 2 ** 20,
}: ReaderLimits = {}): TransactionReader {
  for (const limit of [lines, lineLength]) {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new HistoryOptionError(`expected limits to be positive integers, got ${limit}`);
    }
  }
  return new LineReader({ lines, lineLength });
}

class LineReader implements TransactionReader {
  readonly #limits: Required<ReaderLimits>;
  readonly #transactions: Transaction[] = [];
  readonly #ids = new Set<string>();
  /** By key: how it is written, and on which line each value was. */
  readonly #objects = new Map<
    string | number,
    { readonly kind: 'write' | 'append'; readonly lines: Map<string, number> }
  >();
  #isTimed: boolean | undefined;
  #lines = 0;

  constructor(limits: Required<ReaderLimits>) {
    this.#limits = limits;
  }

  line(text: string): void {
    this.#lines += 1;
    const given = parsedLine(text, this.#lines, this.#limits);
    if (given === undefined) return;
    const parsed = v.safeParse(transaction, given.value, { abortEarly: true });
    if (!parsed.success) {
      const [issue] = parsed.issues;
      throw this.#wrong(
        `${v.getDotPath(issue) ?? 'the line'}: ${issue.message}; expected id, session, status, operations (begin, end)`,
      );
    }
    const { id, session, status, begin, end, operations } = parsed.output;
    if (this.#ids.has(id)) throw this.#wrong(`expected an id of its own, got ${brief(id)} twice`);
    this.#ids.add(id);
    this.#checkTimes(begin, end);
    const read = operations.map((it): TransactionOperation => {
      const { f, key, value = null } = it;
      return { f, key, value, version: it.f === 'append' ? undefined : it.version };
    });
    for (const it of read) this.#checkOperation(it);
    this.#transactions.push({
      index: this.#transactions.length,
      line: this.#lines,
      id,
      session,
      status,
      beginMs: begin,
      endMs: end,
      operations: read,
    });
  }

  end(): TransactionHistory {
    for (const { line, operations } of this.#transactions) {
      for (const { f, key, value } of operations) {
        const isList = this.#objects.get(key)?.kind === 'append';
        if (f !== 'read' || !isList || value === null || Array.isArray(value)) continue;
        throw new HistoryFormatError(
          line,
          `expected a read of ${brief(key)}, which is appended to, to return an array or null`,
        );
      }
    }
    return { transactions: [...this.#transactions], isTimed: this.#isTimed === true };
  }

  #checkTimes(begin: number | undefined, end: number | undefined): void {
    const isTimed = begin !== undefined;
    if (isTimed !== (end !== undefined) || isTimed !== (this.#isTimed ?? isTimed)) {
      throw this.#wrong('expected begin and end on all lines, or on none');
    }
    this.#isTimed = isTimed;
    if (begin !== undefined && end !== undefined && end < begin) {
      throw this.#wrong(`expected an end that is not before the begin, got ${end} ms after ${begin} ms`);
    }
  }

  #checkOperation({ f, key, value }: TransactionOperation): void {
    if (f === 'read') return;
    if (value === null)
      throw this.#wrong(`expected a value to ${f} to ${brief(key)} other than null, which says nothing there`);
    if (f === 'write' && Array.isArray(value)) {
      throw this.#wrong(
        `expected no array to be written to ${brief(key)}, as a read of an array shows a list; append to it`,
      );
    }
    const object = this.#objects.get(key) ?? { kind: f, lines: new Map<string, number>() };
    this.#objects.set(key, object);
    if (object.kind !== f) throw this.#wrong(`expected ${brief(key)} to be either written or appended to, got both`);
    const known = object.lines.get(canonicalKey(value));
    if (known !== undefined) {
      throw this.#wrong(
        `expected each value once for ${brief(key)}, so that it is known who wrote what is read; ${brief(value)} is on line ${known} too`,
      );
    }
    object.lines.set(canonicalKey(value), this.#lines);
  }

  #wrong(message: string): HistoryFormatError {
    return new HistoryFormatError(this.#lines, message);
  }
}

/**
 * Reads a whole history of transactions.
 *
 * @param lines the lines of a file, without their ends
 * @throws HistoryFormatError that names the line that is wrong, and why
 */
export function readTransactions(lines: Iterable<string>, limits: ReaderLimits = {}): TransactionHistory {
  const reader = createTransactionReader(limits);
  for (const line of lines) reader.line(line);
  return reader.end();
}
