/**
 * Parameters as literals that mean the same in every `sql_mode` and character set of a session. The driver's own escape a
 * quote by a backslash, which is none where an application has set NO_BACKSLASH_ESCAPES: there, a value would end its
 * literal and go on as a statement's text.
 */

import type { Parameter } from './connection.ts';

/** Replaces each `?` by the next value. */
export function withLiterals(text: string, values: readonly Parameter[], dateLiteral: (value: Date) => string): string {
  let next = 0;
  return text.replace(/\?/g, (mark) => {
    if (next >= values.length) return mark;
    const value = values[next];
    next += 1;
    return value instanceof Date ? dateLiteral(value) : literalOf(value);
  });
}

function literalOf(value: Exclude<Parameter, Date> | undefined): string {
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof Uint8Array) return `X'${Buffer.from(value).toString('hex')}'`;
  if (typeof value !== 'string') return String(value);
  // Whether a backslash escapes depends on the session, and in some character sets it is half of a character.
  if (value.includes('\\')) return `_utf8mb4 X'${Buffer.from(value).toString('hex')}'`;
  return `'${value.replaceAll("'", "''")}'`;
}
