/** The commands of the key-value state machine: what they are, what they come to, and how the log has them. */

import { decode, encode, isNatural } from '../codec.ts';
import { KeyLimitError, MalformedRequestError, ValueLimitError } from '../errors.ts';
import { longestTtlMs, shortestTtlMs } from './leases.ts';
import { fieldsOfNamespace, type NamespaceCommand, namespaceCommandIn } from './namespace-commands.ts';
import type { Namespace } from './namespaces.ts';

/** The longest key, in bytes of UTF-8. A constant, because all nodes must agree on it. */
export const keyLimitBytes = 1_024;
/** The longest value, in bytes. A constant, because all nodes must agree on it. */
export const valueLimitBytes = 1_024 * 1_024;
/** Comparisons of a transaction, and operations of each of its branches. A constant, because all nodes must agree on it. */
export const transactionLimit = 128;

/** What must hold for a write to happen. */
export type Condition =
  | { readonly type: 'version'; readonly version: number }
  | { readonly type: 'value'; readonly value: Uint8Array }
  | { readonly type: 'present' }
  | { readonly type: 'absent' };

/** What a transaction compares. */
export interface Comparison {
  readonly key: string;
  readonly condition: Condition;
}

/** What a transaction does. What it gets is as it was before the transaction. */
export type TransactionOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly lease?: number }
  | { readonly type: 'delete'; readonly key: string }
  | { readonly type: 'get'; readonly key: string };

/**
 * Several keys in one command: `success` is done when all comparisons hold, and `failure` when one does not. Each branch
 * writes a key once at most. All that it writes has one version.
 */
export interface Transaction {
  readonly compare?: readonly Comparison[];
  readonly success: readonly TransactionOperation[];
  readonly failure?: readonly TransactionOperation[];
}

export type KeyValueCommand =
  | {
      readonly type: 'put';
      readonly key: string;
      readonly value: Uint8Array;
      readonly condition?: Condition;
      /** The lease that the key has from then on; without one it has none. */
      readonly lease?: number;
    }
  | { readonly type: 'delete'; readonly key: string; readonly condition?: Condition }
  | ({ readonly type: 'transaction' } & Required<Transaction>)
  | LeaseCommand
  | NamespaceCommand;

/** What is done with leases. */
export type LeaseCommand =
  /** `isShared`: within the share of the session that asks; earlier releases granted whatever there was. */
  | { readonly type: 'grant'; readonly ttlMs: number; readonly isShared?: boolean }
  | { readonly type: 'keep'; readonly lease: number }
  | { readonly type: 'revoke'; readonly lease: number };

/** A value and the version of its last write. */
export interface Versioned {
  readonly value: Uint8Array;
  readonly version: number;
}

/** What an operation of a transaction came to. */
export type OperationResult =
  | { readonly type: 'stored'; readonly version: number }
  /** `version` is what was deleted; undefined when there was nothing. */
  | { readonly type: 'deleted'; readonly version?: number }
  /** What `get` found; undefined when there was nothing. */
  | { readonly type: 'found'; readonly found?: Versioned };

/** What a command came to. */
export type KeyValueResult =
  | Exclude<OperationResult, { type: 'found' }>
  /** The condition does not hold; `version` is what is there, if anything is. */
  | { readonly type: 'condition-failed'; readonly version?: number }
  | {
      readonly type: 'transacted';
      readonly succeeded: boolean;
      readonly revision: number;
      readonly results: readonly OperationResult[];
    }
  /** A lease was granted, or kept. */
  | { readonly type: 'leased'; readonly lease: number; readonly ttlMs: number }
  /** A lease was revoked, with so many keys. */
  | { readonly type: 'revoked'; readonly keys: number }
  /** A namespace as it is, or was until its end; undefined where there was none. */
  | { readonly type: 'namespaced'; readonly namespace?: Namespace }
  | { readonly type: 'refused'; readonly reason: Refusal };

const refusals = [
  'malformed',
  'key-limit',
  'value-limit',
  'answer-limit',
  'lease-absent',
  'lease-full',
  'leases-limit',
  'leases-share',
  'quota-keys',
  'quota-bytes',
  'namespaces-limit',
  'namespace-large',
] as const;
/** Why a command was not applied. What can be seen at the edge is refused there, by errors. */
export type Refusal = (typeof refusals)[number];
export const isRefusal = (value: unknown): value is Refusal => refusals.some((it) => it === value);

const kinds = {
  put: 0,
  delete: 1,
  transaction: 2,
  grant: 3,
  keep: 4,
  revoke: 5,
  namespace: 6,
  endNamespace: 7,
} as const;
const operationKinds = { put: 0, delete: 1, get: 2 } as const;
const sharedMark = 1;
const presentMark = -1;
const absentMark = 0;

/**
 * Encodes a command for the log.
 *
 * @throws KeyLimitError for a key that is empty, longer than `keyLimitBytes`, or has half a surrogate pair;
 * ValueLimitError for a value longer than `valueLimitBytes`; MalformedRequestError for a transaction with too many parts, or
 * with two writes of one key
 */
export function encodeCommand(command: KeyValueCommand): Uint8Array {
  if (command.type === 'transaction') return encodeTransaction(command);
  if (command.type === 'grant') return encode([kinds.grant, command.ttlMs, ...(command.isShared ? [sharedMark] : [])]);
  if (command.type === 'keep' || command.type === 'revoke') return encode([kinds[command.type], command.lease]);
  if (command.type === 'namespace') return encode([kinds.namespace, ...fieldsOfNamespace(command)]);
  if (command.type === 'end-namespace') return encode([kinds.endNamespace, ...fieldsOfNamespace(command)]);
  assertKey(command.key);
  const mark = markOf(command.condition);
  if (command.type === 'delete') return encode([kinds.delete, command.key, mark]);
  assertValue(command.value);
  return encode([kinds.put, command.key, mark, command.value, ...leaseOf(command)]);
}

function encodeTransaction({ compare, success, failure }: Required<Transaction>): Uint8Array {
  for (const { key, condition } of compare) {
    assertKey(key);
    if (condition.type === 'value') assertValue(condition.value);
  }
  for (const branch of [success, failure]) {
    for (const operation of branch) {
      assertKey(operation.key);
      if (operation.type === 'put') assertValue(operation.value);
    }
    if (!writesKeysOnce(branch)) {
      throw new MalformedRequestError('expected a transaction that writes each key once, got two writes of one key');
    }
  }
  const most = Math.max(compare.length, success.length, failure.length);
  if (most > transactionLimit) {
    throw new MalformedRequestError(
      `expected a transaction of at most ${transactionLimit} comparisons, and operations of each branch, got ${most}`,
    );
  }
  return encode([
    kinds.transaction,
    compare.map(({ key, condition }) => [key, markOf(condition)]),
    success.map(tupleOf),
    failure.map(tupleOf),
  ]);
}

const tupleOf = (operation: TransactionOperation): readonly unknown[] =>
  operation.type === 'put'
    ? [operationKinds.put, operation.key, operation.value, ...leaseOf(operation)]
    : [operationKinds[operation.type], operation.key];

const leaseOf = ({ lease }: { readonly lease?: number }): readonly number[] => (lease === undefined ? [] : [lease]);

function writesKeysOnce(operations: readonly TransactionOperation[]): boolean {
  const written = operations.filter(({ type }) => type !== 'get').map(({ key }) => key);
  return new Set(written).size === written.length;
}

function assertValue(value: Uint8Array): void {
  if (value.length <= valueLimitBytes) return;
  throw new ValueLimitError(
    `expected a value of at most ${valueLimitBytes} bytes, got ${value.length}; split it over several keys`,
  );
}

/** Refuses what is no key. @throws KeyLimitError */
export function assertKey(key: string): void {
  const problem = problemOfKey(key);
  if (problem === undefined) return;
  throw new KeyLimitError(
    problem === 'malformed'
      ? 'expected a key of well-formed text, got half of a surrogate pair'
      : `expected a key of 1 to ${keyLimitBytes} bytes, got ${key.length === 0 ? 'an empty one' : 'a longer one'}`,
  );
}

const utf8 = new TextEncoder();

/** What is wrong with a key, if anything. */
export function problemOfKey(key: string): 'key-limit' | 'malformed' | undefined {
  if (key.length === 0 || key.length > keyLimitBytes) return 'key-limit';
  if (/\p{Surrogate}/u.test(key)) return 'malformed';
  // A code unit takes at most three bytes, so most keys need not be encoded to be measured.
  return key.length * 3 > keyLimitBytes && utf8.encode(key).length > keyLimitBytes ? 'key-limit' : undefined;
}

function markOf(condition: Condition | undefined): number | Uint8Array | null {
  if (condition === undefined) return null;
  if (condition.type === 'version') return condition.version;
  if (condition.type === 'value') return condition.value;
  return condition.type === 'present' ? presentMark : absentMark;
}

/** Decodes a command of the log, whose values are views of `bytes`; or says why it is refused. */
export function decodeCommand(bytes: Uint8Array): KeyValueCommand | Refusal {
  let tuple: unknown;
  try {
    tuple = decode(bytes);
  } catch {
    return 'malformed';
  }
  if (!Array.isArray(tuple)) return 'malformed';
  const [kind, key, mark, value, lease]: unknown[] = tuple;
  if (kind === kinds.transaction) return transactionIn(key, mark, value);
  if (kind === kinds.grant || kind === kinds.keep || kind === kinds.revoke) return leaseCommandIn(kind, key, mark);
  if (kind === kinds.namespace) return namespaceCommandIn('namespace', key, mark, value);
  if (kind === kinds.endNamespace) return namespaceCommandIn('end-namespace', key);
  if (typeof key !== 'string') return 'malformed';
  const problem = problemOfKey(key);
  if (problem !== undefined) return problem;
  const condition = conditionIn(mark);
  if (condition === 'malformed') return 'malformed';
  if (kind === kinds.delete) return { type: 'delete', key, ...condition };
  if (kind !== kinds.put || !(value instanceof Uint8Array) || !isLease(lease)) return 'malformed';
  if (value.length > valueLimitBytes) return 'value-limit';
  return { type: 'put', key, value, ...condition, ...(lease === undefined ? {} : { lease }) };
}

function leaseCommandIn(kind: number, argument: unknown, mark: unknown): LeaseCommand | Refusal {
  if (!isNatural(argument)) return 'malformed';
  if (kind === kinds.grant) {
    if (argument < shortestTtlMs || argument > longestTtlMs) return 'malformed';
    return { type: 'grant', ttlMs: argument, ...(mark === sharedMark ? { isShared: true } : {}) };
  }
  return { type: kind === kinds.keep ? 'keep' : 'revoke', lease: argument };
}

const isLease = (value: unknown): value is number | undefined => value === undefined || isNatural(value);

/** Whether bytes that are a command are a transaction, by their beginning: MessagePack's array of four, and the kind. */
export const isTransaction = (bytes: Uint8Array): boolean => bytes[0] === 0x94 && bytes[1] === kinds.transaction;

function transactionIn(comparisons: unknown, then: unknown, otherwise: unknown): KeyValueCommand | Refusal {
  const compare = allOf(comparisons, comparisonIn);
  if (typeof compare === 'string') return compare;
  const success = allOf(then, operationIn);
  if (typeof success === 'string') return success;
  const failure = allOf(otherwise, operationIn);
  if (typeof failure === 'string') return failure;
  if (!writesKeysOnce(success) || !writesKeysOnce(failure)) return 'malformed';
  return { type: 'transaction', compare, success, failure };
}

function allOf<T extends object>(items: unknown, read: (item: unknown) => T | Refusal): readonly T[] | Refusal {
  if (!Array.isArray(items) || items.length > transactionLimit) return 'malformed';
  const all: T[] = [];
  for (const item of items) {
    const one = read(item);
    if (typeof one === 'string') return one;
    all.push(one);
  }
  return all;
}

function comparisonIn(item: unknown): Comparison | Refusal {
  const [key, mark]: unknown[] = Array.isArray(item) ? item : [];
  if (typeof key !== 'string') return 'malformed';
  const read = conditionIn(mark);
  if (read === 'malformed' || read.condition === undefined) return 'malformed';
  return problemOfKey(key) ?? { key, condition: read.condition };
}

function operationIn(item: unknown): TransactionOperation | Refusal {
  const [kind, key, value, lease]: unknown[] = Array.isArray(item) ? item : [];
  if (typeof key !== 'string') return 'malformed';
  const problem = problemOfKey(key);
  if (problem !== undefined) return problem;
  if (kind === operationKinds.delete) return { type: 'delete', key };
  if (kind === operationKinds.get) return { type: 'get', key };
  if (kind !== operationKinds.put || !(value instanceof Uint8Array) || !isLease(lease)) return 'malformed';
  if (value.length > valueLimitBytes) return 'value-limit';
  return { type: 'put', key, value, ...(lease === undefined ? {} : { lease }) };
}

function conditionIn(mark: unknown): { readonly condition?: Condition } | 'malformed' {
  if (mark === null) return noCondition;
  if (mark === presentMark) return { condition: { type: 'present' } };
  if (mark === absentMark) return { condition: { type: 'absent' } };
  if (mark instanceof Uint8Array) return { condition: { type: 'value', value: mark } };
  return isNatural(mark) ? { condition: { type: 'version', version: mark } } : 'malformed';
}
const noCondition: { readonly condition?: Condition } = {};
