/** What the embedded store writes into the journal, and the state that follows from it. */

import * as v from 'valibot';
import { NotPlainDataError } from '../../../statecharts/actor.ts';
import type { RecoveredRecord } from '../../journal/journal.ts';
import { ResourceSetupError } from '../errors.ts';

/** What can be kept under a key. */
export type StoreValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly StoreValue[]
  | { readonly [name: string]: StoreValue };

const value = v.custom<StoreValue>(isStoreValue, 'expected plain data');
const write = v.union([v.object({ key: v.string(), value }), v.object({ key: v.string(), deleted: v.literal(true) })]);
/** A change of one key. */
export type Write = v.InferOutput<typeof write>;

const lock = v.object({ kind: v.picklist(['shared', 'exclusive', 'prefix']), key: v.string() });
const finished = v.object({
  branch: v.string(),
  outcome: v.picklist(['committed', 'aborted']),
  idempotencyKey: v.optional(v.string()),
});
/** A branch that is over. */
export type Finished = v.InferOutput<typeof finished>;

const record = v.variant('type', [
  /** Intents, locks and vote of a branch. */
  v.object({ type: v.literal('prepared'), branch: v.string(), writes: v.array(write), locks: v.array(lock) }),
  /** The intents take effect, and the locks go. */
  v.object({ type: v.literal('committed'), branch: v.string() }),
  /** The intents of a prepared branch go; one that is not known may not come any more. */
  v.object({ type: v.literal('aborted'), branch: v.string() }),
  /** A commit in one phase. */
  v.object({
    type: v.literal('applied'),
    branch: v.string(),
    writes: v.array(write),
    idempotencyKey: v.optional(v.string()),
  }),
  /** Part of a checkpoint: the first one replaces everything before it. */
  v.object({ type: v.literal('kept'), writes: v.array(write), finished: v.array(finished) }),
  v.object({ type: v.literal('forgotten'), branches: v.array(v.string()) }),
]);
export type StoreRecord = v.InferOutput<typeof record>;
export type PreparedRecord = Extract<StoreRecord, { type: 'prepared' }>;

export const recordVersion = 1;

export interface StoreState {
  readonly data: Map<string, StoreValue>;
  readonly prepared: Map<string, PreparedRecord>;
  /** Oldest first. */
  readonly finished: Map<string, Finished>;
}

/**
 * The state that the records of a journal make.
 *
 * @throws ResourceSetupError for records of another form
 */
export function recover(records: readonly RecoveredRecord[]): StoreState {
  const state: StoreState = { data: new Map(), prepared: new Map(), finished: new Map() };
  for (const found of records) {
    const parsed = v.safeParse(record, found.record);
    if (found.version !== recordVersion || !parsed.success) {
      throw new ResourceSetupError(
        `expected a record of an embedded store of version ${recordVersion}, got '${found.record.type}' of version ${found.version}; open it with the version that wrote it`,
      );
    }
    applyRecord(state, parsed.output);
  }
  return state;
}

function applyRecord(state: StoreState, record: StoreRecord): void {
  switch (record.type) {
    case 'prepared':
      state.prepared.set(record.branch, record);
      return;
    case 'committed':
      applyWrites(state.data, state.prepared.get(record.branch)?.writes ?? []);
      state.prepared.delete(record.branch);
      state.finished.set(record.branch, { branch: record.branch, outcome: 'committed' });
      return;
    case 'aborted':
      state.prepared.delete(record.branch);
      state.finished.set(record.branch, { branch: record.branch, outcome: 'aborted' });
      return;
    case 'applied': {
      applyWrites(state.data, record.writes);
      const { branch, idempotencyKey } = record;
      const done: Finished = { branch, outcome: 'committed' };
      state.finished.set(branch, idempotencyKey === undefined ? done : { ...done, idempotencyKey });
      return;
    }
    case 'kept':
      applyWrites(state.data, record.writes);
      for (const each of record.finished) state.finished.set(each.branch, each);
      return;
    case 'forgotten':
      for (const branch of record.branches) state.finished.delete(branch);
  }
}

/** Applies writes in their order. */
export function applyWrites(data: Map<string, StoreValue>, writes: readonly Write[]): void {
  for (const each of writes) {
    if ('deleted' in each) data.delete(each.key);
    else data.set(each.key, each.value);
  }
}

/**
 * A copy that nobody else can change.
 *
 * @throws NotPlainDataError for what cannot be kept
 */
export function copyOf(given: StoreValue): StoreValue {
  if (isStoreValue(given)) return structuredClone(given);
  throw new NotPlainDataError(
    'expected a value of strings, finite numbers, booleans, null, bytes, arrays and plain objects',
  );
}

const maxDepth = 100;

function isStoreValue(given: unknown, depth = 0): given is StoreValue {
  if (depth > maxDepth) return false;
  if (given === null || typeof given === 'string' || typeof given === 'boolean') return true;
  if (typeof given === 'number') return Number.isFinite(given);
  if (typeof given !== 'object') return false;
  if (given instanceof Uint8Array) return true;
  if (Array.isArray(given)) return given.every((item: unknown) => isStoreValue(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(given).every((item) => isStoreValue(item, depth + 1));
}

/** An upper bound of the bytes that a value takes in the journal. */
export function sizeOf(given: StoreValue | undefined): number {
  if (given === undefined) return 0;
  if (typeof given === 'string') return 5 + given.length * 3;
  if (given === null || typeof given !== 'object') return 9;
  if (given instanceof Uint8Array) return 6 + given.byteLength;
  if (isList(given)) return given.reduce<number>((total, item) => total + sizeOf(item), 5);
  return Object.entries(given).reduce((total, [name, item]) => total + sizeOf(name) + sizeOf(item), 5);
}

const isList = (given: StoreValue): given is readonly StoreValue[] => Array.isArray(given);

/** How many more bytes the data would take. */
export function growthOf(data: ReadonlyMap<string, StoreValue>, writes: readonly Write[]): number {
  let growth = 0;
  for (const each of writes) {
    const before = data.get(each.key);
    if (before !== undefined) growth -= sizeOf(each.key) + sizeOf(before);
    if (!('deleted' in each)) growth += sizeOf(each.key) + sizeOf(each.value);
  }
  return growth;
}

/** About the bytes that writes take in the journal. */
export const bytesOf = (writes: readonly Write[]): number =>
  writes.reduce((total, it) => total + sizeOf(it.key) + ('deleted' in it ? 0 : sizeOf(it.value)), 100);
