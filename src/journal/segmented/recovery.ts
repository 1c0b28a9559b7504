/**
 * Recovery: reads the segments of a journal, mends what a crash may leave behind, refuses what only damage can
 * explain, and keeps of each actor the records since its last checkpoint.
 */

import type { Address } from '../../../statecharts/actor.ts';
import type { Disk } from '../disk.ts';
import { JournalDamagedError, JournalDirectoryError, JournalOwnerError } from '../errors.ts';
import type { JournalNotice, RecoveredRecord } from '../journal.ts';
import { decodeRecord } from '../records.ts';
import type { Crc32 } from './checksum.ts';
import { findFrame, recordsOf, trailerBytes, trailerOf } from './frames.ts';
import { type Kept, KeptRecords } from './kept.ts';
import { LiveRecords } from './live.ts';
import {
  decodeSegmentHeader,
  type SegmentHeader,
  saltOf,
  segmentHeaderBytes,
  segmentName,
  segmentNumber,
} from './segments.ts';
import { endOfContent, judgeTail } from './tail.ts';

/** A segment that is there. */
export interface Segment {
  readonly number: number;
  readonly sizeBytes: number;
}

/** What recovery found. */
export interface Recovered {
  readonly journalId: string;
  readonly notices: readonly JournalNotice[];
  readonly records: ReadonlyMap<Address, readonly RecoveredRecord[]>;
  readonly live: LiveRecords;
  /** The segments that are full, oldest first. */
  readonly sealed: readonly Segment[];
  /** The segment that takes the next flush, and where. */
  readonly active: Segment;
  readonly endOffset: number;
  /** The sequence number of the next record. */
  readonly nextSequence: number;
}

interface Source {
  readonly disk: Disk;
  readonly node: string;
  readonly crc32: Crc32;
}

/**
 * Reads the journal on `disk`, and mends it.
 *
 * @returns undefined when there is none: the disk is empty
 * @throws JournalDamagedError, JournalFormatError, JournalOwnerError, JournalDirectoryError, DiskError
 */
export function recover(source: Source): Recovered | undefined {
  const { disk } = source;
  const notices: JournalNotice[] = [];
  const names = disk.list();
  const numbers = names
    .map(segmentNumber)
    .filter((it) => it !== undefined)
    .sort((a, b) => a - b);
  for (const name of names.filter((it) => it.endsWith('.segment.tmp'))) {
    disk.removeSync(name);
    notices.push({ kind: 'leftover-file', detail: `removed '${name}', which was being made when the node stopped` });
  }
  if (numbers.length === 0) {
    const strange = names.find((it) => !it.endsWith('.segment.tmp'));
    if (strange === undefined) return undefined;
    throw new JournalDirectoryError(
      `expected a journal or an empty directory, found '${strange}' and no segment; name the directory of the journal, or an empty one`,
    );
  }
  const oldest = oldestNeeded(source, numbers);
  for (const number of numbers.filter((it) => it < oldest)) {
    disk.removeSync(segmentName(number));
    notices.push({ kind: 'leftover-file', detail: `removed segment '${segmentName(number)}', which nothing needs` });
  }
  return new Scan(source, notices).run(
    numbers.filter((it) => it >= oldest),
    oldest,
  );
}

/**
 * The oldest segment that is needed, by what the youngest flush says. It is in one of the last three segments: one may
 * be made ahead, the one before may hold no flush yet, and the one before that has a seal.
 */
function oldestNeeded(source: Source, numbers: readonly number[]): number {
  let oldest = 1;
  for (const number of numbers.slice(-3)) {
    const { bytes, salt } = load(source, number);
    for (let offset = segmentHeaderBytes; ; ) {
      const frame = findFrame(bytes, offset, salt, source.crc32);
      if (frame === undefined || !frame.isWhole) break;
      oldest = Math.max(oldest, frame.oldestSegment);
      offset += frame.sizeBytes;
    }
  }
  return oldest;
}

function load(
  { disk, node, crc32 }: Source,
  number: number,
): { header: SegmentHeader; bytes: Uint8Array; salt: number } {
  const name = segmentName(number);
  const bytes = disk.readSync(name);
  const header = decodeSegmentHeader(name, bytes, crc32);
  if (header.node !== node) {
    throw new JournalOwnerError(
      `expected the journal of node '${node}', found that of '${header.node}'; name the directory of '${node}', or start the node as '${header.node}'`,
    );
  }
  return { header, bytes, salt: saltOf(header.journalId, number, crc32) };
}

class Scan {
  readonly #source: Source;
  readonly #notices: JournalNotice[];
  readonly #kept = new KeptRecords();
  readonly #sealed: Segment[] = [];
  #active: Segment | undefined;
  #journalId: string | undefined;
  #nextSequence: number | undefined;
  #endOffset = segmentHeaderBytes;

  constructor(source: Source, notices: JournalNotice[]) {
    this.#source = source;
    this.#notices = notices;
  }

  run(numbers: readonly number[], oldest: number): Recovered {
    let expected = oldest;
    for (const number of numbers) {
      if (this.#active !== undefined) {
        this.#discardPrepared(number, this.#active);
        continue;
      }
      if (number !== expected) throw missing(expected);
      this.#readSegment(number);
      expected += 1;
    }
    if (this.#active === undefined || this.#journalId === undefined) throw missing(expected);
    return this.#result(this.#journalId, this.#active);
  }

  /** Reads the frames of a segment. Without a seal it is the active one; otherwise another must follow. */
  #readSegment(number: number): void {
    const { crc32, disk } = this.#source;
    const name = segmentName(number);
    const { header, bytes, salt } = load(this.#source, number);
    this.#journalId ??= header.journalId;
    if (header.journalId !== this.#journalId) {
      throw new JournalDamagedError(name, 0, `it belongs to journal ${header.journalId}, not to ${this.#journalId}`);
    }
    this.#nextSequence ??= number === 1 ? 1 : undefined;
    const segment: Segment = { number, sizeBytes: header.sizeBytes };
    let offset = segmentHeaderBytes;
    for (;;) {
      const frame = findFrame(bytes, offset, salt, crc32);
      if (frame === undefined || !frame.isWhole) break;
      this.#nextSequence ??= frame.firstSequence;
      if (frame.firstSequence !== this.#nextSequence) {
        const problem = `expected record ${this.#nextSequence} next, found ${frame.firstSequence}`;
        throw new JournalDamagedError(name, offset, problem);
      }
      const records = recordsOf(bytes, offset, frame);
      if (records === undefined) throw new JournalDamagedError(name, offset, 'the records here do not read as such');
      for (const record of records) this.#kept.add(record, number, offset);
      this.#nextSequence += frame.recordCount;
      const end = offset + frame.sizeBytes;
      if (!frame.hasTrailer) {
        disk.writeSync(name, end - trailerBytes, trailerOf(bytes, offset));
        const detail = `restored the end mark of the flush at byte ${offset} of '${name}'; no record is lost`;
        this.#notices.push({ kind: 'torn-end', detail });
      }
      offset = end;
      if (frame.kind === 'sealed') {
        this.#clearStray(name, bytes, offset);
        this.#sealed.push(segment);
        return;
      }
    }
    this.#mendEnd(name, bytes, offset, salt);
    this.#endOffset = offset;
    this.#active = segment;
  }

  #mendEnd(name: string, bytes: Uint8Array, offset: number, salt: number): void {
    const { crc32, disk } = this.#source;
    const tail = judgeTail(bytes, offset, this.#nextSequence ?? 1, salt, crc32);
    if (tail.type === 'damaged') throw new JournalDamagedError(name, offset, tail.problem);
    if (tail.type === 'clean') return;
    disk.writeSync(name, offset, new Uint8Array(tail.endOffset - offset));
    const from = this.#nextSequence ?? 'unknown';
    const lost =
      tail.lostSequence === undefined
        ? `from sequence number ${from} on`
        : `with the sequence numbers ${from} to ${tail.lostSequence}`;
    this.#notices.push({
      kind: 'torn-end',
      detail:
        `cut ${tail.endOffset - offset} bytes at byte ${offset} of '${name}': a last flush, ${lost}, which was under ` +
        'way when the node stopped; nobody was told that it is durable, unless the disk lost a part of it later',
    });
  }

  #clearStray(name: string, bytes: Uint8Array, offset: number): void {
    const end = endOfContent(bytes, offset);
    if (end === offset) return;
    this.#source.disk.writeSync(name, offset, new Uint8Array(end - offset));
    const detail = `cleared bytes ${offset} to ${end} of '${name}', where nothing had been written; no record is lost`;
    this.#notices.push({ kind: 'stray-bytes', detail });
  }

  /** A segment that was made ahead, and into which nothing can have been written. */
  #discardPrepared(number: number, active: Segment): void {
    const name = segmentName(number);
    const { bytes, salt } = load(this.#source, number);
    const contentEnd = endOfContent(bytes, segmentHeaderBytes);
    for (let offset = segmentHeaderBytes; offset < contentEnd; offset += 8) {
      if (findFrame(bytes, offset, salt, this.#source.crc32) !== undefined) {
        throw new JournalDamagedError(
          segmentName(active.number),
          this.#endOffset,
          `the segment ends here without its seal, but '${name}' holds later records`,
        );
      }
    }
    this.#source.disk.removeSync(name);
  }

  #result(journalId: string, active: Segment): Recovered {
    const live = new LiveRecords();
    const records = new Map<Address, RecoveredRecord[]>();
    for (const [actor, kept] of this.#kept.live()) {
      for (const { record, segment } of kept) live.restore(record, segment);
      records.set(actor, kept.map(read));
    }
    return {
      journalId,
      notices: this.#notices,
      records,
      live,
      sealed: this.#sealed,
      active,
      endOffset: this.#endOffset,
      nextSequence: this.#nextSequence ?? 1,
    };
  }
}

function read({ record: { actor, version, payload }, segment, offset }: Kept): RecoveredRecord {
  const record = decodeRecord(payload);
  if (record !== undefined) return { version, record };
  throw new JournalDamagedError(segmentName(segment), offset, `a record of ${actor} here does not decode`);
}

const missing = (number: number): JournalDamagedError =>
  new JournalDamagedError(segmentName(number), 0, 'the segment is missing, although records were written after it');
