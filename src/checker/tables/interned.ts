/** Interns plain data by its canonical key: equal values, equal numbers. */

import { canonicalKey } from '../../../statecharts/actor.ts';

export interface Interned<T> {
  readonly count: number;
  /** The number of `value`. `key` is its identity, when it is not the canonical key of the whole. */
  idOf(value: T, key?: string): number;
  /** The value with number `id`. @throws RangeError when there is none */
  at(id: number): T;
}

/** Makes an empty table. */
export function createInterned<T>(): Interned<T> {
  const ids = new Map<string, number>();
  const boxes: { readonly value: T }[] = [];
  return {
    get count() {
      return boxes.length;
    },
    idOf(value, key = canonicalKey(value)) {
      const known = ids.get(key);
      if (known !== undefined) return known;
      const id = boxes.push({ value }) - 1;
      ids.set(key, id);
      return id;
    },
    at: (id) => elementAt(boxes, id).value,
  };
}

/** `list[index]`, which must be there. @throws RangeError */
export function elementAt<T extends object | number | string>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError(`no element ${index} among ${list.length}`);
  return value;
}
