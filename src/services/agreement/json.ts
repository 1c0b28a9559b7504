/**
 * Values as JSON, which is what acceptors keep the text of. What JSON would say in other words than it was given, such as
 * null for infinity, is refused: the value that is chosen is one that was proposed.
 */

import { DecisionValueError, DecisionValueLimitError } from './errors.ts';

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The most bytes of a value's JSON text, unless told otherwise. */
export const defaultValueLimitBytes = 64 * 1_024;

const encoder = new TextEncoder();

/** Half a character, of which UTF-8 has no bytes. */
const loneSurrogate = /\p{Surrogate}/u;

/** Whether `text` is the same after it was sent as UTF-8. */
export const isWellFormed = (text: string): boolean => !loneSurrogate.test(text);

/**
 * The text of a value.
 *
 * @throws DecisionValueError for what JSON has no words for: numbers that are not finite, half a character, what is no
 * value at all; DecisionValueLimitError beyond `limitBytes`
 */
export function jsonTextOf(value: Json, limitBytes: number): string {
  const text = textIn(value);
  const sizeBytes = encoder.encode(text).length;
  if (sizeBytes > limitBytes) {
    throw new DecisionValueLimitError(
      `expected a value of at most ${limitBytes} bytes of JSON, got ${sizeBytes}; agree on a name for it, and keep it elsewhere`,
    );
  }
  return text;
}

function textIn(value: Json): string {
  try {
    return JSON.stringify(value, sayable);
  } catch (cause) {
    if (cause instanceof DecisionValueError) throw cause;
    throw new DecisionValueError(
      'expected a value that JSON can say, got one that is too deep or holds itself; make it flat',
      { cause },
    );
  }
}

/** A part of a value, as it is. @throws DecisionValueError when JSON would leave it out, or say another */
function sayable(name: string, part: unknown): unknown {
  if (!isWellFormed(name)) throw unsayable('a name with half a character', name);
  switch (typeof part) {
    case 'boolean':
    case 'object':
      return part;
    case 'number':
      if (Number.isFinite(part)) return part;
      throw unsayable(`the number ${part}`, name);
    case 'string':
      if (isWellFormed(part)) return part;
      throw unsayable('text with half a character', name);
    default:
      throw unsayable(typeof part, name);
  }
}

const unsayable = (what: string, name: string): DecisionValueError =>
  new DecisionValueError(
    `expected a value that JSON can say, got ${what}${name === '' ? '' : ` at ${JSON.stringify(name)}`}; make it text, or leave it out`,
  );

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

/** The strings and numbers of a JSON text. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const integer = /^-?\d+$/;

/**
 * The value of a text from outside.
 *
 * @throws DecisionValueError when it is none, and for an integer that is no number here: another one would take its place
 */
export function exactJsonOf(text: string): Json {
  const value = jsonOf(text);
  const rounded = text.match(tokens)?.find((token) => integer.test(token) && isRounded(token));
  if (rounded === undefined) return value;
  throw new DecisionValueError(`expected integers that a double holds exactly, got ${rounded}; make it text`);
}

function isRounded(digits: string): boolean {
  const number = Number(digits);
  return !Number.isSafeInteger(number) && (!Number.isFinite(number) || BigInt(number) !== BigInt(digits));
}
