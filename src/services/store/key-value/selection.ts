/** Which keys are meant: one, those with a prefix, or those between two. Their order is that of the bytes of UTF-8. */

import { MalformedRequestError } from '../errors.ts';
import { assertKey, problemOfKey } from './commands.ts';

/** Which keys: one, or those of a range; without any field, all. */
export type Selection =
  | { readonly key: string; readonly prefix?: never; readonly from?: never; readonly to?: never }
  | {
      readonly key?: never;
      /** They begin with it. */
      readonly prefix?: string;
      /** The first one, if it is there. */
      readonly from?: string;
      /** The first one that is not meant any more. */
      readonly to?: string;
    };

const utf8 = new TextEncoder();

/** Refuses a selection that means no keys. @throws KeyLimitError, MalformedRequestError */
export function assertSelection(selection: Selection): void {
  if (selection.key !== undefined) {
    assertKey(selection.key);
    return;
  }
  for (const text of [selection.prefix, selection.from, selection.to])
    if (text !== undefined && text !== '') assertKey(text);
  if (selection.to === '') throw new MalformedRequestError(`expected a selection up to some key, got one up to ''`);
}

/** The selection that somebody asks for; undefined for none. */
export function selectionIn(value: unknown): Selection | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { key, prefix, from, to }: { key?: unknown; prefix?: unknown; from?: unknown; to?: unknown } = value;
  const isPart = (part: unknown): part is string | undefined =>
    part === undefined || part === '' || (typeof part === 'string' && problemOfKey(part) === undefined);
  if (key !== undefined) return typeof key === 'string' && problemOfKey(key) === undefined ? { key } : undefined;
  if (!isPart(prefix) || !isPart(from) || !isPart(to)) return undefined;
  return {
    ...(prefix === undefined ? {} : { prefix }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** A selection in bytes, for going through keys in their order. */
export interface KeyRange {
  /** No key before it is meant. */
  readonly first: string;
  /** How a key that is not before the first one stands to those that are meant: so many of `bytes`, from `at` on. */
  sideOf(bytes: Uint8Array, at: number, length: number): 'before' | 'in' | 'after';
}

/** The range of the keys that are meant. */
export function rangeOf(selection: Selection): KeyRange {
  const { key, prefix = '', from = '', to } = selection;
  if (key !== undefined) {
    const own = utf8.encode(key);
    return { first: key, sideOf: (bytes, at, length) => (compareBytes(bytes, at, length, own) === 0 ? 'in' : 'after') };
  }
  const [prefixBytes, fromBytes] = [utf8.encode(prefix), utf8.encode(from)];
  const toBytes = to === undefined ? undefined : utf8.encode(to);
  return {
    first: compareBytes(prefixBytes, 0, prefixBytes.length, fromBytes) > 0 ? prefix : from,
    sideOf(bytes, at, length) {
      if (compareBytes(bytes, at, length, fromBytes) < 0) return 'before';
      if (toBytes !== undefined && compareBytes(bytes, at, length, toBytes) >= 0) return 'after';
      const head = compareBytes(bytes, at, Math.min(length, prefixBytes.length), prefixBytes);
      if (head === 0) return 'in';
      return head < 0 ? 'before' : 'after';
    },
  };
}

/** How so many of `bytes`, from `at` on, stand to `other` in their order. */
function compareBytes(bytes: Uint8Array, at: number, length: number, other: Uint8Array): number {
  const shared = Math.min(length, other.length);
  for (let place = 0; place < shared; place += 1) {
    const difference = (bytes[at + place] ?? 0) - (other[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return length - other.length;
}
