/** Values as JSON, which is what acceptors keep the text of. */

import { DecisionValueError, DecisionValueLimitError } from './errors.ts';

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The most bytes of a value's JSON text, unless told otherwise. */
export const defaultValueLimitBytes = 64 * 1_024;

const encoder = new TextEncoder();

/** The text of a value. @throws DecisionValueError when it has none; DecisionValueLimitError beyond `limitBytes` */
export function jsonTextOf(value: Json, limitBytes: number): string {
  const text = textIn(value);
  if (text === undefined) {
    throw new DecisionValueError(`expected a value that JSON can say, got ${typeof value}; make it one`);
  }
  const sizeBytes = encoder.encode(text).length;
  if (sizeBytes > limitBytes) {
    throw new DecisionValueLimitError(
      `expected a value of at most ${limitBytes} bytes of JSON, got ${sizeBytes}; agree on a name for it, and keep it elsewhere`,
    );
  }
  return text;
}

function textIn(value: Json): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new DecisionValueError(
      'expected a value that JSON can say, got one that is too deep or holds itself; make it flat',
      {
        cause,
      },
    );
  }
}

/** The value of a text. @throws DecisionValueError when it is none, because something else wrote it */
export function jsonOf(text: string): Json {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DecisionValueError('expected the text of a JSON value, got another text; read it with what wrote it', {
      cause,
    });
  }
}
