/**
 * What the operations of a register or a key-value store read and write, and which writes a read may have returned. An exchange
 * (`cas`) that succeeded reads what it expected and writes the new value at once.
 */

import { canonicalKey } from '../../../statecharts/actor/plain.ts';
import { HistoryOptionError } from '../errors.ts';
import type { SequentialModel } from '../model.ts';
import type { ObjectKey, Operation } from '../operation.ts';

/** One operation, by what it reads and writes. Values are given by their canonical keys: equal for equal values. */
export interface Access {
  readonly operation: Operation;
  readonly key: ObjectKey;
  /** The value that it saw, or an exchange of unknown outcome would have to see. */
  readonly reads: string | undefined;
  /** Whether it compared, and found something else. */
  readonly differs: boolean;
  /** The value that it wrote, or may have written. */
  readonly writes: string | undefined;
  /** Whether it is not known to have taken effect. */
  readonly isUnknown: boolean;
}

/** Functions that are nothing but reads and writes. */
const readable = ['read', 'get', 'write', 'put', 'delete', 'cas'];

/** Whether all that `history` calls are reads, writes and exchanges. */
export const hasOnlyAccesses = (operations: readonly Operation[]): boolean =>
  operations.every(({ f }) => readable.includes(f));

const nothingKey = canonicalKey(null);

/**
 * What each operation reads and writes, in the order of invocation. Those that failed, and reads without an answer, are left out:
 * they tell nothing and do nothing.
 *
 * @throws HistoryOptionError for a function that is more than a read, a write or an exchange
 */
export function accessesOf(operations: readonly Operation[], consistency: string): Access[] {
  const other = operations.find(({ f }) => !readable.includes(f));
  if (other !== undefined) {
    throw new HistoryOptionError(
      `expected reads, writes and cas alone for ${consistency}, which is defined for memory, got ${other.f}; ` +
        'judge linearizable or sequential, or record a history without it',
    );
  }
  return operations.flatMap((operation) => {
    const access = accessOf(operation);
    return access === undefined ? [] : [access];
  });
}

function accessOf(operation: Operation): Access | undefined {
  const { f, key, value, result, outcome } = operation;
  if (outcome === 'failed') return undefined;
  const isUnknown = outcome === 'unknown';
  const access = { operation, key, reads: undefined, differs: false, writes: undefined, isUnknown };
  if (f === 'read' || f === 'get') return isUnknown ? undefined : { ...access, reads: canonicalKey(result) };
  if (f === 'delete') return { ...access, writes: nothingKey };
  if (f !== 'cas') return { ...access, writes: canonicalKey(value) };
  if (result === false) return { ...access, differs: true };
  const [expected, next]: readonly unknown[] = Array.isArray(value) ? value : [];
  return { ...access, reads: canonicalKey(expected), writes: canonicalKey(next) };
}

/** The accesses of each object, in their order. */
export function byObject(accesses: readonly Access[]): Map<ObjectKey, Access[]> {
  const groups = new Map<ObjectKey, Access[]>();
  for (const access of accesses) {
    const group = groups.get(access.key);
    if (group === undefined) groups.set(access.key, [access]);
    else group.push(access);
  }
  return groups;
}

/** The value of every object before the first write. */
export const initialValue = (model: SequentialModel<unknown>): string => canonicalKey(model.initial);

/** Whether an operation saw something, so that it has to be explained. */
export const isSeen = ({ reads, differs, isUnknown }: Access): boolean =>
  !isUnknown && (reads !== undefined || differs);

/** The same, or an exchange of unknown outcome, which has seen something where it took effect. */
export const mayHaveSeen = ({ reads, differs }: Access): boolean => reads !== undefined || differs;

/** Stands for the initial value among the sources of a read. */
export const initialSource = -1;

/**
 * Which of `accesses` (by their places) may have written what each of them read; `initialSource` where it may have been there from the
 * beginning. Undefined for those that read nothing, or only saw that a value was another one.
 */
export function sourcesOf(accesses: readonly Access[], initial: string): (readonly number[] | undefined)[] {
  const writers = new Map<ObjectKey, Map<string, number[]>>();
  accesses.forEach(({ key, writes }, place) => {
    if (writes === undefined) return;
    const ofKey = writers.get(key) ?? new Map<string, number[]>();
    writers.set(key, ofKey);
    const ofValue = ofKey.get(writes) ?? [];
    ofKey.set(writes, ofValue);
    ofValue.push(place);
  });
  return accesses.map(({ key, reads }, place) => {
    if (reads === undefined) return undefined;
    const found = (writers.get(key)?.get(reads) ?? []).filter((writer) => writer !== place);
    return reads === initial ? [initialSource, ...found] : found;
  });
}
