/**
 * The direct serialization graph of a history (Adya, "Weak consistency: a generalized theory and optimistic implementations for
 * distributed transactions", 1999, §3.1): who depends on whom, and how.
 */

import { canonicalKey } from '../../../statecharts/actor/plain.ts';
import type { Transaction } from './transaction.ts';
import type { TransactionKey, Version } from './versions.ts';

/**
 * How a transaction depends on another one: `ww`, it installs the next version; `wr`, it read the other's version; `rw`, the other
 * read the version that it replaced (an anti-dependency); `rt`, it began when the other had ended.
 */
export type DependencyKind = 'ww' | 'wr' | 'rw' | 'rt';

/** `to` depends on `from`. */
export interface Dependency {
  readonly kind: DependencyKind;
  readonly from: Transaction;
  readonly to: Transaction;
  /** The object that it is about; undefined for `rt`. */
  readonly key: TransactionKey | undefined;
}

/** What a transaction read of an object that it had not written before: the version's value, undefined for none. */
export interface ExternalRead {
  readonly reader: Transaction;
  readonly key: TransactionKey;
  readonly value: string | undefined;
}

/** Reads that saw what others had written. */
export function externalReads(transactions: readonly Transaction[]): ExternalRead[] {
  return transactions.flatMap((reader) => {
    const own = new Set<TransactionKey>();
    return reader.operations.flatMap(({ f, key, value }): ExternalRead[] => {
      if (f !== 'read') own.add(key);
      return f !== 'read' || own.has(key) ? [] : [{ reader, key, value: versionIn(value) }];
    });
  });
}

/** The version that a read shows: of a list its last element. */
function versionIn(value: unknown): string | undefined {
  if (value === null) return undefined;
  if (!Array.isArray(value)) return canonicalKey(value);
  return value.length === 0 ? undefined : canonicalKey(value.at(-1));
}

/** The dependencies by one object, with its versions in `order`; `reads` are those of the object. */
export function dependenciesOf(
  key: TransactionKey,
  order: readonly Version[],
  reads: readonly ExternalRead[],
): Dependency[] {
  const placeOf = new Map(order.map(({ value }, place) => [value, place]));
  const found: Dependency[] = [];
  const add = (kind: DependencyKind, from: Transaction | undefined, to: Transaction | undefined): void => {
    if (from !== undefined && to !== undefined && from !== to) found.push({ kind, from, to, key });
  };
  for (const [place, { writer }] of order.entries()) add('ww', order[place - 1]?.writer, writer);
  for (const { reader, value } of reads) {
    const place = value === undefined ? -1 : placeOf.get(value);
    if (place === undefined) continue;
    add('wr', order[place]?.writer, reader);
    // The next version of another transaction: of several elements that one appended, the last is its version.
    const next = order.slice(place + 1).find(({ writer }) => writer !== order[place]?.writer);
    add('rw', reader, next?.writer);
  }
  return found;
}

/** Who began after whom had ended, without what follows from that. */
export function realTimeDependencies(transactions: readonly Transaction[]): Dependency[] {
  const found: Dependency[] = [];
  const before = new Map<Transaction, readonly Transaction[]>();
  let frontier: readonly Transaction[] = [];
  const moments = transactions.flatMap((it) => [
    { at: it.beginMs ?? 0, isEnd: false, it },
    { at: it.endMs ?? 0, isEnd: true, it },
  ]);
  // At one time begins come first: no order is claimed that was not seen.
  moments.sort((one, other) => one.at - other.at || Number(one.isEnd) - Number(other.isEnd));
  for (const { isEnd, it } of moments) {
    if (isEnd) {
      if (it.status === 'ok') frontier = [...frontier.filter((other) => before.get(it)?.includes(other) !== true), it];
      continue;
    }
    before.set(it, frontier);
    for (const from of frontier) found.push({ kind: 'rt', from, to: it, key: undefined });
  }
  return found;
}
