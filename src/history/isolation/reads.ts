/** What is wrong with single reads: of aborted, intermediate or unwritten versions, or in contradiction to the own writes. */

import { canonicalKey } from '../../../statecharts/actor/plain.ts';
import type { AnomalyName } from './levels.ts';
import type { Transaction, TransactionOperation } from './transaction.ts';
import { longestReads, type TransactionKey } from './versions.ts';

/** A read that no level allows. */
export interface WrongRead {
  readonly name: AnomalyName;
  readonly reader: Transaction;
  readonly read: TransactionOperation;
  /** Who wrote what was read, or read a list otherwise; undefined where there is none. */
  readonly other: Transaction | undefined;
}

/** Who wrote a value, and whether it wrote another one to the object later. */
interface Origin {
  readonly writer: Transaction;
  /** How many writes of the same transaction to the object came before. */
  readonly place: number;
  readonly isFinal: boolean;
}

/** The values that a read shows, by their canonical keys: of a list its elements, of nothing none. */
export function valuesShown(value: unknown): string[] {
  if (value === null) return [];
  return (Array.isArray(value) ? value : [value]).map((element) => canonicalKey(element));
}

/** For each object, who wrote which value. */
export function originsOf(transactions: readonly Transaction[]): Map<TransactionKey, Map<string, Origin>> {
  const origins = new Map<TransactionKey, Map<string, Origin>>();
  for (const writer of transactions) {
    const counts = new Map<TransactionKey, number>();
    for (const { f, key } of writer.operations) if (f !== 'read') counts.set(key, (counts.get(key) ?? 0) + 1);
    const places = new Map<TransactionKey, number>();
    for (const { f, key, value } of writer.operations) {
      if (f === 'read') continue;
      const place = places.get(key) ?? 0;
      places.set(key, place + 1);
      const ofKey = origins.get(key) ?? new Map<string, Origin>();
      origins.set(key, ofKey.set(canonicalKey(value), { writer, place, isFinal: place + 1 === counts.get(key) }));
    }
  }
  return origins;
}

/** The first read that is wrong by itself; reads of transactions that aborted are nobody's concern. */
export function wrongRead(
  transactions: readonly Transaction[],
  committed: readonly Transaction[],
): WrongRead | undefined {
  const origins = originsOf(transactions);
  const lists = longestReads(committed);
  for (const reader of committed) {
    const own = new Map<TransactionKey, TransactionOperation[]>();
    for (const read of reader.operations) {
      const { f, key, value } = read;
      const before = own.get(key) ?? [];
      if (f !== 'read') {
        own.set(key, [...before, read]);
        continue;
      }
      const found = wrongOrigin(reader, read, origins.get(key) ?? new Map()) ?? wrongOwn(reader, read, before);
      if (found !== undefined) return found;
      if (!Array.isArray(value)) continue;
      const longest = lists.get(key) ?? [];
      const isPrefix = value.every((element, at) => canonicalKey(element) === longest[at]);
      // What is true of the longest list is true of all that it begins with.
      const misplaced = value.length === longest.length ? misplacedWriter(longest, origins.get(key)) : undefined;
      if (isPrefix && misplaced === undefined) continue;
      const other = misplaced ?? readerOf(key, longest.length, committed);
      return { name: 'incompatible-order', reader, read, other };
    }
  }
  return undefined;
}

const readerOf = (key: TransactionKey, length: number, committed: readonly Transaction[]): Transaction | undefined =>
  committed.find(({ operations }) =>
    operations.some((it) => it.key === key && it.f === 'read' && Array.isArray(it.value) && it.value.length === length),
  );

/** Who appended what a list shows twice, in another order, or without what it had appended before; undefined where none did. */
function misplacedWriter(
  list: readonly string[],
  origins: ReadonlyMap<string, Origin> | undefined,
): Transaction | undefined {
  const shown = new Map<Transaction, number>();
  for (const element of list) {
    const origin = origins?.get(element);
    if (origin === undefined) continue;
    const { writer, place } = origin;
    const before = shown.get(writer) ?? 0;
    if (place !== before) return writer;
    shown.set(writer, before + 1);
  }
  return undefined;
}

function wrongOrigin(
  reader: Transaction,
  read: TransactionOperation,
  origins: ReadonlyMap<string, Origin>,
): WrongRead | undefined {
  const shown = valuesShown(read.value);
  for (const [at, value] of shown.entries()) {
    const origin = origins.get(value);
    if (origin === undefined) return { name: 'unwritten', reader, read, other: undefined };
    const { writer, isFinal } = origin;
    if (writer === reader) continue;
    if (writer.status === 'aborted') return { name: 'G1a', reader, read, other: writer };
    if (!isFinal && at === shown.length - 1) return { name: 'G1b', reader, read, other: writer };
  }
  return undefined;
}

function wrongOwn(
  reader: Transaction,
  read: TransactionOperation,
  before: readonly TransactionOperation[],
): WrongRead | undefined {
  const last = before.at(-1);
  if (last === undefined)
    return isOwnLater(reader, read) ? { name: 'internal', reader, read, other: undefined } : undefined;
  const { value } = read;
  const shown = last.f === 'write' ? [value] : Array.isArray(value) ? value.slice(-before.length) : [];
  const expected = last.f === 'write' ? [last.value] : before.map((it) => it.value);
  const isRight = canonicalKey(shown) === canonicalKey(expected);
  return isRight ? undefined : { name: 'internal', reader, read, other: undefined };
}

/** Whether a read shows what its transaction wrote only after it. */
function isOwnLater(reader: Transaction, { key, value }: TransactionOperation): boolean {
  const shown = valuesShown(value);
  return reader.operations.some((it) => it.key === key && it.f !== 'read' && shown.includes(canonicalKey(it.value)));
}
