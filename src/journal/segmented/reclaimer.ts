/**
 * Gives back the room of superseded records. Segments go oldest first: what is still live in the oldest one is copied
 * to the end of the journal, and the segment is removed once a later flush says durably that it is not needed.
 *
 * The bound: when nothing is being copied, the segments take at most twice the live bytes and four segments more (and
 * the active one, where a single large append made that larger). No more bytes are ever copied than were appended.
 */

import type { Crc32 } from './checksum.ts';
import type { FramedRecord, FrameWriter } from './frames.ts';
import { findFrame, recordsOf } from './frames.ts';
import type { LiveRecords } from './live.ts';
import type { CheckedOptions } from './options.ts';
import type { Segment } from './recovery.ts';
import { saltOf, segmentHeaderBytes } from './segments.ts';

/** Bytes that are copied in one flush, at most, so that appends wait no longer than that. */
const mostCopyBytes = 256 * 1024;
/** Bytes of records that are gone through in one turn, live or not, for each of those. */
const searchFactor = 2;

/** What should be done next about the oldest segment. */
export type Reclaim = 'nothing' | 'release' | 'copy';

/**
 * Whether the oldest sealed segment can go at once, or must be copied because too much room is taken.
 *
 * @param takenBytes what all segments that hold records take
 */
export function nextReclaim(
  oldestSealed: Segment | undefined,
  live: LiveRecords,
  takenBytes: number,
  segmentBytes: number,
): Reclaim {
  if (oldestSealed === undefined) return 'nothing';
  if (live.bytesIn(oldestSealed.number) === 0) return 'release';
  return live.isSettled && takenBytes > 2 * live.bytes + 4 * segmentBytes ? 'copy' : 'nothing';
}

/** A record that is to be copied, and the segment where it was. */
export interface Copy {
  readonly record: FramedRecord;
  readonly from: number;
}

/** The live records of one segment, piece by piece. */
export class SegmentCopier {
  readonly segment: number;
  readonly #records: Generator<FramedRecord>;
  readonly #live: LiveRecords;
  readonly #copyBytes: number;
  #isDone = false;

  /** @param bytes the whole segment */
  constructor(segment: number, bytes: Uint8Array, journalId: string, live: LiveRecords, options: CheckedOptions) {
    const { crc32, segmentBytes } = options;
    this.#copyBytes = Math.min(mostCopyBytes, segmentBytes / 4);
    this.segment = segment;
    this.#live = live;
    this.#records = recordsIn(bytes, saltOf(journalId, segment, crc32), crc32);
  }

  /** Whether all records were gone through. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * Adds the next live records to `writer`: as many as one flush may take.
   *
   * @returns what was added; nothing where no live record is among the next ones, and when the whole segment was copied
   */
  fill(writer: FrameWriter): readonly Copy[] {
    const copies: Copy[] = [];
    for (let searchedBytes = 0; writer.sizeBytes < this.#copyBytes; ) {
      if (searchedBytes >= searchFactor * this.#copyBytes) break;
      const next = this.#records.next();
      this.#isDone = next.done === true;
      if (next.done === true) break;
      const record = next.value;
      searchedBytes += record.sizeBytes;
      if (!this.#live.has(record)) continue;
      writer.add(record, record.sequence);
      copies.push({ record, from: this.segment });
    }
    return copies;
  }
}

/** All records of a segment. Ends where no whole frame follows: the caller notices by what stays live in it. */
function* recordsIn(bytes: Uint8Array, salt: number, crc32: Crc32): Generator<FramedRecord> {
  for (let offset = segmentHeaderBytes; ; ) {
    const frame = findFrame(bytes, offset, salt, crc32);
    if (frame === undefined || !frame.isWhole) return;
    yield* recordsOf(bytes, offset, frame) ?? [];
    offset += frame.sizeBytes;
  }
}
