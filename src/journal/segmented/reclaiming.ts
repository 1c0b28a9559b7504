/**
 * Reclaiming in an open journal: segments that hold nothing live are let go of; one that holds too little is read, and
 * what is live in it handed out, piece by piece, for flushes to write again.
 */

import type { Disk, DiskError } from '../disk.ts';
import { JournalDamagedError } from '../errors.ts';
import type { SegmentFiles } from './files.ts';
import { emptyFrameBytes, FrameWriter } from './frames.ts';
import type { LiveRecords } from './live.ts';
import type { CheckedOptions } from './options.ts';
import { type Copy, nextReclaim, SegmentCopier } from './reclaimer.ts';
import { segmentName } from './segments.ts';

/** Hears what becomes of a segment that is read and copied. */
export interface ReclaimingListener {
  /** There is something to copy. */
  onReady(): void;
  /** More is to be looked through in another turn. */
  onTurn(): void;
  onError(error: DiskError): void;
  onDamage(error: JournalDamagedError): void;
}

export class Reclaiming {
  readonly #disk: Disk;
  readonly #options: CheckedOptions;
  readonly #journalId: string;
  readonly #live: LiveRecords;
  readonly #files: SegmentFiles;
  readonly #listener: ReclaimingListener;
  readonly #writer = new FrameWriter(emptyFrameBytes);
  #copier: SegmentCopier | undefined;
  /** Nothing is copied that was not paid for by an append: so copying cannot feed itself. */
  #creditBytes: number;
  #isLoading = false;

  constructor(
    disk: Disk,
    options: CheckedOptions,
    journalId: string,
    live: LiveRecords,
    files: SegmentFiles,
    listener: ReclaimingListener,
  ) {
    this.#disk = disk;
    this.#options = options;
    this.#journalId = journalId;
    this.#live = live;
    this.#files = files;
    this.#listener = listener;
    this.#creditBytes = files.takenBytes;
  }

  /** So many bytes were appended, for which as many may be copied. */
  earn(sizeBytes: number): void {
    this.#creditBytes += sizeBytes;
  }

  /** So many bytes were copied. */
  spend(sizeBytes: number): void {
    this.#creditBytes -= sizeBytes;
  }

  /** Lets go of segments that hold nothing live, and starts to copy one that holds too little. */
  proceed(): void {
    const { segmentBytes } = this.#options;
    while (this.#copier === undefined && !this.#isLoading) {
      const oldest = this.#files.oldestSealed;
      const step = nextReclaim(oldest, this.#live, this.#files.takenBytes, segmentBytes);
      if (oldest === undefined || step === 'nothing') return;
      if (step === 'copy' && this.#live.bytesIn(oldest.number) > this.#creditBytes) return;
      if (step === 'release') {
        this.#files.release();
        continue;
      }
      this.#isLoading = true;
      const name = segmentName(oldest.number);
      this.#disk.read(name, (result) => {
        this.#isLoading = false;
        if (!(result instanceof Uint8Array)) {
          this.#listener.onError(result);
          return;
        }
        this.#copier = new SegmentCopier(oldest.number, result, this.#journalId, this.#live, this.#options);
        this.#listener.onReady();
      });
    }
  }

  /** What is to be copied next, and its frame to be written before this is called again; undefined when there is none now. */
  nextCopies(): { readonly writer: FrameWriter; readonly copies: readonly Copy[] } | undefined {
    const copier = this.#copier;
    if (copier === undefined) return undefined;
    this.#writer.reset();
    const copies = copier.fill(this.#writer);
    if (copies.length > 0) return { writer: this.#writer, copies };
    // Other turns come first; the next record that is written, where something is not counted off yet.
    if (!copier.isDone) this.#listener.onTurn();
    if (!copier.isDone || !this.#live.isSettled) return undefined;
    this.#copier = undefined;
    if (this.#live.bytesIn(copier.segment) > 0) {
      const name = segmentName(copier.segment);
      this.#listener.onDamage(new JournalDamagedError(name, 0, 'live records in it cannot be read'));
    }
    this.proceed();
    return undefined;
  }
}
