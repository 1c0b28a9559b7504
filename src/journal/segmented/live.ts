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
  /** The highest mark of its first record and all records before it; what follows it in the stretch has none. */
  readonly reach: number | undefined;
  /** Segment and bytes of it there, by turns: a map for each would take more than the records. */
  readonly bytesIn: number[];
  /** For each record of it that was copied, the sequence of the copy that counts. */
  copies?: Map<number, number>;
}

/** Dropped stretches that are counted off with each record that is written: a compaction drops those of a whole log. */
const settledAtOnce = 64;

export class LiveRecords {
  /** Oldest first. */
  readonly #actors = new Map<Address, Stretch[]>();
  /** Dropped, and counted as live still. */
  readonly #dropped: Stretch[][] = [];
  readonly #bytesIn = new Map<number, number>();
  #bytes = 0;

  /** Bytes of all live records, and while some are not counted off yet, of those as well. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the live records in a segment, with the same exception. */
  bytesIn(segment: number): number {
    return this.#bytesIn.get(segment) ?? 0;
  }

  /** Whether all that is not live any more was counted off; more of it is with each record that is added. */
  get isSettled(): boolean {
    return this.#dropped.length === 0;
  }

  /** Whether this copy of this record is the one that counts. */
  has({ actor, sequence, writtenAs }: Pick<Written, 'actor' | 'sequence' | 'writtenAs'>): boolean {
    const stretch = stretchOf(this.#actors.get(actor) ?? [], sequence);
    return stretch !== undefined && (stretch.copies?.get(sequence) ?? sequence) === writtenAs;
  }

  /** Takes note of an original that is written into `segment`. */
  add(record: Written, segment: number): void {
    if (record.replaces !== undefined) this.#drop(record.actor, record.keepsAbove);
    if (record.replaces !== 'forget') this.restore(record, segment);
    this.#settleSome();
  }

  /** Takes note of a live record, or of the valid copy of one, that is in `segment`; oldest first. */
  restore({ actor, sequence, writtenAs, sizeBytes, mark }: Written, segment: number): void {
    let stretches = this.#actors.get(actor);
    if (stretches === undefined) {
      stretches = [];
      this.#actors.set(actor, stretches);
    }
    let stretch = stretches.at(-1);
    if (stretch === undefined || mark !== undefined) {
      const before = stretch?.reach;
      const reach = mark === undefined || before === undefined ? (mark ?? before) : Math.max(mark, before);
      stretch = { firstSequence: sequence, reach, bytesIn: [] };
      stretches.push(stretch);
    }
    if (writtenAs !== sequence) noteCopy(stretch, sequence, writtenAs);
    this.#count(stretch, segment, sizeBytes);
  }

  /** Takes note of a copy of a live record that is written into `to`, and counts instead of the one in `from`. */
  move({ actor, sequence, writtenAs, sizeBytes }: Written, from: number, to: number): void {
    const stretch = stretchOf(this.#actors.get(actor) ?? [], sequence);
    if (stretch === undefined) return;
    noteCopy(stretch, sequence, writtenAs);
    this.#count(stretch, from, -sizeBytes);
    this.#count(stretch, to, sizeBytes);
  }

  /** Lets go of what a checkpoint replaces. */
  #drop(actor: Address, keepsAbove: number | undefined): void {
    const stretches = this.#actors.get(actor);
    if (stretches === undefined) return;
    const count = keepsAbove === undefined ? stretches.length : firstAbove(stretches, keepsAbove);
    if (count > 0) this.#dropped.push(stretches.splice(0, count));
    if (stretches.length === 0) this.#actors.delete(actor);
  }

  #settleSome(): void {
    for (let count = 0; count < settledAtOnce; ) {
      const stretch = this.#dropped.at(-1)?.pop();
      if (stretch === undefined) {
        if (this.#dropped.pop() === undefined) return;
        continue;
      }
      count += 1;
      const { bytesIn } = stretch;
      for (let at = 0; at < bytesIn.length; at += 2) {
        this.#count(stretch, bytesIn[at] ?? 0, -(bytesIn[at + 1] ?? 0));
      }
    }
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

function noteCopy(stretch: Stretch, sequence: number, writtenAs: number): void {
  stretch.copies ??= new Map();
  stretch.copies.set(sequence, writtenAs);
}

/** The stretch that holds a record; undefined when it is not live. */
function stretchOf(stretches: readonly Stretch[], sequence: number): Stretch | undefined {
  return stretches[placeOf(stretches, ({ firstSequence }) => firstSequence > sequence) - 1];
}

/** How many stretches precede the first one that begins with a mark above `mark`. */
const firstAbove = (stretches: readonly Stretch[], mark: number): number =>
  placeOf(stretches, ({ reach }) => reach !== undefined && reach > mark);

/** The place of the first stretch for which `holds`, as it does for all that follow it. */
function placeOf(stretches: readonly Stretch[], holds: (stretch: Stretch) => boolean): number {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const stretch = stretches[middle];
    if (stretch !== undefined && holds(stretch)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function addTo(counts: Map<number, number>, key: number, bytes: number): void {
  const sum = (counts.get(key) ?? 0) + bytes;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
