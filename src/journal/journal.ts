/**
 * The journal: the durable, ordered, checksummed record of what one node's actors wrote down. All records that wait
 * together share one flush. A failed flush is final: it is never retried, and the node that owns the journal stops.
 */

import type { Address, Tagged } from '../../statecharts/actor.ts';

/** A record on its way into the journal. */
export interface JournalEntry {
  readonly actor: Address;
  /** The version of the record's form, from its actor's definition. */
  readonly version: number;
  readonly record: Tagged;
  /**
   * `checkpoint` replaces all earlier records of this actor; `forget` does so too and leaves none (its record is not
   * read back).
   */
  readonly replaces?: 'checkpoint' | 'forget';
}

/** What recovery found of one actor: its records since its last checkpoint, oldest first. */
export interface RecoveredRecord {
  readonly version: number;
  readonly record: Tagged;
}

/** Something that recovery mended and that somebody should know, such as a torn end that was cut off. */
export interface JournalNotice {
  readonly kind: 'torn-end' | 'leftover-file';
  readonly detail: string;
}

/** Called once: with nothing when the entries are durable, with the error when they may not be. */
export type OnDurable = (error?: Error) => void;

export interface Journal {
  /** Random, made with the journal, never changed: peers notice by it that a node lost its journal. */
  readonly id: string;
  /** The node whose journal this is. */
  readonly node: string;
  /** Whether this opening created it: the node has no memory. */
  readonly isNew: boolean;
  readonly notices: readonly JournalNotice[];
  /** The actors that have records, sorted, without those that were taken. */
  actors(): readonly Address[];
  /** The records that recovery found for `actor`. Gives them up: a second call returns none. */
  take(actor: Address): readonly RecoveredRecord[];
  /**
   * Writes `entries` atomically: after a crash all of them are there, or none. Entries become durable in the order of
   * the calls. `onDurable` is called in a later turn of the clock's queue.
   */
  append(entries: readonly JournalEntry[], onDurable: OnDurable): void;
  /** Bytes appended and not yet durable. */
  readonly unflushedBytes: number;
  /** Flushes what was appended, then releases files and lock. Idempotent. */
  close(): Promise<void>;
}
