/** Large values as applications use them. */

import type { Clock } from '../../../environment/clock.ts';
import type { Condition, Versioned } from '../key-value/commands.ts';
import type { RequestOptions } from './abandoned.ts';
import type { LargeSource } from './source.ts';

/** The longest large value by default, in bytes. */
export const largeValueLimitBytes = 64 * 1_024 * 1_024;

export interface LargeValuesOptions {
  /** How all keys of these values begin, such as `files/`; no other keys should begin so. */
  readonly prefix: string;
  /** The longest value that is put or read, in bytes. Default 64 MiB. */
  readonly limitBytes?: number;
  /** Of a part, and about what a value takes of the memory of its writer or reader: 1 to 1 MiB, in bytes. Default 512 KiB. */
  readonly partBytes?: number;
  /** For how long the parts of a writer that is gone stay at least, in milliseconds. Default 30,000. */
  readonly ttlMs?: number;
  /** What writers measure by; the system's by default. */
  readonly clock?: Clock;
}

/** How to write; each request of it may take `deadlineMs`. */
export interface LargeWriteOptions extends RequestOptions {
  /** Write only if this holds of the value as a whole. */
  readonly condition?: Exclude<Condition, { type: 'value' }>;
}

/** A large value that is there. */
export interface LargeValue {
  readonly version: number;
  readonly sizeBytes: number;
  /**
   * Its bytes, part by part, as they are asked for. Throws LargeValueReplacedError where it was replaced or deleted meanwhile and its
   * parts are gone; MalformedValueError where its keys were written by another program.
   */
  readonly parts: AsyncIterable<Uint8Array>;
}

/** Large values under names. */
export interface LargeValues {
  /**
   * Puts a value, from bytes or from pieces as they come. What `source` throws is thrown, and nothing was put.
   *
   * @returns the version of the value, which its manifest has
   * @throws ValueLimitError, KeyLimitError, PreconditionFailedError, QuotaExceededError, LeaseLimitError, StoreFullError; LeaseEndedError
   *   when the store was not reached for `ttlMs`; OutcomeUnknownError
   */
  put(name: string, source: LargeSource, options?: LargeWriteOptions): Promise<{ readonly version: number }>;
  /** What is there now, to be read part by part. @returns undefined when there is no value. @throws MalformedValueError */
  open(name: string, options?: RequestOptions): Promise<LargeValue | undefined>;
  /** The whole of it, read again where it was replaced meanwhile. Throws what `open` and its parts do. */
  get(name: string, options?: RequestOptions): Promise<Versioned | undefined>;
  /** @returns the version that was deleted, if there was one. @throws KeyLimitError, PreconditionFailedError, OutcomeUnknownError */
  delete(name: string, options?: LargeWriteOptions): Promise<{ readonly version: number | undefined }>;
  /**
   * Removes the parts of writers that are gone. Each `put` does so, too, for a few of them.
   *
   * @returns of how many writes
   */
  removeAbandoned(options?: RequestOptions): Promise<number>;
}
