/**
 * Plain data: what contexts, messages and records are made of, so that they can be written down, sent, compared and
 * shown. Sets are sorted arrays, bytes are `Uint8Array`. A class may take part by providing `toJSON` and `equals`, as
 * Raft's log view does.
 */

import { NotPlainDataError } from './errors.ts';

/** A value object that may stand inside plain data. */
export interface PlainObject {
  /** A plain rendering that is equal for equal values. */
  toJSON(): unknown;
  equals(other: unknown): boolean;
}

const isPlainObject = (value: object): value is PlainObject =>
  'toJSON' in value && typeof value.toJSON === 'function' && 'equals' in value && typeof value.equals === 'function';

const isRecord = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/**
 * Refuses what is not plain data. Meant for development and tests: it walks the whole value.
 *
 * @throws NotPlainDataError that names the path, for instance `context.votes`
 */
export function assertPlain(value: unknown, path = 'value'): void {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'string':
      return;
    case 'number':
      if (Number.isNaN(value)) throw new NotPlainDataError(`expected a number at ${path}, got NaN`);
      return;
    case 'object': {
      if (value === null || value instanceof Uint8Array) return;
      if (Array.isArray(value)) {
        value.forEach((item: unknown, index) => {
          assertPlain(item, `${path}[${index}]`);
        });
        return;
      }
      if (isPlainObject(value)) return;
      if (isRecord(value)) {
        for (const [key, item] of Object.entries(value)) assertPlain(item, `${path}.${key}`);
        return;
      }
      throw new NotPlainDataError(
        `expected plain data at ${path}, got an instance of ${value.constructor.name}; use arrays, objects and Uint8Array`,
      );
    }
    default:
      throw new NotPlainDataError(`expected plain data at ${path}, got a ${typeof value}`);
  }
}

/**
 * A string that is equal exactly for equal values: keys are sorted, absent and undefined members are the same. It
 * serves as identity in the checker and in determinism tests.
 */
export function canonicalKey(value: unknown): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '0' : String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'undefined':
      return '_';
    case 'object': {
      if (value instanceof Uint8Array) return `<${hexOf(value)}>`;
      if (Array.isArray(value)) return `[${value.map(canonicalKey).join(',')}]`;
      if (isPlainObject(value)) return canonicalKey(value.toJSON());
      if (!isRecord(value)) break;
      const members: string[] = [];
      for (const key of Object.keys(value).sort()) {
        const member = value[key];
        if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalKey(member)}`);
      }
      return `{${members.join(',')}}`;
    }
  }
  throw new NotPlainDataError(
    `expected plain data, got ${typeof value === 'object' ? value.constructor.name : typeof value}`,
  );
}

function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
