/**
 * The segments of an open journal: the active one, which takes the flushes; the next one, made ahead so that a flush
 * need not wait for it; the sealed ones, until they are not needed.
 */

import type { Disk, DiskError } from '../disk.ts';
import type { CheckedOptions } from './options.ts';
import type { Recovered, Segment } from './recovery.ts';
import { encodeSegmentHeader, saltOf, segmentHeaderBytes, segmentName } from './segments.ts';

/** Hears what happens to the files apart from flushes. */
export interface FilesListener {
  /** The next segment is there. */
  onReady(): void;
  onError(error: DiskError): void;
}

export class SegmentFiles {
  readonly #disk: Disk;
  readonly #options: CheckedOptions;
  readonly #journalId: string;
  readonly #listener: FilesListener;
  readonly #sealed: Segment[];
  /** Released segments, oldest first, whose files are still there. */
  readonly #released: Segment[] = [];
  #isRemoving = false;
  #next: Segment | undefined;
  #isNextReady = false;
  #isAwaited = false;
  #active: Segment;
  #salt: number;
  #endOffset: number;
  #takenBytes: number;

  constructor(disk: Disk, options: CheckedOptions, found: Recovered, listener: FilesListener) {
    this.#disk = disk;
    this.#options = options;
    this.#journalId = found.journalId;
    this.#listener = listener;
    this.#sealed = [...found.sealed];
    this.#active = found.active;
    this.#endOffset = found.endOffset;
    this.#salt = saltOf(found.journalId, found.active.number, options.crc32);
    this.#takenBytes = found.sealed.reduce((sum, it) => sum + it.sizeBytes, found.active.sizeBytes);
  }

  get active(): Segment {
    return this.#active;
  }

  /** Where the next flush goes in the active segment, and where its checksums start. */
  get place(): { readonly offset: number; readonly salt: number } {
    return { offset: this.#endOffset, salt: this.#salt };
  }

  get oldestSealed(): Segment | undefined {
    return this.#sealed[0];
  }

  /** The oldest segment that is needed. */
  get oldestNumber(): number {
    return this.#sealed[0]?.number ?? this.#active.number;
  }

  /** What the active and the sealed segments take. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** What all files take. */
  get sizeBytes(): number {
    return this.#released.reduce((sum, it) => sum + it.sizeBytes, this.#takenBytes + (this.#next?.sizeBytes ?? 0));
  }

  get isNextReady(): boolean {
    return this.#isNextReady;
  }

  /** Whether `sizeBytes` more fit into the active segment. */
  fits(sizeBytes: number): boolean {
    return this.#endOffset + sizeBytes <= this.#active.sizeBytes;
  }

  /** Takes note that `sizeBytes` are being written at `place`. Makes the next segment, taking its time, when an eighth of this one is used. */
  advance(sizeBytes: number): void {
    this.#endOffset += sizeBytes;
    if (this.#endOffset > this.#active.sizeBytes / 8) this.#make(0);
  }

  /** Makes the next segment, unless that is done or under way: large enough for a frame of `sizeBytes`. A flush waits. */
  prepare(sizeBytes: number): void {
    this.#isAwaited = true;
    this.#make(sizeBytes);
  }

  /** What is being made takes no more time than it needs. */
  hurry(): void {
    this.#isAwaited = true;
  }

  #make(sizeBytes: number): void {
    if (this.#next !== undefined) return;
    const { segmentBytes, node, crc32 } = this.#options;
    const segment: Segment = {
      number: this.#active.number + 1,
      sizeBytes: Math.max(segmentBytes, Math.ceil((segmentHeaderBytes + sizeBytes) / 4096) * 4096),
    };
    this.#next = segment;
    const header = { ...segment, journalId: this.#journalId, node };
    const name = segmentName(segment.number);
    const onMade = (error?: DiskError): void => {
      if (error !== undefined) {
        this.#listener.onError(error);
        return;
      }
      this.#isNextReady = true;
      this.#listener.onReady();
    };
    const start = encodeSegmentHeader(header, crc32);
    this.#disk.create(name, start, segment.sizeBytes, onMade, () => this.#isAwaited);
  }

  /** The active segment is durably sealed; the next one, which is there, takes its place. */
  roll(): void {
    if (this.#next === undefined) return;
    this.#sealed.push(this.#active);
    this.#active = this.#next;
    this.#takenBytes += this.#active.sizeBytes;
    this.#salt = saltOf(this.#journalId, this.#active.number, this.#options.crc32);
    this.#endOffset = segmentHeaderBytes;
    this.#next = undefined;
    this.#isNextReady = false;
    this.#isAwaited = false;
  }

  /** The oldest sealed segment is not needed any more; it stays until a flush has said so, and then `remove` is called. */
  release(): void {
    const segment = this.#sealed.shift();
    if (segment === undefined) return;
    this.#takenBytes -= segment.sizeBytes;
    this.#released.push(segment);
  }

  /** Removes the files of released segments older than `oldestNumber`, one after the other. */
  remove(oldestNumber: number): void {
    const [oldest] = this.#released;
    if (this.#isRemoving || oldest === undefined || oldest.number >= oldestNumber) return;
    this.#isRemoving = true;
    this.#disk.remove(segmentName(oldest.number), (error) => {
      this.#isRemoving = false;
      if (error !== undefined) {
        this.#listener.onError(error);
        return;
      }
      this.#released.shift();
      this.remove(oldestNumber);
    });
  }
}
