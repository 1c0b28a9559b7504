/**
 * Renaming ids inside plain data: in values, in the names of members, and in addresses. A second form erases ids
 * instead: what is left of a value, seen from one id, is the same for all values that renaming can make of it.
 */

import { canonicalKey } from '../../../statecharts/actor.ts';
import { ModelError } from '../errors.ts';

/** Changes one id; everything else is returned as it is. */
export type IdChange = (id: string) => string;

/** Changes ids inside a value of any form. */
export interface Renamer {
  /** @throws ModelError for a class instance that contains ids */
  rename<T>(value: T, change: IdChange): T;
  /** A key of `value` after `change`, which may make ids equal; the order of sets and members carries no meaning. */
  keyOf(value: unknown, change: IdChange): string;
}

/** Applies `change` to a string: the whole of it, or the node and the key of an address. */
export function changedString(text: string, change: IdChange): string {
  const first = text.indexOf('/');
  const second = text.indexOf('/', first + 1);
  if (first < 0 || second < 0) return change(text);
  return `${change(text.slice(0, first))}${text.slice(first, second + 1)}${change(text.slice(second + 1))}`;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Makes a renamer; `sets` names the members whose arrays are sets. */
export function createRenamer(sets: readonly string[]): Renamer {
  const isSet = new Set(sets);

  const sorted = (items: readonly unknown[]): unknown[] =>
    items.every((item) => typeof item === 'number')
      ? items.toSorted((a, b) => a - b)
      : items
          .map((item) => ({ item, key: typeof item === 'string' ? item : canonicalKey(item) }))
          .sort((a, b) => order(a.key, b.key))
          .map(({ item }) => item);

  function rename<T>(value: T, change: IdChange, member?: string): T;
  function rename(value: unknown, change: IdChange, member?: string): unknown {
    if (typeof value === 'string') return changedString(value, change);
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    if (Array.isArray(value)) {
      const items = value.map((item: unknown) => rename(item, change));
      return member !== undefined && isSet.has(member) ? sorted(items) : items;
    }
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      const plain: unknown = value.toJSON();
      if (canonicalKey(rename(plain, change)) === canonicalKey(plain)) return value;
      throw new ModelError(
        `an instance of ${value.constructor.name} contains interchangeable ids, which cannot be renamed there; check without symmetry`,
      );
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [changedString(name, change), rename(part, change, name)]),
    );
  }

  const keyOf = (value: unknown, change: IdChange, member?: string): string => {
    if (typeof value === 'string') return JSON.stringify(changedString(value, change));
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return canonicalKey(value);
    if (Array.isArray(value)) {
      const items = value.map((item: unknown) => keyOf(item, change));
      return `[${(member !== undefined && isSet.has(member) ? items.sort(order) : items).join()}]`;
    }
    if ('toJSON' in value && typeof value.toJSON === 'function') return keyOf(value.toJSON(), change, member);
    const members = Object.entries(value).flatMap(([name, part]) =>
      part === undefined ? [] : [`${JSON.stringify(changedString(name, change))}:${keyOf(part, change, name)}`],
    );
    return `{${members.sort(order).join()}}`;
  };

  return { rename, keyOf };
}
