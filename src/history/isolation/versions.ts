/**
 * The order in which versions of each object were installed, as far as the history tells, and the orders that there can be beside.
 *
 * A list that is appended to tells it itself: each read shows the order of all before. Of an object that is written, versions may be
 * numbered; else a transaction that read a version and wrote the object installed the later one, for the contrary would be a
 * cycle of information flow that no level allows (Kingsbury & Alvaro, "Elle: inferring isolation anomalies from experimental
 * observations", 2020). What is still open is tried: an order that explains the history is enough.
 */

import { canonicalKey } from '../../../statecharts/actor/plain.ts';
import type { Transaction, TransactionOperation } from './transaction.ts';

/** The key of a transaction's object. */
export type TransactionKey = string | number;

/** One version: who installed it, and by which value it is known. */
export interface Version {
  readonly value: string;
  readonly writer: Transaction;
}

/** What is known of one object's versions. */
export interface ObjectVersions {
  readonly key: TransactionKey;
  readonly isList: boolean;
  /** Versions whose order is known, the oldest first; the others stand after them. */
  readonly chain: readonly Version[];
  /** Versions of which it is not. */
  readonly free: readonly Version[];
  /** Pairs of free versions of which it is known. */
  readonly pairs: readonly (readonly [earlier: Version, later: Version])[];
}

/** What one transaction did to one object. */
interface Use {
  readonly writer: Transaction;
  readonly operations: readonly TransactionOperation[];
}

/** Who did what to each object; each operation is looked at once. */
function usesByObject(committed: readonly Transaction[]): Map<TransactionKey, Use[]> {
  const uses = new Map<TransactionKey, Use[]>();
  for (const writer of committed) {
    const own = new Map<TransactionKey, TransactionOperation[]>();
    for (const it of writer.operations) {
      const ofKey = own.get(it.key);
      if (ofKey === undefined) own.set(it.key, [it]);
      else ofKey.push(it);
    }
    for (const [key, operations] of own) {
      const ofKey = uses.get(key);
      if (ofKey === undefined) uses.set(key, [{ writer, operations }]);
      else ofKey.push({ writer, operations });
    }
  }
  return uses;
}

/** What every transaction that took effect wrote, by object. */
export function versionsOf(committed: readonly Transaction[]): ObjectVersions[] {
  const seen = longestReads(committed);
  return [...usesByObject(committed)].map(([key, uses]) =>
    uses.some(({ operations }) => operations.some(({ f }) => f === 'append'))
      ? versionsOfList(key, uses, seen.get(key) ?? [])
      : versionsOfRegister(key, uses),
  );
}

/** The longest list that a transaction saw in each object, as canonical keys of its elements. */
export function longestReads(committed: readonly Transaction[]): Map<TransactionKey, readonly string[]> {
  const longest = new Map<TransactionKey, readonly unknown[]>();
  for (const { operations } of committed) {
    for (const { f, key, value } of operations) {
      if (f === 'read' && Array.isArray(value) && value.length > (longest.get(key)?.length ?? 0))
        longest.set(key, value);
    }
  }
  return new Map([...longest].map(([key, list]) => [key, list.map((element) => canonicalKey(element))]));
}

function versionsOfList(key: TransactionKey, uses: readonly Use[], seen: readonly string[]): ObjectVersions {
  const appended = uses.flatMap(({ writer, operations }) =>
    operations.flatMap(({ f, value }) => (f === 'append' ? [{ value: canonicalKey(value), writer }] : [])),
  );
  const byValue = new Map(appended.map((version) => [version.value, version]));
  const chain = seen.flatMap((element) => byValue.get(element) ?? []);
  const ordered = new Set(chain);
  const free = appended.filter((version) => !ordered.has(version));
  // What one transaction appended stands in its order.
  const pairs = free.flatMap((later, at) => {
    const earlier = free[at - 1];
    return earlier !== undefined && earlier.writer === later.writer ? [[earlier, later] as const] : [];
  });
  return { key, isList: true, chain, free, pairs };
}

function versionsOfRegister(key: TransactionKey, uses: readonly Use[]): ObjectVersions {
  const operationsOf = new Map(uses.map(({ writer, operations }) => [writer, operations]));
  const installed = uses.flatMap(({ writer, operations }) => {
    const last = operations.findLast(({ f }) => f === 'write');
    return last === undefined ? [] : [{ value: canonicalKey(last.value), writer, number: last.version }];
  });
  const byValue = new Map(installed.map((version) => [version.value, version]));
  const numbered = installed.flatMap(({ value, writer, number }) =>
    number === undefined ? [] : [{ value, writer, number }],
  );
  // Numbers that recur tell no order.
  if (new Set(numbered.map(({ number }) => number)).size === installed.length) {
    const chain = numbered.sort((one, other) => one.number - other.number);
    return { key, isList: false, chain, free: [], pairs: [] };
  }
  const pairs = installed.flatMap((later) => {
    const read = operationsOf.get(later.writer)?.[0];
    const earlier = read?.f === 'read' ? byValue.get(canonicalKey(read.value)) : undefined;
    return earlier === undefined || earlier === later ? [] : [[earlier, later] as const];
  });
  return installed.length < 2
    ? { key, isList: false, chain: installed, free: [], pairs: [] }
    : { key, isList: false, chain: [], free: installed, pairs };
}

/** Whether an object's versions have an order: what is known of pairs may go round in a circle. */
export function haveOrder({ pairs }: ObjectVersions): boolean {
  const earlierOf = new Map(pairs.map(([earlier, later]) => [later, earlier]));
  const isKnown = new Set<Version>();
  for (const start of earlierOf.keys()) {
    const walked = new Set<Version>();
    for (let at: Version | undefined = start; at !== undefined && !isKnown.has(at); at = earlierOf.get(at)) {
      if (walked.has(at)) return false;
      walked.add(at);
    }
    for (const at of walked) isKnown.add(at);
  }
  return true;
}

/** Every order of an object's versions that keeps to what is known, of one that has any; first the one in which their transactions ended. */
export function* ordersOf({ chain, free, pairs }: ObjectVersions): Generator<readonly Version[]> {
  const likely = [...free].sort(
    ({ writer: one }, { writer: other }) => (one.endMs ?? 0) - (other.endMs ?? 0) || one.index - other.index,
  );
  yield* extended(chain, likely, pairs);
}

function* extended(
  order: readonly Version[],
  rest: readonly Version[],
  pairs: ObjectVersions['pairs'],
): Generator<readonly Version[]> {
  if (rest.length === 0) {
    yield order;
    return;
  }
  for (const next of rest) {
    if (pairs.some(([earlier, later]) => later === next && rest.includes(earlier))) continue;
    yield* extended(
      [...order, next],
      rest.filter((it) => it !== next),
      pairs,
    );
  }
}
