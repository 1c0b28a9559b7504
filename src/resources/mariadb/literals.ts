/**
 * Parameters as literals that mean the same in every `sql_mode` and character set of a session. The driver's own escape a
 * quote by a backslash, which is none where an application has set NO_BACKSLASH_ESCAPES: there, a value would end its
 * literal and go on as a statement's text.
 */

/** What a statement of an application takes as parameters. */
export type Parameter = string | number | bigint | boolean | Date | null | Uint8Array;

/** How the session reads literals now. */
export interface Reading {
  /** Whether a backslash escapes: not so in `sql_mode` NO_BACKSLASH_ESCAPES. */
  readonly hasEscapes: boolean;
  /** In digits and punctuation. */
  dateLiteral(value: Date): string;
}

/** Replaces each `?` by the next value. */
export function withLiterals(text: string, values: readonly Parameter[], reading: Reading): string {
  let next = 0;
  return text.replace(/\?/g, (mark) => {
    if (next >= values.length) return mark;
    const value = values[next];
    next += 1;
    return value instanceof Date ? reading.dateLiteral(value) : literalOf(value, reading);
  });
}

const ascii = /^[\0-\x7f]*$/;

function literalOf(value: Exclude<Parameter, Date> | undefined, { hasEscapes }: Reading): string {
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof Uint8Array) return `X'${Buffer.from(value).toString('hex')}'`;
  if (typeof value !== 'string') return String(value);
  const quoted = value.replaceAll("'", "''");
  if (!value.includes('\\')) return `'${quoted}'`;
  // Behind other characters it is half of one, where the application has chosen a character set of Asia.
  if (!ascii.test(value)) return `_utf8mb4 X'${Buffer.from(value).toString('hex')}'`;
  return hasEscapes ? `'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}
