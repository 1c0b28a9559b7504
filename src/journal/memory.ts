/**
 * The journal in memory: the semantics of the real one on the clock that it is given, without a disk. Its storage
 * outlives a crash of the node, and loses then what was not flushed.
 */

import type { Clock } from '../environment/clock.ts';
import type { Ids } from '../environment/ids.ts';
import { JournalLockedError } from './errors.ts';
import { type Journal, type JournalLimits, journalLimits } from './journal.ts';
import { type Medium, MemoryJournal } from './memory/opening.ts';
import { DurableRecords } from './memory/records.ts';

export interface MemoryJournalOptions {
  /** The node whose journal it is. */
  readonly node: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** How long a flush takes, in milliseconds. Default 0: it is done in the next turn of the queue. */
  readonly flushDelayMs?: number;
  readonly limits?: Partial<JournalLimits>;
}

/** What remains of a journal in memory when its node crashes, and the hand that makes it fail. */
export interface MemoryStorage {
  /**
   * Opens the journal.
   *
   * @throws JournalLockedError when it is open: close it, or `crash()`
   */
  open(): Journal;
  /** The node is gone: what was not flushed is lost, and no caller that waits is called. */
  crash(): void;
  /** From now on no flush completes, until `resume()`. */
  stall(): void;
  resume(): void;
  /** From the next flush on, all fail with `error`, also after a crash. */
  fail(error: Error): void;
}

/** A journal in memory with a storage of its own. */
export const createMemoryJournal = (options: MemoryJournalOptions): Journal => createMemoryStorage(options).open();

/** Storage in memory, empty, from which one node's journal is opened again and again. */
export function createMemoryStorage(options: MemoryJournalOptions): MemoryStorage {
  const { node, clock, ids, flushDelayMs = 0 } = options;
  const limits = journalLimits(options.limits);
  const medium: Medium = {
    records: new DurableRecords(),
    snapshotFiles: new Map(),
    stalled: undefined,
    fault: undefined,
  };
  let id: string | undefined;
  let opened: MemoryJournal | undefined;
  return {
    open() {
      if (opened?.isOpen === true) {
        throw new JournalLockedError(`the journal of node '${node}' is open already; close that one, or let it crash`);
      }
      opened?.abandon();
      const isNew = id === undefined;
      id ??= ids.next();
      opened = new MemoryJournal({ id, node, isNew, clock, flushDelayMs, limits, medium });
      return opened;
    },
    crash() {
      opened?.abandon();
      if (medium.stalled !== undefined) medium.stalled = [];
    },
    stall() {
      medium.stalled ??= [];
    },
    resume() {
      const due = medium.stalled ?? [];
      medium.stalled = undefined;
      for (const run of due) clock.enqueue(run);
    },
    fail(error) {
      medium.fault = error;
    },
  };
}
