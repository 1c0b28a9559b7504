/**
 * What is kept with an idempotency key beside its transaction: what was asked, as a fingerprint, and what was answered, as
 * JSON. A repetition that asks for the same gets the answer of the first one; one that asks for something else is refused.
 */

import type { KeptAnswer } from '../../../statecharts/two-phase-commit.ts';
import { fingerprintOf } from '../store/sessions/fingerprint.ts';
import { IdempotencyMismatchError, ResultNotStorableError, TransactionOptionsError } from './errors.ts';

/** A transaction that has committed under a key. Without an answer, it was not asked to keep one. */
export interface Holder {
  readonly transaction: string;
  readonly answer: KeptAnswer | undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Whether a value comes back from JSON as it was; properties that are undefined count as absent. It has no cycles. */
function isJson(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isJson);
  if (isObject(value)) {
    return isPlain(value) && Object.values(value).every((it) => it === undefined || isJson(it));
  }
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}

/** As JSON, the properties of objects in the order of their names; undefined for what is none. */
function canonicalOf(value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value, (_name, it: unknown) =>
      isObject(it) ? Object.fromEntries(Object.entries(it).sort(([a], [b]) => (a < b ? -1 : 1))) : it,
    );
    return isJson(value) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The fingerprint of what is asked. @throws TransactionOptionsError for what is no JSON */
export function fingerprintOfRequest(request: unknown): string {
  const text = canonicalOf(request);
  if (text !== undefined) return fingerprintOf(new TextEncoder().encode(text));
  throw new TransactionOptionsError(
    'expected request to be what JSON can carry, got something else in it (a date, a bigint, an object of a class, a cycle); give texts and numbers',
  );
}

/** What a function has returned, as it is kept. @throws ResultNotStorableError */
export function storedResult(value: unknown, maxBytes: number): string | null {
  if (value === undefined) return null;
  const text = canonicalOf(value);
  if (text === undefined) {
    throw new ResultNotStorableError(
      'expected the function of a transaction with a request to return what JSON can carry, got something else in it (a date, a bigint, an object of a class, a cycle); return texts and numbers',
    );
  }
  const sizeBytes = new TextEncoder().encode(text).length;
  if (sizeBytes <= maxBytes) return text;
  throw new ResultNotStorableError(
    `expected the function of a transaction with a request to return at most ${maxBytes} bytes of JSON, got ${sizeBytes}; return less, such as an id, or raise limits.resultBytes`,
  );
}

/**
 * Refuses a repetition that asks for something else. Where the first one kept nothing, there is nothing to compare.
 *
 * @throws IdempotencyMismatchError
 */
export function assertSameRequest({ transaction, answer: kept }: Holder, fingerprint: string | undefined): void {
  if (kept === undefined || kept.fingerprint === fingerprint) return;
  throw new IdempotencyMismatchError(
    `expected the request that transaction ${transaction} committed under this idempotency key, got ${fingerprint === undefined ? 'none' : 'another one'}; repeat with the same request, or take a new key`,
    transaction,
  );
}
