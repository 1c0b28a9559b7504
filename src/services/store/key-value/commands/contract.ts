/** The commands of the key-value state machine, and what they come to. */

import type { NamespaceCommand } from '../namespace-commands.ts';
import type { Namespace } from '../namespaces.ts';

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

/** For whom something is done to a lease, whose keys may be others by the time it is applied than when it was asked for. */
export interface OnBehalf {
  /**
   * It may write keys with these beginnings alone: a lease that has others is left as it is. Any lease by default. Nodes of
   * earlier releases leave none.
   */
  readonly within?: readonly string[];
}

export type KeyValueCommand =
  | ({
      readonly type: 'put';
      readonly key: string;
      readonly value: Uint8Array;
      readonly condition?: Condition;
      /** The lease that the key has from then on; without one it has none. */
      readonly lease?: number;
    } & OnBehalf)
  | { readonly type: 'delete'; readonly key: string; readonly condition?: Condition }
  | ({ readonly type: 'transaction' } & Required<Transaction> & OnBehalf)
  | LeaseCommand
  | NamespaceCommand;

/** What is done with leases. */
export type LeaseCommand =
  /** `isShared`: within the share of the session that asks; earlier releases granted whatever there was. */
  | { readonly type: 'grant'; readonly ttlMs: number; readonly isShared?: boolean }
  | ({ readonly type: 'keep'; readonly lease: number } & OnBehalf)
  | ({ readonly type: 'revoke'; readonly lease: number } & OnBehalf);

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
  'lease-foreign',
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
