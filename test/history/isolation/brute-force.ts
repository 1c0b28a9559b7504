/** Isolation levels by what a database does: every schedule is tried. For a few transactions of writes or appends to few objects. */

import type { Transaction } from '../../../src/history.ts';
import { canonicalKey } from '../../../statecharts/actor/plain.ts';

type State = ReadonlyMap<string | number, unknown>;

/** The state after a transaction that sees `snapshot` commits over `current`; undefined when it cannot have read what it did. */
function run({ operations }: Transaction, snapshot: State, current: State): State | undefined {
  const seen = new Map(snapshot);
  const after = new Map(current);
  const result = (value: unknown, before: unknown): unknown => (Array.isArray(before) ? [...before, value] : [value]);
  for (const { f, key, value } of operations) {
    if (f === 'read') {
      const isEmpty = Array.isArray(value) && value.length === 0;
      if (canonicalKey(isEmpty ? null : value) !== canonicalKey(seen.get(key) ?? null)) return undefined;
    } else if (f === 'write') {
      seen.set(key, value);
      after.set(key, value);
    } else {
      seen.set(key, result(value, seen.get(key)));
      after.set(key, result(value, after.get(key)));
    }
  }
  return after;
}

const writtenBy = ({ operations }: Transaction): (string | number)[] =>
  operations.flatMap(({ f, key }) => (f === 'read' ? [] : [key]));

/** Whether those that committed, and any of unknown outcome, could have run one after the other. */
export function isSerializable(
  transactions: readonly Transaction[],
  mayPrecede: (one: Transaction, other: Transaction) => boolean,
): boolean {
  const go = (rest: readonly Transaction[], state: State): boolean => {
    if (!rest.some(({ status }) => status === 'ok')) return true;
    return rest.some((next) => {
      const others = rest.filter((it) => it !== next);
      if (others.some((it) => it.status === 'ok' && !mayPrecede(next, it))) return false;
      const after = run(next, state, state);
      return after !== undefined && go(others, after);
    });
  };
  return go(
    transactions.filter(({ status }) => status !== 'aborted'),
    new Map(),
  );
}

interface Begun {
  readonly it: Transaction;
  readonly snapshot: State;
  /** What others wrote since it began. */
  readonly overwritten: ReadonlySet<string | number>;
}

/** Whether they could have run under snapshot isolation, in which the first committer wins. */
export function isSnapshotIsolated(transactions: readonly Transaction[]): boolean {
  const go = (waiting: readonly Transaction[], begun: readonly Begun[], state: State): boolean => {
    const isNeeded = ({ status }: Transaction): boolean => status === 'ok';
    if (!waiting.some(isNeeded) && !begun.some(({ it }) => isNeeded(it))) return true;
    for (const next of begun) {
      const written = writtenBy(next.it);
      if (written.some((key) => next.overwritten.has(key))) continue;
      const after = run(next.it, next.snapshot, state);
      if (after === undefined) continue;
      const others = begun
        .filter((other) => other !== next)
        .map((other) => ({ ...other, overwritten: new Set([...other.overwritten, ...written]) }));
      if (go(waiting, others, after)) return true;
    }
    return waiting.some((it) =>
      go(
        waiting.filter((other) => other !== it),
        [...begun, { it, snapshot: state, overwritten: new Set() }],
        state,
      ),
    );
  };
  return go(
    transactions.filter(({ status }) => status !== 'aborted'),
    [],
    new Map(),
  );
}
