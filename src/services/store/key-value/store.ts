/** The key-value store as applications use it: the same on a node and at a client, since both only need an executor. */

import { copyOf, isNatural } from '../codec.ts';
import { MalformedRequestError, OutcomeUnknownError, PreconditionFailedError } from '../errors.ts';
import type { ExecuteOptions, Executor, QueryOptions } from '../requests/requester.ts';
import {
  assertKey,
  type Condition,
  encodeCommand,
  type KeyValueCommand,
  type KeyValueQuestion,
  type KeyValueResult,
  type Versioned,
} from './machine.ts';

/** How to write. */
export interface WriteOptions extends ExecuteOptions {
  /** Write only if this holds. */
  readonly condition?: Condition;
}

/** What a compare-and-set came to. */
export type Swap =
  | { readonly swapped: true; readonly version: number }
  /** `version` is what is there; undefined when nothing is. */
  | { readonly swapped: false; readonly version: number | undefined };

/**
 * Keys with values. Every method rejects with one of the `NotHappenedError`s, or with an `OutcomeUnknownError`, within
 * its deadline.
 */
export interface KeyValueStore {
  /** @returns undefined when there is no value. @throws KeyLimitError */
  get(key: string, options?: QueryOptions): Promise<Versioned | undefined>;
  /** @throws KeyLimitError, ValueLimitError, PreconditionFailedError */
  put(key: string, value: Uint8Array, options?: WriteOptions): Promise<{ readonly version: number }>;
  /** @returns the version that was deleted, if there was one. @throws KeyLimitError, PreconditionFailedError */
  delete(key: string, options?: WriteOptions): Promise<{ readonly version: number | undefined }>;
  /**
   * Writes `value` if `key` has the version `expected`, or no value when that is undefined. Another version is no error.
   *
   * @throws KeyLimitError, ValueLimitError
   */
  compareAndSet(key: string, expected: number | undefined, value: Uint8Array, options?: ExecuteOptions): Promise<Swap>;
}

/** Makes the key-value store that `executor` reaches. */
export function keyValueStore(executor: Executor): KeyValueStore {
  const write = async (command: KeyValueCommand, options: ExecuteOptions): Promise<KeyValueResult> => {
    const result = resultIn(await executor.execute(encodeCommand(command), options));
    if (result.type === 'refused') {
      throw new MalformedRequestError(`the store refused the command: ${result.reason}; are all nodes up to date?`);
    }
    return result;
  };
  return {
    async get(key, options = {}) {
      assertKey(key);
      const question: KeyValueQuestion = { type: 'get', key };
      return versionedIn(await executor.query(question, options));
    },
    async put(key, value, { condition, ...options } = {}) {
      const result = await write({ type: 'put', key, value, ...(condition && { condition }) }, options);
      if (result.type === 'stored') return { version: result.version };
      throw conditionFailed(key, condition, result);
    },
    async delete(key, { condition, ...options } = {}) {
      const result = await write({ type: 'delete', key, ...(condition && { condition }) }, options);
      if (result.type === 'deleted') return { version: result.version };
      throw conditionFailed(key, condition, result);
    },
    async compareAndSet(key, expected, value, options = {}) {
      const condition: Condition = expected === undefined ? { type: 'absent' } : { type: 'version', version: expected };
      const result = await write({ type: 'put', key, value, condition }, options);
      return result.type === 'stored'
        ? { swapped: true, version: result.version }
        : { swapped: false, version: 'version' in result ? result.version : undefined };
    },
  };
}

function conditionFailed(
  key: string,
  condition: Condition | undefined,
  result: KeyValueResult,
): PreconditionFailedError | OutcomeUnknownError {
  if (result.type !== 'condition-failed') return strange();
  const wanted = condition?.type === 'version' ? `version ${condition.version}` : `a value that is ${condition?.type}`;
  const found = result.version === undefined ? 'none' : `version ${result.version}`;
  return new PreconditionFailedError(
    `expected ${wanted} under '${key}', found ${found}; read it again and decide anew`,
    result.version,
  );
}

const strange = (): OutcomeUnknownError =>
  new OutcomeUnknownError('expected a result of the key-value store, got something else; are all nodes up to date?');

function resultIn(value: unknown): KeyValueResult {
  if (typeof value !== 'object' || value === null || !('type' in value)) throw strange();
  const version = 'version' in value && isNatural(value.version) ? value.version : undefined;
  switch (value.type) {
    case 'stored':
      if (version === undefined) break;
      return { type: 'stored', version };
    case 'deleted':
    case 'condition-failed':
      return { type: value.type, ...(version === undefined ? {} : { version }) };
    case 'refused':
      if (!('reason' in value)) break;
      if (value.reason !== 'malformed' && value.reason !== 'key-limit' && value.reason !== 'value-limit') break;
      return { type: 'refused', reason: value.reason };
  }
  throw strange();
}

function versionedIn(answer: unknown): Versioned | undefined {
  if (answer === null) return undefined;
  if (typeof answer === 'object' && answer !== undefined && 'value' in answer && 'version' in answer) {
    const { value, version } = answer;
    if (value instanceof Uint8Array && isNatural(version)) return { value: copyOf(value), version };
  }
  throw strange();
}
