/** What a history of transactions is: what each of them read and wrote, in which session, when, and how it ended. */

import type { ProcessId } from '../operation.ts';

/** How a transaction ended, as its client knows it. */
export type TransactionStatus = 'ok' | 'aborted' | 'unknown';

/** What a transaction did to one object. */
export interface TransactionOperation {
  /** `read` sees a value; `write` replaces it; `append` adds an element to a list. */
  readonly f: 'read' | 'write' | 'append';
  readonly key: string | number;
  /** What was read (null for nothing there, an array of a list), written, or appended. */
  readonly value: unknown;
  /** The place of the version that was read or written among those of its object, where the database tells it. */
  readonly version: number | undefined;
}

/** One transaction. */
export interface Transaction {
  /** Place in the file, from 0. */
  readonly index: number;
  readonly line: number;
  readonly id: string;
  readonly session: ProcessId;
  readonly status: TransactionStatus;
  /** When its client began it, and when it learned how it had ended, in milliseconds; undefined where a history has no times. */
  readonly beginMs: number | undefined;
  readonly endMs: number | undefined;
  /** In the order in which they were answered. */
  readonly operations: readonly TransactionOperation[];
}

/** A history of transactions, well formed. */
export interface TransactionHistory {
  readonly transactions: readonly Transaction[];
  /** Whether all have times. */
  readonly isTimed: boolean;
}

/** An operation in few words: `append x 3`, `read x → [3]`. */
export const showTransactionOperation = ({ f, key, value }: TransactionOperation): string =>
  f === 'read' ? `read ${String(key)} → ${JSON.stringify(value)}` : `${f} ${String(key)} ${JSON.stringify(value)}`;
