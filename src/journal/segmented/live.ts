/**
 * Which records are live, and in which segment: what reclaiming has to know. Its size follows the number of actors, of
 * records with marks, and of those that were copied forward, not that of all records.
 */

import type { Address } from '../../../statecharts/actor.ts';

/** A record as it was written into a segment. */
export interface Written {
  readonly actor: Address;
  readonly sequence: number;
  /** Different from `sequence` for a copy. */
  readonly writtenAs: number;
  readonly sizeBytes: number;
  readonly replaces: 'checkpoint' | 'forget' | undefined;
  readonly mark: number | undefined;
  readonly keepsAbove: number | undefined;
}

/** Consecutive live records of an actor that go together. Of an actor without marks there is one stretch. */
interface Stretch {
  readonly firstSequence: number;
  /** Of its first record; all that follow it in the stretch have none. */
  readonly mark: number | undefined;
  /** Segment and bytes of it there, by turns: a map for each would take more than the records. */
  readonly bytesIn: number[];
}

interface LiveActor {
  /** Oldest first. */
  stretches: Stretch[];
  /** For each live record that was copied, the sequence of the copy that counts. */
  readonly copies: Map<number, number>;
}

export class LiveRecords {
  readonly #actors = new Map<Address, LiveActor>();
  readonly #bytesIn = new Map<number, number>();
  #bytes = 0;

  /** Bytes of all live records. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the live records in a segment. */
  bytesIn(segment: number): number {
    return this.#bytesIn.get(segment) ?? 0;
  }

  /** Whether this copy of this record is the one that counts. */
  has({ actor, sequence, writtenAs }: Pick<Written, 'actor' | 'sequence' | 'writtenAs'>): boolean {
    const live = this.#actors.get(actor);
    const since = live?.stretches[0]?.firstSequence;
    if (live === undefined || since === undefined || sequence < since) return false;
    return (live.copies.get(sequence) ?? sequence) === writtenAs;
  }

  /** Takes note of an original that is written into `segment`. */
  add(record: Written, segment: number): void {
    if (record.replaces !== undefined) this.#drop(record.actor, record.keepsAbove);
    if (record.replaces !== 'forget') this.restore(record, segment);
  }

  /** Takes note of a live record, or of the valid copy of one, that is in `segment`; oldest first. */
  restore({ actor, sequence, writtenAs, sizeBytes, mark }: Written, segment: number): void {
    let live = this.#actors.get(actor);
    if (live === undefined) {
      live = { stretches: [], copies: new Map() };
      this.#actors.set(actor, live);
    }
    let stretch = live.stretches.at(-1);
    if (stretch === undefined || mark !== undefined) {
      stretch = { firstSequence: sequence, mark, bytesIn: [] };
      live.stretches.push(stretch);
    }
    if (writtenAs !== sequence) live.copies.set(sequence, writtenAs);
    this.#count(stretch, segment, sizeBytes);
  }

  /** Takes note of a copy of a live record that is written into `to`, and counts instead of the one in `from`. */
  move({ actor, sequence, writtenAs, sizeBytes }: Written, from: number, to: number): void {
    const live = this.#actors.get(actor);
    const stretch = live === undefined ? undefined : stretchOf(live.stretches, sequence);
    if (live === undefined || stretch === undefined) return;
    live.copies.set(sequence, writtenAs);
    this.#count(stretch, from, -sizeBytes);
    this.#count(stretch, to, sizeBytes);
  }

  /** Lets go of what a checkpoint replaces. */
  #drop(actor: Address, keepsAbove: number | undefined): void {
    const live = this.#actors.get(actor);
    if (live === undefined) return;
    const found =
      keepsAbove === undefined ? -1 : live.stretches.findIndex(({ mark }) => mark !== undefined && mark > keepsAbove);
    const count = found < 0 ? live.stretches.length : found;
    for (const stretch of live.stretches.slice(0, count)) {
      for (let at = 0; at < stretch.bytesIn.length; at += 2) {
        this.#count(stretch, stretch.bytesIn[at] ?? 0, -(stretch.bytesIn[at + 1] ?? 0));
      }
    }
    live.stretches = live.stretches.slice(count);
    const since = live.stretches[0]?.firstSequence;
    if (since === undefined) {
      this.#actors.delete(actor);
      return;
    }
    for (const sequence of [...live.copies.keys()]) if (sequence < since) live.copies.delete(sequence);
  }

  #count(stretch: Stretch, segment: number, bytes: number): void {
    const { bytesIn } = stretch;
    let at = 0;
    while (at < bytesIn.length && bytesIn[at] !== segment) at += 2;
    bytesIn[at] = segment;
    bytesIn[at + 1] = (bytesIn[at + 1] ?? 0) + bytes;
    addTo(this.#bytesIn, segment, bytes);
    this.#bytes += bytes;
  }
}

/** The stretch that holds a live record. */
function stretchOf(stretches: readonly Stretch[], sequence: number): Stretch | undefined {
  let low = 0;
  let high = stretches.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((stretches[middle]?.firstSequence ?? 0) <= sequence) low = middle;
    else high = middle - 1;
  }
  return stretches[low];
}

function addTo(counts: Map<number, number>, key: number, bytes: number): void {
  const sum = (counts.get(key) ?? 0) + bytes;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
