/** What waits for the next flush: appended entries, encoded at once, in the frames in which they will be written. */

import type { JournalEntry, OnDurable } from '../journal.ts';
import { encodeRecord } from '../records.ts';
import { FrameWriter } from './frames.ts';
import type { Written } from './live.ts';

/** No entry joins a frame that is as large as this. */
const fullBytes = 2 ** 20;
const initialBytes = 64 * 1024;
/** The memory of larger frames is not kept. */
const keptBytes = 4 * fullBytes;
const noPayload = new Uint8Array();

/** A record of a batch; it gets its sequence number when it is written. */
export interface BatchedRecord extends Written {
  sequence: number;
  writtenAs: number;
}

/** The entries of one flush, and those who wait for it. */
export interface Batch {
  readonly writer: FrameWriter;
  readonly records: BatchedRecord[];
  readonly waiting: OnDurable[];
  /** When its first entry was appended. */
  readonly sinceMs: number;
  sizeBytes: number;
}

export class Batches {
  readonly #batches: Batch[] = [];
  readonly #spare: FrameWriter[] = [];

  /** The batch that is written next. */
  get first(): Batch | undefined {
    return this.#batches[0];
  }

  /**
   * Adds entries to the last batch, or to a new one.
   *
   * @returns how many bytes they are
   * @throws NotPlainDataError when one cannot be encoded; none was added then
   */
  add(entries: readonly JournalEntry[], onDurable: OnDurable, nowMs: number): number {
    let batch = this.#batches.at(-1);
    if (batch === undefined || batch.sizeBytes >= fullBytes) {
      const writer = this.#spare.pop() ?? new FrameWriter(initialBytes);
      batch = { writer, records: [], waiting: [], sinceMs: nowMs, sizeBytes: 0 };
      this.#batches.push(batch);
    }
    const { writer, records } = batch;
    const takeBack = writer.mark();
    const count = records.length;
    let sizeBytes = 0;
    try {
      for (const { actor, version, record, replaces, mark, keepsAbove } of entries) {
        const payload = replaces === 'forget' ? noPayload : encodeRecord(record);
        const recordBytes = writer.add({ actor, version, replaces, mark, keepsAbove, payload });
        records.push({ actor, replaces, mark, keepsAbove, sizeBytes: recordBytes, sequence: 0, writtenAs: 0 });
        sizeBytes += recordBytes;
      }
    } catch (error) {
      takeBack();
      records.length = count;
      if (batch.waiting.length === 0) this.#batches.pop();
      throw error;
    }
    batch.waiting.push(onDurable);
    batch.sizeBytes += sizeBytes;
    return sizeBytes;
  }

  shift(): Batch | undefined {
    return this.#batches.shift();
  }

  /** Keeps the memory of a written frame for another. */
  recycle(writer: FrameWriter): void {
    if (this.#spare.length >= 2 || writer.capacityBytes > keptBytes) return;
    writer.reset();
    this.#spare.push(writer);
  }

  /** Takes out all who wait. */
  drain(): OnDurable[] {
    return this.#batches.splice(0).flatMap((batch) => batch.waiting);
  }
}
