/** The key-value store as applications use it: the same on a node and at a client. */

import type { Observable } from 'rxjs';
import type { ExecuteOptions, QueryOptions } from '../requests/requester.ts';
import type { Condition, OnBehalf, OperationResult, Transaction, Versioned } from './commands.ts';
import type { Namespace, Quota } from './namespaces.ts';
import type { Entry, KeyChange } from './questions.ts';
import type { Selection } from './selection.ts';

/** How to write. */
export interface WriteOptions extends ExecuteOptions {
  /** Write only if this holds. */
  readonly condition?: Condition;
}

/** How to put. */
export interface PutOptions extends WriteOptions, OnBehalf {
  /** The lease that the key has from then on: it is deleted when that ends. Without one the key stays. */
  readonly lease?: number;
}

/** How to keep or end a lease. */
export interface LeaseOptions extends ExecuteOptions, OnBehalf {}

/** A lease as it was granted or kept. */
export interface Leased {
  readonly lease: number;
  /** It ends this long after it was granted or kept last, and not earlier, in milliseconds. */
  readonly ttlMs: number;
}

/** How to read. */
export interface ReadOptions extends QueryOptions {
  /** As of this revision, which must not be forgotten; as of now by default. */
  readonly revision?: number;
}

/** How to read many keys. */
export interface RangeOptions extends ReadOptions {
  /** Keys of a page, 1 to 1,000. Default 100. */
  readonly limit?: number;
  /** Whether entries have their values. Default true. */
  readonly withValues?: boolean;
}

/** Some keys in the order of their bytes, all as of one revision. Their values share memory: copy one that is kept for long. */
export interface Page {
  readonly entries: readonly Entry[];
  readonly revision: number;
  /** The first key of the next page; undefined on the last one. A page may have fewer keys than its limit. */
  readonly next: string | undefined;
}

/** What a compare-and-set came to. */
export type Swap =
  | { readonly swapped: true; readonly version: number }
  /** `version` is what is there; undefined when nothing is. */
  | { readonly swapped: false; readonly version: number | undefined };

/** What a transaction came to. */
export interface Transacted {
  /** Whether all comparisons held, so that `success` was done. */
  readonly succeeded: boolean;
  /** The version of all that it wrote. */
  readonly revision: number;
  /** Of the operations of the branch that was done, in their order. */
  readonly results: readonly OperationResult[];
}

/** What one revision changed of the keys that are watched. Watches of the same keys are told the same object: only read it. */
export interface Update {
  readonly revision: number;
  readonly changes: readonly KeyChange[];
}

/** From when on to watch. */
export interface WatchOptions {
  /**
   * The last revision whose changes are not to be told: that of an answer, or of the last update of an earlier watch. By
   * default now: all that is acknowledged before the watch begins is not told.
   */
  readonly after?: number;
}

/**
 * Keys with values. Every method rejects with one of the `NotHappenedError`s, or with an `OutcomeUnknownError`, within
 * its deadline.
 */
export interface KeyValueStore {
  /**
   * @returns undefined when there is no value
   * @throws KeyLimitError; RevisionForgottenError, RevisionAheadError for a revision
   */
  get(key: string, options?: ReadOptions): Promise<Versioned | undefined>;
  /** @throws KeyLimitError, ValueLimitError, PreconditionFailedError, QuotaExceededError; LeaseEndedError, LeaseLimitError for a lease */
  put(key: string, value: Uint8Array, options?: PutOptions): Promise<{ readonly version: number }>;
  /** @returns the version that was deleted, if there was one. @throws KeyLimitError, PreconditionFailedError */
  delete(key: string, options?: WriteOptions): Promise<{ readonly version: number | undefined }>;
  /**
   * Writes `value` if `key` has the version `expected`, or no value when that is undefined. Another version is no error.
   *
   * @throws KeyLimitError, ValueLimitError
   */
  compareAndSet(key: string, expected: number | undefined, value: Uint8Array, options?: ExecuteOptions): Promise<Swap>;
  /**
   * Compares, then does one of two branches, all at once.
   *
   * @throws KeyLimitError, ValueLimitError, LeaseEndedError, LeaseLimitError; MalformedRequestError for more than `transactionLimit` parts, two writes of one
   *   key, or for gets of more than `valueLimitBytes` together
   *
   * @example
   * const { succeeded } = await store.transaction({
   *   compare: [{ key: 'from', condition: { type: 'version', version: from.version } }],
   *   success: [{ type: 'put', key: 'from', value: less }, { type: 'put', key: 'to', value: more }],
   * });
   */
  transaction(transaction: Transaction, options?: ExecuteOptions): Promise<Transacted>;
  /**
   * A page of the keys that are selected. The next one is that of the same selection from `next` on, as of `revision`.
   *
   * @throws KeyLimitError; RevisionForgottenError, RevisionAheadError for a revision
   */
  range(selection: Selection, options?: RangeOptions): Promise<Page>;
  /** All keys that are selected, page after page, as of one revision. Throws what `range` does. */
  entries(selection: Selection, options?: RangeOptions): AsyncIterable<Entry>;
  /** How many keys there are, as of one revision. Throws what `range` does. */
  count(selection: Selection, options?: ReadOptions): Promise<{ readonly count: number; readonly revision: number }>;
  /**
   * Grants a lease. Its time begins when the store grants it, so who reckons from when it asked is on the safe side. See
   * `keptLease` for one that is kept as long as its owner lives.
   *
   * @param ttlMs 100 ms to 24 hours
   * @throws LeaseLimitError when there are too many, or this client has as many as are left for all others
   */
  grantLease(ttlMs: number, options?: ExecuteOptions): Promise<Leased>;
  /** Begins the time of a lease anew. @throws LeaseEndedError; ForbiddenError for one that has keys beyond `within` */
  keepLease(lease: number, options?: LeaseOptions): Promise<Leased>;
  /** Ends a lease, and deletes its keys. @returns how many; none when it had ended before. @throws ForbiddenError likewise */
  revokeLease(lease: number, options?: LeaseOptions): Promise<{ readonly keys: number }>;
  /** The keys of a lease; undefined when it has ended. */
  lease(
    lease: number,
    options?: QueryOptions,
  ): Promise<{ readonly ttlMs: number; readonly keys: readonly string[] } | undefined>;
  /**
   * Makes a namespace of the keys that begin with `name/`, or gives it another quota. A write that would take it beyond is
   * refused with a QuotaExceededError; what it has already stays, also where the quota is lower.
   *
   * @param name 1 to 64 characters without a slash
   * @throws KeyLimitError; NamespaceLimitError where there are too many, or more than 5,000 keys before it is one
   */
  setNamespace(name: string, quota?: Quota, options?: ExecuteOptions): Promise<Namespace>;
  /** Ends a namespace, whose keys stay and are counted no more. @returns how it was; undefined where there was none */
  endNamespace(name: string, options?: ExecuteOptions): Promise<Namespace | undefined>;
  /** All namespaces by name, with their quotas, and what they have. */
  namespaces(options?: QueryOptions): Promise<readonly Namespace[]>;
  /**
   * The revision of the last command, which is where a watch or a read of the past may begin.
   *
   * @param options `revision`: refused where the store does not know how it was then
   * @throws RevisionForgottenError, RevisionAheadError
   */
  revision(options?: ReadOptions): Promise<number>;
  /**
   * What happened to a key, the last change first, as far as the store knows: it forgets changes when there are too many.
   *
   * @param options `limit`: changes, 1 to 1,000, 100 by default; `before`: those before this revision
   */
  history(
    key: string,
    options?: QueryOptions & { readonly limit?: number; readonly before?: number },
  ): Promise<readonly KeyChange[]>;
  /**
   * What changes, revision by revision, each once and in order, whatever node tells it: it goes on at another one when one
   * fails or no longer leads, for as long as it takes. It asks for more only when what was told has been taken.
   *
   * @throws RevisionForgottenError when it was slower than the store forgets, or `after` is too far back: read anew, and watch
   *   from there on; KeyLimitError; StoreClosedError
   */
  updates(selection: Selection, options?: WatchOptions & { readonly signal?: AbortSignal }): AsyncIterable<Update>;
  /** The same as an observable, which errors with what `updates` throws. Each subscription is a watch of its own. */
  watch(selection: Selection, options?: WatchOptions): Observable<Update>;
}
