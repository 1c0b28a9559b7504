/** What a statement of the application may do within a branch. */

import { BranchControlError, StatementTextError } from '../errors.ts';
import { assertStatementText } from '../sql/text.ts';
import type { Parameter } from './literals.ts';

const maxParameters = 65_535;

/**
 * XA statements, also in the comments that MariaDB runs and in texts that prepare others. What else would end the
 * transaction the server refuses while it is an XA transaction; what hides from this is found out afterwards.
 */
const control = /\bxa\b(?:\s|\/\*[\s\S]*?\*\/)+(?:start|begin|end|prepare|commit|rollback|recover)\b/i;

/**
 * Refuses what must not be sent within a branch.
 *
 * @throws StatementTextError for a text or a parameter that is none, BranchControlError for XA statements
 */
export function assertStatement(text: unknown, values: unknown): asserts text is string {
  assertStatementText(text, values, maxParameters);
  if (Array.isArray(values)) for (const [index, value] of values.entries()) assertParameter(value, index);
  if (!control.test(text)) return;
  throw new BranchControlError(
    'expected a statement within the transaction, got an XA statement; return from the transaction to commit, throw to abort',
  );
}

/** The driver makes several values, names and conditions of arrays and objects, and so other statements. */
function assertParameter(value: unknown, index: number): asserts value is Parameter | undefined {
  if (value === null || value === undefined || value instanceof Date || value instanceof Uint8Array) return;
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new StatementTextError(`expected a finite number as parameter ${index}, got ${value}`);
  }
  if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return;
  throw new StatementTextError(
    `expected a string, number, bigint, boolean, Date, Uint8Array or null as parameter ${index}, got ${Array.isArray(value) ? 'an array' : typeof value}`,
  );
}
