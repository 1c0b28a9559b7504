/** A journal in memory from its opening to its end, be that its closing or a crash. */

import { ReplaySubject } from 'rxjs';
import type { Address } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import { answerAll } from '../answer-all.ts';
import { JournalClosedError, JournalLimitError } from '../errors.ts';
import type { Journal, JournalEntry, JournalLimits, JournalNotice, OnDurable, RecoveredRecord } from '../journal.ts';
import { createMemoryDisk } from '../memory-disk.ts';
import { crc32 } from '../segmented/checksum.ts';
import { openSnapshotRoom } from '../snapshots/files.ts';
import type { SnapshotRoom } from '../snapshots/room.ts';
import { type DurableRecords, type Stored, write } from './records.ts';

/** The storage under an opening, which outlives it. */
export interface Medium {
  readonly records: DurableRecords;
  readonly snapshotFiles: Map<string, Uint8Array>;
  /** Those that go on when flushes do; undefined while none is held up. */
  stalled: (() => void)[] | undefined;
  /** Why flushes fail from now on. */
  fault: Error | undefined;
}

export interface OpeningParts {
  readonly id: string;
  readonly node: string;
  readonly isNew: boolean;
  readonly clock: Clock;
  readonly flushDelayMs: number;
  readonly limits: JournalLimits;
  readonly medium: Medium;
}

interface Batch {
  readonly records: readonly Stored[];
  readonly sizeBytes: number;
  readonly sinceMs: number;
  readonly onDurable: OnDurable;
}

const onDurableOf = ({ onDurable }: Batch): OnDurable => onDurable;

export class MemoryJournal implements Journal {
  readonly id: string;
  readonly node: string;
  readonly isNew: boolean;
  readonly limits: JournalLimits;
  readonly notices: readonly JournalNotice[] = [];
  readonly snapshots: SnapshotRoom;
  readonly #clock: Clock;
  readonly #flushDelayMs: number;
  readonly #medium: Medium;
  readonly #recovered: Map<Address, readonly RecoveredRecord[]>;
  #waiting: Batch[] = [];
  #flushing: Batch[] = [];
  #isFlushing = false;
  #unflushedBytes = 0;
  #failure: Error | undefined;
  readonly #failures = new ReplaySubject<Error>(1);
  readonly failures = this.#failures.asObservable();
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;
  #isClosed = false;
  #isGone = false;

  constructor({ id, node, isNew, clock, flushDelayMs, limits, medium }: OpeningParts) {
    this.id = id;
    this.node = node;
    this.isNew = isNew;
    this.limits = limits;
    this.#clock = clock;
    this.#flushDelayMs = flushDelayMs;
    this.#medium = medium;
    this.#recovered = medium.records.read();
    this.snapshots = openSnapshotRoom({ disk: createMemoryDisk(clock, medium.snapshotFiles), clock, crc32 });
  }

  /** Whether it is neither closed nor gone. */
  get isOpen(): boolean {
    return !this.#isClosed && !this.#isGone;
  }

  get position(): number {
    return this.#medium.records.position;
  }

  get unflushedBytes(): number {
    return this.#unflushedBytes;
  }

  get unflushedSinceMs(): number | undefined {
    return (this.#flushing[0] ?? this.#waiting[0])?.sinceMs;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  get sizeBytes(): number {
    return this.#medium.records.sizeBytes;
  }

  actors(): readonly Address[] {
    return [...this.#recovered.keys()].sort();
  }

  take(actor: Address): readonly RecoveredRecord[] {
    const records = this.#recovered.get(actor) ?? [];
    this.#recovered.delete(actor);
    return records;
  }

  append(entries: readonly JournalEntry[], onDurable: OnDurable): void {
    if (this.#failure !== undefined || this.#closing !== undefined) {
      this.#refuse(onDurable, this.#failure ?? new JournalClosedError());
      return;
    }
    const records = entries.map(write);
    const sizeBytes = records.reduce((sum, record) => sum + record.bytes.length + record.actor.length, 0);
    const { appendBytes, unflushedBytes } = this.limits;
    if (sizeBytes > appendBytes || this.#unflushedBytes + sizeBytes > unflushedBytes) {
      const error = new JournalLimitError(
        `expected at most ${appendBytes} bytes at once and ${unflushedBytes} waiting, got ` +
          `${sizeBytes} with ${this.#unflushedBytes} waiting; push back before, or raise the limits of the journal`,
      );
      this.#failure = error;
      this.#clock.enqueue(() => {
        if (this.isOpen) this.#giveUp(error);
      });
      this.#refuse(onDurable, error);
      return;
    }
    this.#unflushedBytes += sizeBytes;
    this.#waiting.push({ records, sizeBytes, sinceMs: this.#clock.nowMs(), onDurable });
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#clock.enqueue(this.#startFlush);
  }

  close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      const finish = (): void => {
        this.#isClosed = true;
        this.#failures.complete();
        resolve();
      };
      if (!this.#isFlushing || this.#failure !== undefined || !this.isOpen) finish();
      else this.#onIdle = finish;
    });
    return this.#closing;
  }

  /** The node is gone, or opens its journal anew: what was not flushed is lost, and no caller that waits is called. */
  abandon(): void {
    this.#isGone = true;
  }

  readonly #startFlush = (): void => {
    if (!this.isOpen || this.#failure !== undefined) return;
    this.#flushing = this.#waiting;
    this.#waiting = [];
    if (this.#flushDelayMs > 0) this.#clock.setTimeout(this.#finishFlush, this.#flushDelayMs);
    else this.#finishFlush();
  };

  readonly #finishFlush = (): void => {
    if (!this.isOpen || this.#failure !== undefined) return;
    const { records, stalled, fault } = this.#medium;
    if (stalled !== undefined) {
      stalled.push(this.#finishFlush);
      return;
    }
    if (fault !== undefined) {
      this.#giveUp(fault);
      return;
    }
    const done = this.#flushing;
    this.#flushing = [];
    for (const batch of done) {
      for (const record of batch.records) records.store(record);
      this.#unflushedBytes -= batch.sizeBytes;
    }
    this.#isFlushing = this.#waiting.length > 0;
    if (this.#isFlushing) this.#clock.enqueue(this.#startFlush);
    else this.#onIdle?.();
    answerAll(this.#clock, done.map(onDurableOf));
  };

  #giveUp(error: Error): void {
    this.#failure = error;
    const lost = [...this.#flushing, ...this.#waiting].map(onDurableOf);
    this.#flushing = [];
    this.#waiting = [];
    this.#onIdle?.();
    this.#failures.next(error);
    this.#failures.complete();
    answerAll(this.#clock, lost, error);
  }

  #refuse(onDurable: OnDurable, error: Error): void {
    this.#clock.enqueue(() => {
      if (!this.#isGone) onDurable(error);
    });
  }
}
