/**
 * The journal: the durable, ordered, checksummed record of what one node's actors wrote down. All records that wait
 * together share one flush. A failed flush is final: it is never retried, and the node that owns the journal stops.
 */

import type { Observable } from 'rxjs';
import type { Address, Tagged } from '../../statecharts/actor.ts';
import type { SnapshotRoom } from './snapshots/room.ts';

/** A record on its way into the journal. */
export interface JournalEntry {
  readonly actor: Address;
  /** The version of the record's form, from its actor's definition: an integer from 0 to 2^32 - 1. */
  readonly version: number;
  readonly record: Tagged;
  /**
   * `checkpoint` replaces all earlier records of this actor; `forget` does so too and leaves none (its record is not
   * read back).
   */
  readonly replaces?: 'checkpoint' | 'forget';
  /** How far the record reaches, as its actor counts: an integer of 0 or more. What `keepsAbove` looks at. */
  readonly mark?: number;
  /**
   * Of a checkpoint: it replaces only the records before the actor's first one whose mark is greater than this. So what
   * is still needed stays where it is, and need not be written again.
   */
  readonly keepsAbove?: number;
}

/** What recovery found of one actor: its records since its last checkpoint, oldest first. */
export interface RecoveredRecord {
  readonly version: number;
  readonly record: Tagged;
}

/**
 * Something that recovery found and mended, and that an operator should know: a torn end that was cut off, a file that
 * an interrupted step had left behind, bytes where nothing had been written.
 */
export interface JournalNotice {
  readonly kind: 'torn-end' | 'leftover-file' | 'stray-bytes';
  readonly detail: string;
}

/** Beyond these the journal refuses, finally: its user pushes back before. */
export interface JournalLimits {
  /** Bytes that may wait for the disk. Default 512 MiB. */
  readonly unflushedBytes: number;
  /** Bytes of one call of `append`, encoded. Default 256 MiB. */
  readonly appendBytes: number;
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
  readonly limits: JournalLimits;
  /** Where this node keeps snapshots; as durable as the journal, and closed with it. */
  readonly snapshots: SnapshotRoom;
  /** The actors that have records, sorted, without those that were taken. */
  actors(): readonly Address[];
  /** The records that recovery found for `actor`. Gives them up: a second call returns none. */
  take(actor: Address): readonly RecoveredRecord[];
  /**
   * Writes `entries` atomically: after a crash all of them are there, or none. Entries become durable in the order of
   * the calls. They are encoded at once, so changing a record afterwards changes nothing. `onDurable` is called in a
   * later turn of the clock's queue; its error is final: every later append gets it too.
   *
   * @param how `unforced` entries may wait for the next append that is not, so that they share its flush; at most for
   *   `unforcedDelayMs`
   * @throws NotPlainDataError when a record cannot be encoded; nothing was taken then
   */
  append(entries: readonly JournalEntry[], onDurable: OnDurable, how?: 'forced' | 'unforced'): void;
  /**
   * How many records were ever written and are durable, those of earlier openings and those that are gone among them. It
   * never falls: a journal that has fewer than it once had is not the one that it was.
   */
  readonly position: number;
  /** Bytes appended and not yet durable. */
  readonly unflushedBytes: number;
  /** Since when, by the clock, the oldest append waits to be durable; undefined when none does. Tells a stall. */
  readonly unflushedSinceMs: number | undefined;
  /** Why nothing can be written any more; undefined while all is well. */
  readonly failure: Error | undefined;
  /**
   * Emits `failure` and completes, before those are called who wait for their entries; not within a call of the
   * journal's. Says the same to those who subscribe later. Completes alone when the journal is closed.
   */
  readonly failures: Observable<Error>;
  /** Bytes that the journal occupies. */
  readonly sizeBytes: number;
  /**
   * Flushes what was appended, then releases files and lock. Idempotent. Waits for what the disk has in its hands, so
   * on a disk that stalls for ever it never resolves.
   */
  close(): Promise<void>;
}

/** How long entries that no caller waits for may lie in memory, in milliseconds. */
export const unforcedDelayMs = 20;

const defaultLimits: JournalLimits = { unflushedBytes: 512 * 2 ** 20, appendBytes: 256 * 2 ** 20 };

/** The default limits, with those of `limits` in their place. */
export const journalLimits = (limits: Partial<JournalLimits> = {}): JournalLimits => ({ ...defaultLimits, ...limits });
