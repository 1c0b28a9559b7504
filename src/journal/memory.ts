/**
 * The journal in memory: the semantics of the real one on the clock that it is given, without a disk. Its storage
 * outlives a crash of the node, and loses then what was not flushed.
 */

import { ReplaySubject } from 'rxjs';
import type { Address } from '../../statecharts/actor.ts';
import type { Clock } from '../environment/clock.ts';
import type { Ids } from '../environment/ids.ts';
import { answerAll } from './answer-all.ts';
import { JournalClosedError, JournalLimitError, JournalLockedError } from './errors.ts';
import {
  type Journal,
  type JournalEntry,
  type JournalLimits,
  journalLimits,
  type OnDurable,
  type RecoveredRecord,
} from './journal.ts';
import { createMemoryDisk } from './memory-disk.ts';
import { decodeRecord, encodeRecord } from './records.ts';
import { crc32 } from './segmented/checksum.ts';
import { openSnapshotRoom } from './snapshots/files.ts';

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
  /** The node is gone: what was not flushed is lost, and nobody who waited is called. */
  crash(): void;
  /** From now on no flush completes, until `resume()`. */
  stall(): void;
  resume(): void;
  /** From the next flush on, all fail with `error`, also after a crash. */
  fail(error: Error): void;
}

interface Stored {
  readonly actor: Address;
  readonly version: number;
  readonly bytes: Uint8Array;
  readonly replaces?: 'checkpoint' | 'forget';
  readonly mark?: number;
  readonly keepsAbove?: number;
}

interface Batch {
  readonly records: readonly Stored[];
  readonly sizeBytes: number;
  readonly sinceMs: number;
  readonly onDurable: OnDurable;
}

/** A journal in memory whose storage nobody else needs. */
export const createMemoryJournal = (options: MemoryJournalOptions): Journal => createMemoryStorage(options).open();

/** Storage in memory, empty, from which one node's journal is opened again and again. */
export function createMemoryStorage(options: MemoryJournalOptions): MemoryStorage {
  const { node, clock, ids, flushDelayMs = 0 } = options;
  const limits = journalLimits(options.limits);
  const durable = new Map<Address, Stored[]>();
  const snapshotFiles = new Map<string, Uint8Array>();
  let id: string | undefined;
  let position = 0;
  let opening = 0;
  let isOpen = false;
  let stalled: (() => void)[] | undefined;
  let fault: Error | undefined;

  const store = (record: Stored): void => {
    const { actor, replaces, keepsAbove } = record;
    const before = durable.get(actor) ?? [];
    const since = replaces === undefined ? 0 : keptSince(before, keepsAbove);
    const kept = since === 0 ? before : before.slice(since);
    if (replaces !== 'forget') kept.push(record);
    if (kept.length === 0) durable.delete(actor);
    else durable.set(actor, kept);
  };

  const open = (): Journal => {
    if (isOpen) {
      throw new JournalLockedError(`the journal of node '${node}' is open already; close that one, or let it crash`);
    }
    isOpen = true;
    opening += 1;
    const own = opening;
    const isNew = id === undefined;
    id ??= ids.next();
    const recovered = new Map([...durable].map(([actor, records]) => [actor, records.map(read)]));
    let waiting: Batch[] = [];
    let flushing: Batch[] = [];
    let isFlushing = false;
    let unflushedBytes = 0;
    let failure: Error | undefined;
    const failures = new ReplaySubject<Error>(1);
    let closing: Promise<void> | undefined;
    let onIdle: (() => void) | undefined;

    const alive = (): boolean => own === opening && isOpen;

    const startFlush = (): void => {
      if (!alive() || failure !== undefined) return;
      flushing = waiting;
      waiting = [];
      if (flushDelayMs > 0) clock.setTimeout(finishFlush, flushDelayMs);
      else finishFlush();
    };
    const finishFlush = (): void => {
      if (!alive() || failure !== undefined) return;
      if (stalled !== undefined) {
        stalled.push(finishFlush);
        return;
      }
      if (fault !== undefined) {
        giveUp(fault);
        return;
      }
      const done = flushing;
      flushing = [];
      for (const batch of done) {
        batch.records.forEach(store);
        position += batch.records.length;
        unflushedBytes -= batch.sizeBytes;
      }
      isFlushing = waiting.length > 0;
      if (isFlushing) clock.enqueue(startFlush);
      else onIdle?.();
      answerAll(
        clock,
        done.map((batch) => batch.onDurable),
      );
    };
    const giveUp = (error: Error): void => {
      failure = error;
      const lost = [...flushing, ...waiting].map((batch) => batch.onDurable);
      flushing = [];
      waiting = [];
      onIdle?.();
      failures.next(error);
      failures.complete();
      answerAll(clock, lost, error);
    };
    const refuse = (onDurable: OnDurable, error: Error): void =>
      clock.enqueue(() => {
        if (own === opening) onDurable(error);
      });

    return {
      id,
      node,
      isNew,
      notices: [],
      snapshots: openSnapshotRoom({ disk: createMemoryDisk(clock, snapshotFiles), clock, crc32 }),
      limits,
      actors: () => [...recovered.keys()].sort(),
      take(actor) {
        const records = recovered.get(actor) ?? [];
        recovered.delete(actor);
        return records;
      },
      append(entries, onDurable) {
        if (failure !== undefined || closing !== undefined) {
          refuse(onDurable, failure ?? new JournalClosedError());
          return;
        }
        const records = entries.map(write);
        const sizeBytes = records.reduce((sum, record) => sum + record.bytes.length + record.actor.length, 0);
        if (sizeBytes > limits.appendBytes || unflushedBytes + sizeBytes > limits.unflushedBytes) {
          const error = new JournalLimitError(
            `expected at most ${limits.appendBytes} bytes at once and ${limits.unflushedBytes} waiting, got ` +
              `${sizeBytes} with ${unflushedBytes} waiting; push back before, or raise the limits of the journal`,
          );
          failure = error;
          clock.enqueue(() => {
            if (alive()) giveUp(error);
          });
          refuse(onDurable, error);
          return;
        }
        unflushedBytes += sizeBytes;
        waiting.push({ records, sizeBytes, sinceMs: clock.nowMs(), onDurable });
        if (isFlushing) return;
        isFlushing = true;
        clock.enqueue(startFlush);
      },
      get position() {
        return position;
      },
      get unflushedBytes() {
        return unflushedBytes;
      },
      get unflushedSinceMs() {
        return (flushing[0] ?? waiting[0])?.sinceMs;
      },
      get failure() {
        return failure;
      },
      failures: failures.asObservable(),
      get sizeBytes() {
        let sum = 0;
        for (const records of durable.values()) for (const record of records) sum += record.bytes.length;
        return sum;
      },
      close() {
        closing ??= new Promise<void>((resolve) => {
          const finish = (): void => {
            if (alive()) isOpen = false;
            failures.complete();
            resolve();
          };
          if (!isFlushing || failure !== undefined || !alive()) finish();
          else onIdle = finish;
        });
        return closing;
      },
    };
  };

  return {
    open,
    crash() {
      isOpen = false;
      opening += 1;
      if (stalled !== undefined) stalled = [];
    },
    stall() {
      stalled ??= [];
    },
    resume() {
      const due = stalled ?? [];
      stalled = undefined;
      for (const run of due) clock.enqueue(run);
    },
    fail(error) {
      fault = error;
    },
  };
}

/** Where the records begin that a checkpoint keeps. */
function keptSince(records: readonly Stored[], keepsAbove: number | undefined): number {
  const since =
    keepsAbove === undefined ? -1 : records.findIndex(({ mark }) => mark !== undefined && mark > keepsAbove);
  return since < 0 ? records.length : since;
}

const write = ({ actor, version, record, replaces, mark, keepsAbove }: JournalEntry): Stored => ({
  actor,
  version,
  bytes: replaces === 'forget' ? new Uint8Array() : Uint8Array.from(encodeRecord(record)),
  ...(replaces !== undefined && { replaces }),
  ...(mark !== undefined && { mark }),
  ...(keepsAbove !== undefined && { keepsAbove }),
});

function read({ actor, version, bytes }: Stored): RecoveredRecord {
  const record = decodeRecord(bytes);
  if (record === undefined) throw new Error(`a record of ${actor} does not decode, although it was encoded`);
  return { version, record };
}
