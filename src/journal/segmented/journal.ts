/**
 * The segmented journal on a disk, real or simulated. One flush at a time is under way; what is appended meanwhile goes
 * into the next. So whenever a later flush can be read, all earlier ones were durable.
 */

import { ReplaySubject } from 'rxjs';
import type { Address } from '../../../statecharts/actor.ts';
import { answerAll } from '../answer-all.ts';
import type { Disk, DiskError } from '../disk.ts';
import { JournalClosedError } from '../errors.ts';
import type { Journal, JournalEntry, JournalLimits, JournalNotice, OnDurable, RecoveredRecord } from '../journal.ts';
import type { SnapshotRoom } from '../snapshots/room.ts';
import { type Batch, Batches } from './batches.ts';
import { Due } from './due.ts';
import { journalError } from './failure.ts';
import { SegmentFiles } from './files.ts';
import { emptyFrameBytes, type FrameKind, FrameWriter } from './frames.ts';
import { beyondLimits } from './limits.ts';
import type { LiveRecords } from './live.ts';
import type { CheckedOptions } from './options.ts';
import type { Copy } from './reclaimer.ts';
import { Reclaiming } from './reclaiming.ts';
import type { Recovered } from './recovery.ts';
import { segmentName } from './segments.ts';

/** A frame on its way to the disk. */
interface Flush {
  readonly kind: FrameKind;
  readonly writer: FrameWriter;
  readonly batch?: Batch;
  readonly copies?: readonly Copy[];
}

/** The journal that recovery found, or that was just made, open. */
export class SegmentedJournal implements Journal {
  readonly id: string;
  readonly node: string;
  readonly isNew: boolean;
  readonly notices: readonly JournalNotice[];
  readonly limits: JournalLimits;
  readonly snapshots: SnapshotRoom;
  readonly #disk: Disk;
  readonly #options: CheckedOptions;
  readonly #records: Map<Address, readonly RecoveredRecord[]>;
  readonly #live: LiveRecords;
  readonly #files: SegmentFiles;
  readonly #batches = new Batches();
  readonly #emptyWriter = new FrameWriter(emptyFrameBytes);
  readonly #reclaiming: Reclaiming;
  #wasCopy = false;
  #nextSequence: number;
  #position: number;
  /** What the last flush said of the oldest segment that is needed. */
  #announcedOldest: number;
  /** Waits for room in a segment. */
  #held: Flush | undefined;
  #writing: Flush | undefined;
  #isScheduled = false;
  readonly #due: Due;
  #unflushedBytes = 0;
  #failure: Error | undefined;
  readonly #failures = new ReplaySubject<Error>(1);
  readonly failures = this.#failures.asObservable();
  #isMarkedClosed = false;
  #onFlushed: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(disk: Disk, options: CheckedOptions, found: Recovered, isNew: boolean, snapshots: SnapshotRoom) {
    this.snapshots = snapshots;
    this.id = found.journalId;
    this.node = options.node;
    this.isNew = isNew;
    this.notices = found.notices;
    this.limits = options.limits;
    this.#disk = disk;
    this.#options = options;
    this.#due = new Due(options.clock, () => this.#pump());
    this.#records = new Map(found.records);
    this.#live = found.live;
    this.#nextSequence = found.nextSequence;
    this.#position = found.nextSequence - 1;
    this.#files = new SegmentFiles(disk, options, found, {
      onReady: () => this.#pump(),
      onError: (error) => this.#failOn(error),
    });
    this.#announcedOldest = this.#files.oldestNumber;
    this.#reclaiming = new Reclaiming(disk, options, this.id, this.#live, this.#files, {
      onReady: () => this.#pump(),
      onTurn: () => this.#schedule(),
      onError: (error) => this.#failOn(error),
      onDamage: (error) => {
        this.#failure = error;
      },
    });
  }

  actors(): readonly Address[] {
    return [...this.#records.keys()].sort();
  }

  take(actor: Address): readonly RecoveredRecord[] {
    const records = this.#records.get(actor) ?? [];
    this.#records.delete(actor);
    return records;
  }

  append(entries: readonly JournalEntry[], onDurable: OnDurable, how: 'forced' | 'unforced' = 'forced'): void {
    const { clock } = this.#options;
    const refusal = this.#failure ?? (this.#closing === undefined ? undefined : new JournalClosedError());
    if (refusal !== undefined) {
      clock.enqueue(() => onDurable(refusal));
      return;
    }
    const sizeBytes = this.#batches.add(entries, onDurable, clock.nowMs());
    this.#unflushedBytes += sizeBytes;
    this.#failure = beyondLimits(this.limits, entries, sizeBytes, this.#unflushedBytes);
    if (how === 'forced' || this.#failure !== undefined) {
      this.#due.now();
      this.#schedule();
    } else {
      this.#due.soon();
    }
  }

  get position(): number {
    return this.#position;
  }

  get unflushedBytes(): number {
    return this.#unflushedBytes;
  }

  get unflushedSinceMs(): number | undefined {
    return (this.#writing?.batch ?? this.#held?.batch ?? this.#batches.first)?.sinceMs;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  get sizeBytes(): number {
    return this.#files.sizeBytes;
  }

  close(): Promise<void> {
    this.#files.hurry();
    this.#closing ??= new Promise<void>((resolve) => {
      this.#onFlushed = () =>
        this.#disk.close(() => {
          this.#failures.complete();
          resolve();
        });
      this.#schedule();
    });
    return this.#closing;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.clock.enqueue(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  /** Starts the next flush, when none is under way and there is something to write. */
  #pump(): void {
    if (this.#failure !== undefined) {
      this.#giveUp(this.#failure);
      return;
    }
    if (this.#writing !== undefined) return;
    if (this.#closing === undefined) this.#reclaiming.proceed();
    this.#held ??= this.#nextFlush();
    if (this.#failure !== undefined) {
      this.#giveUp(this.#failure);
      return;
    }
    const flush = this.#held;
    this.#held = undefined;
    if (flush === undefined) {
      this.#onFlushed?.();
      this.#onFlushed = undefined;
      return;
    }
    // Room for a seal is always kept.
    if (this.#files.fits(flush.writer.sizeBytes + emptyFrameBytes)) {
      this.#write(flush);
      return;
    }
    this.#held = flush;
    if (this.#files.isNextReady) this.#write({ kind: 'sealed', writer: this.#emptyWriter });
    else this.#files.prepare(flush.writer.sizeBytes + emptyFrameBytes);
  }

  #nextFlush(): Flush | undefined {
    if (!this.#wasCopy || this.#batches.first === undefined) {
      const copied = this.#closing === undefined ? this.#reclaiming.nextCopies() : undefined;
      if (copied !== undefined) {
        this.#wasCopy = true;
        return { kind: 'records', ...copied };
      }
    }
    this.#wasCopy = false;
    const batch = this.#due.is || this.#closing !== undefined ? this.#batches.shift() : undefined;
    if (this.#batches.first === undefined) this.#due.clear();
    if (batch !== undefined) return { kind: 'records', writer: batch.writer, batch };
    if (this.#closing !== undefined) {
      if (this.#isMarkedClosed) return undefined;
      this.#isMarkedClosed = true;
      return { kind: 'closed', writer: this.#emptyWriter };
    }
    if (this.#files.oldestNumber === this.#announcedOldest) return undefined;
    return { kind: 'records', writer: this.#emptyWriter };
  }

  #write(flush: Flush): void {
    const { active, place, oldestNumber } = this.#files;
    const firstSequence = this.#nextSequence;
    const placing = { ...place, kind: flush.kind, firstSequence, oldestSegment: oldestNumber };
    const bytes = flush.writer.finish(placing, this.#options.crc32);
    this.#nextSequence += flush.writer.recordCount;
    this.#announcedOldest = oldestNumber;
    let sequence = firstSequence;
    for (const record of flush.batch?.records ?? []) {
      record.sequence = sequence;
      record.writtenAs = sequence;
      sequence += 1;
      this.#live.add(record, active.number);
    }
    if (flush.batch !== undefined) this.#reclaiming.earn(flush.batch.sizeBytes);
    flush.copies?.forEach(({ record, from }, index) => {
      this.#reclaiming.spend(record.sizeBytes);
      this.#live.move({ ...record, writtenAs: firstSequence + index }, from, active.number);
    });
    this.#writing = flush;
    this.#files.advance(bytes.length);
    this.#disk.write(segmentName(active.number), place.offset, bytes, (error) => {
      if (error !== undefined) this.#failOn(error);
      else if (this.#failure !== undefined) this.#giveUp(this.#failure);
      else this.#written(flush, oldestNumber);
    });
  }

  #written(flush: Flush, oldestNumber: number): void {
    this.#writing = undefined;
    this.#files.remove(oldestNumber);
    if (flush.kind === 'sealed') this.#files.roll();
    // Nothing is written while a flush is under way, so this is the last record of it.
    this.#position = this.#nextSequence - 1;
    const { batch } = flush;
    if (batch !== undefined) {
      this.#unflushedBytes -= batch.sizeBytes;
      this.#batches.recycle(batch.writer);
    }
    try {
      if (batch !== undefined) answerAll(this.#options.clock, batch.waiting);
    } finally {
      this.#pump();
    }
  }

  #failOn(error: DiskError): void {
    this.#failure ??= journalError(this.node, error);
    this.#giveUp(this.#failure);
  }

  /** Tells all that listen or wait. What is under way may still become durable, but none of them will hear it. */
  #giveUp(error: Error): void {
    this.#due.clear();
    this.#failures.next(error);
    this.#failures.complete();
    const waiting = [this.#writing, this.#held].flatMap((flush) => flush?.batch?.waiting.splice(0) ?? []);
    waiting.push(...this.#batches.drain());
    const onFlushed = this.#onFlushed;
    this.#onFlushed = undefined;
    try {
      answerAll(this.#options.clock, waiting, error);
    } finally {
      onFlushed?.();
    }
  }
}
