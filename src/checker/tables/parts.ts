/**
 * Keys of large plain data that share most of their parts: each part gets a short key of its own when it is first met, and is
 * not looked at again. Equal data have equal keys. The data must not change.
 */

import { canonicalKey } from '../../../statecharts/actor.ts';

/** Makes a function that tells keys; they are comparable with each other alone. */
export function createPartKeys(): (value: unknown) => string {
  const known = new WeakMap<object, string>();
  const numbers = new Map<string, string>();
  const keyOf = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return canonicalKey(value);
    const before = known.get(value);
    if (before !== undefined) return before;
    const text = textOf(value);
    const key = numbers.get(text) ?? `#${numbers.size}`;
    numbers.set(text, key);
    known.set(value, key);
    return key;
  };
  const textOf = (value: object): string => {
    if (Array.isArray(value)) return `[${value.map(keyOf).join(',')}]`;
    if ('toJSON' in value || value instanceof Uint8Array) return canonicalKey(value);
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${keyOf(member)}`).join(',')}}`;
  };
  return keyOf;
}
