/** What a server in memory holds: the end of a chain of writes. Chains that were continued apart share their beginning. */

import type { Mark, Position } from '../../../../statecharts/failover/servers.ts';

/** One write, and all before it. */
export interface Held extends Position {
  /** Of a client, or a primary's own; the beginning has neither. */
  readonly value: string | null;
  readonly mark: Mark | null;
  readonly before: Held | null;
}

/** Nothing, in a history of its own. */
export const nothingOf = (history: string): Held => ({ history, offset: 0, value: null, mark: null, before: null });

export const continued = (before: Held, history: string, written: string | Mark): Held => ({
  history,
  offset: before.offset + 1,
  value: typeof written === 'string' ? written : null,
  mark: typeof written === 'string' ? before.mark : written,
  before,
});

/** What both have in common; undefined where that is not even a beginning. */
export function commonOf(one: Held, other: Held): Held | undefined {
  let a: Held | null = one;
  let b: Held | null = other;
  while (a !== null && b !== null && a !== b) {
    if (a.offset >= b.offset) a = a.before;
    else b = b.before;
  }
  return a !== null && a === b ? a : undefined;
}

/** Without its last `count` writes. */
export function without(held: Held, count: number): Held {
  let left = held;
  for (let given = 0; given < count && left.before !== null; given += 1) left = left.before;
  return left;
}

/** The clients' writes, in order. */
export function valuesOf(held: Held): readonly string[] {
  const values: string[] = [];
  for (let at: Held | null = held; at !== null; at = at.before) if (at.value !== null) values.push(at.value);
  return values.reverse();
}
