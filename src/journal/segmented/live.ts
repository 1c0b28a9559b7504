/**
 * Which records are live, and in which segment: what reclaiming has to know. Its size follows the number of actors and
 * of records that were copied forward, not that of all records.
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
}

interface LiveActor {
  /** Older records are superseded. */
  readonly since: number;
  readonly bytesIn: Map<number, number>;
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
    return live !== undefined && sequence >= live.since && (live.copies.get(sequence) ?? sequence) === writtenAs;
  }

  /** Takes note of an original that is written into `segment`. */
  add(record: Written, segment: number): void {
    if (record.replaces !== undefined) this.#drop(record.actor);
    if (record.replaces !== 'forget') this.restore(record, segment);
  }

  /** Takes note of a live record, or of the valid copy of one, that is in `segment`; oldest first. */
  restore({ actor, sequence, writtenAs, sizeBytes }: Written, segment: number): void {
    let live = this.#actors.get(actor);
    if (live === undefined) {
      live = { since: sequence, bytesIn: new Map(), copies: new Map() };
      this.#actors.set(actor, live);
    }
    if (writtenAs !== sequence) live.copies.set(sequence, writtenAs);
    this.#count(live, segment, sizeBytes);
  }

  /** Takes note of a copy of a live record that is written into `to`, and counts instead of the one in `from`. */
  move({ actor, sequence, writtenAs, sizeBytes }: Written, from: number, to: number): void {
    const live = this.#actors.get(actor);
    if (live === undefined) return;
    live.copies.set(sequence, writtenAs);
    this.#count(live, from, -sizeBytes);
    this.#count(live, to, sizeBytes);
  }

  #drop(actor: Address): void {
    const live = this.#actors.get(actor);
    if (live === undefined) return;
    for (const [segment, bytes] of [...live.bytesIn]) this.#count(live, segment, -bytes);
    this.#actors.delete(actor);
  }

  #count(live: LiveActor, segment: number, bytes: number): void {
    addTo(live.bytesIn, segment, bytes);
    addTo(this.#bytesIn, segment, bytes);
    this.#bytes += bytes;
  }
}

function addTo(counts: Map<number, number>, key: number, bytes: number): void {
  const sum = (counts.get(key) ?? 0) + bytes;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
