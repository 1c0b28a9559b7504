/** One line of a file of JSON lines: what it holds, or why it is refused. */

import { HistoryFormatError } from './errors.ts';
import { unreadableNumber } from './numbers.ts';

/** How much is taken. */
interface Limits {
  readonly lines: number;
  readonly lineLength: number;
}

/**
 * The value on a line; undefined for a blank one.
 *
 * @throws HistoryFormatError for one line too many, a line that is too long, no JSON, or a number that cannot be held
 */
export function parsedLine(given: string, line: number, { lines, lineLength }: Limits): { value: unknown } | undefined {
  requireLine(line, lines);
  // A byte-order mark is no part of the first line.
  const text = line === 1 && given.startsWith('\uFEFF') ? given.slice(1) : given;
  if (text.length > lineLength) {
    throw new HistoryFormatError(line, `expected at most ${lineLength} characters, got ${text.length}`);
  }
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unreadable';
    throw new HistoryFormatError(line, `not JSON (${why}); expected one object per line`);
  }
  const unreadable = unreadableNumber(text);
  if (unreadable === undefined) return { value };
  throw new HistoryFormatError(
    line,
    `the number ${unreadable.slice(0, 40)} cannot be held exactly; write it as a string`,
  );
}

/** @throws HistoryFormatError for one line too many */
export function requireLine(line: number, lines: number): void {
  if (line <= lines) return;
  throw new HistoryFormatError(line, `expected at most ${lines} lines; raise the limit, or check a shorter history`);
}
