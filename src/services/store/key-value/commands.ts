/** The commands of the key-value state machine as the log has them. */

import { decode, encode, isNatural } from '../codec.ts';
import { MalformedRequestError } from '../errors.ts';
import type {
  Comparison,
  Condition,
  KeyValueCommand,
  LeaseCommand,
  OnBehalf,
  Refusal,
  Transaction,
  TransactionOperation,
} from './commands/contract.ts';
import { assertKey, assertValue, problemOfKey, transactionLimit, valueLimitBytes } from './commands/limits.ts';
import { longestTtlMs, shortestTtlMs } from './leases.ts';
import { fieldsOfNamespace, namespaceCommandIn } from './namespace-commands.ts';

export * from './commands/contract.ts';
export * from './commands/limits.ts';

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
  if (command.type === 'keep' || command.type === 'revoke') {
    return encode([kinds[command.type], command.lease, ...withinOf(command)]);
  }
  if (command.type === 'namespace') return encode([kinds.namespace, ...fieldsOfNamespace(command)]);
  if (command.type === 'end-namespace') return encode([kinds.endNamespace, ...fieldsOfNamespace(command)]);
  assertKey(command.key);
  const mark = markOf(command.condition);
  if (command.type === 'delete') return encode([kinds.delete, command.key, mark]);
  assertValue(command.value);
  const lease = leaseOf(command);
  return encode([
    kinds.put,
    command.key,
    mark,
    command.value,
    ...lease,
    ...(lease.length > 0 ? withinOf(command) : []),
  ]);
}

function encodeTransaction(asked: Required<Transaction> & OnBehalf): Uint8Array {
  const { compare, success, failure } = asked;
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
    ...([...success, ...failure].some(joinsLease) ? withinOf(asked) : []),
  ]);
}

const tupleOf = (operation: TransactionOperation): readonly unknown[] =>
  operation.type === 'put'
    ? [operationKinds.put, operation.key, operation.value, ...leaseOf(operation)]
    : [operationKinds[operation.type], operation.key];

const leaseOf = ({ lease }: { readonly lease?: number }): readonly number[] => (lease === undefined ? [] : [lease]);

const joinsLease = (it: TransactionOperation): boolean => it.type === 'put' && it.lease !== undefined;
const withinOf = ({ within }: OnBehalf): readonly (readonly string[])[] => (within === undefined ? [] : [within]);

function writesKeysOnce(operations: readonly TransactionOperation[]): boolean {
  const written = operations.filter(({ type }) => type !== 'get').map(({ key }) => key);
  return new Set(written).size === written.length;
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
  const [kind, key, mark, value, lease, last]: unknown[] = tuple;
  if (kind === kinds.transaction) return transactionIn(key, mark, value, lease);
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
  const within = onBehalfIn(last);
  if (within === 'malformed') return 'malformed';
  return { type: 'put', key, value, ...condition, ...(lease === undefined ? {} : { lease }), ...within };
}

function leaseCommandIn(kind: number, argument: unknown, mark: unknown): LeaseCommand | Refusal {
  if (!isNatural(argument)) return 'malformed';
  if (kind === kinds.grant) {
    if (argument < shortestTtlMs || argument > longestTtlMs) return 'malformed';
    return { type: 'grant', ttlMs: argument, ...(mark === sharedMark ? { isShared: true } : {}) };
  }
  const within = onBehalfIn(mark);
  return within === 'malformed'
    ? within
    : { type: kind === kinds.keep ? 'keep' : 'revoke', lease: argument, ...within };
}

function onBehalfIn(within: unknown): OnBehalf | 'malformed' {
  if (within === undefined) return {};
  if (!Array.isArray(within) || within.length === 0) return 'malformed';
  const beginnings: readonly unknown[] = within;
  const isBeginning = (it: unknown): it is string => typeof it === 'string' && problemOfKey(it) === undefined;
  return beginnings.every(isBeginning) ? { within: beginnings } : 'malformed';
}

const isLease = (value: unknown): value is number | undefined => value === undefined || isNatural(value);

/** Whether bytes that are a command are a transaction, by their beginning: MessagePack's array of four or five, and the kind. */
export const isTransaction = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0x94 || bytes[0] === 0x95) && bytes[1] === kinds.transaction;

function transactionIn(
  comparisons: unknown,
  then: unknown,
  otherwise: unknown,
  last: unknown,
): KeyValueCommand | Refusal {
  const compare = allOf(comparisons, comparisonIn);
  if (typeof compare === 'string') return compare;
  const success = allOf(then, operationIn);
  if (typeof success === 'string') return success;
  const failure = allOf(otherwise, operationIn);
  if (typeof failure === 'string') return failure;
  if (!writesKeysOnce(success) || !writesKeysOnce(failure)) return 'malformed';
  const within = onBehalfIn(last);
  return within === 'malformed' ? within : { type: 'transaction', compare, success, failure, ...within };
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
