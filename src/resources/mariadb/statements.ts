/** What a statement of the application may do within a branch. */

import { StatementTextError } from '../errors.ts';
import { assertStatementText, controlError } from '../sql/text.ts';
import type { Parameter } from './literals.ts';

const maxParameters = 65_535;

/** XA statements, also in the comments that MariaDB runs and in texts that prepare others. */
const xa = /\bxa\b(?:\s|\/\*[\s\S]*?\*\/)+(?:start|begin|end|prepare|commit|rollback|recover)\b/i;

/** A word behind what the server skips. Comments that it runs are none. */
const word = /(?:[\s;]|#[^\n]*(?:\n|$)|--[ \t][^\n]*(?:\n|$)|\/\*(?!M?!)[\s\S]*?\*\/)*([a-z_]+)/iy;

/** The first words of a statement, in lower case, as far as nothing but words and comments comes. */
function firstWords(text: string, count: number): readonly string[] {
  const words: string[] = [];
  word.lastIndex = 0;
  while (words.length < count) {
    const found = word.exec(text)?.[1];
    if (found === undefined) break;
    words.push(found.toLowerCase());
  }
  return words;
}

/** Whether it goes back to a savepoint. The server takes one statement in a text. */
export function goesBack(text: string): boolean {
  const [first, second, third] = firstWords(text, 3);
  return first === 'rollback' && (second === 'to' || (second === 'work' && third === 'to'));
}

/** What the server would refuse in an XA transaction anyway; what hides from this is found out afterwards. */
function isControl(text: string): boolean {
  const [first, second] = firstWords(text, 2);
  switch (first) {
    case 'commit':
      return true;
    case 'begin':
      return second !== 'not';
    case 'start':
      return second === 'transaction';
    case 'rollback':
      return !goesBack(text);
    default:
      return xa.test(text);
  }
}

/**
 * Refuses what must not be sent within a branch.
 *
 * @throws StatementTextError for a text or a parameter that is none, BranchControlError for a statement that begins or
 *   ends transactions
 */
export function assertStatement(text: unknown, values: unknown): asserts text is string {
  assertStatementText(text, values, maxParameters);
  if (Array.isArray(values)) for (const [index, value] of values.entries()) assertParameter(value, index);
  if (isControl(text)) throw controlError(text);
}

/** The driver makes several values, names and conditions of arrays and objects, and so other statements. */
export function assertParameter(value: unknown, index: number): asserts value is Parameter | undefined {
  if (value === null || value === undefined || value instanceof Date || value instanceof Uint8Array) return;
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new StatementTextError(`expected a finite number as parameter ${index}, got ${value}`);
  }
  if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return;
  throw new StatementTextError(
    `expected a string, number, bigint, boolean, Date, Uint8Array or null as parameter ${index}, got ${Array.isArray(value) ? 'an array' : typeof value}`,
  );
}
