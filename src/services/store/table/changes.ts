/**
 * The last changes of a table, in the order of their revisions: what a watcher that was away missed, and by how much what
 * stands in the table must be taken back to tell how it was. How many are kept follows from the changes alone, so that all
 * nodes keep the same ones.
 */

import type { RecordAddress } from './slabs.ts';

/** How much of what has been is kept. Constants of a store, because all nodes must agree on them. */
export interface Retention {
  readonly changes: number;
  /** Of keys and of values, those that were replaced included, in bytes. */
  readonly bytes: number;
}

/** What is kept of the past: hours of a store that is seldom written, and seconds of one that is written hard. */
export const defaultRetention: Retention = { changes: 100_000, bytes: 32 * 1_024 * 1_024 };

/** A change: where its record is, and what it counts for. */
export interface KeptRecord {
  readonly address: RecordAddress;
  readonly sizeBytes: number;
}

const leastRoom = 64;

/** A queue of changes: added at its end, forgotten from its beginning. */
export class Changes {
  readonly #retention: Retention;
  #revisions = new Float64Array(leastRoom);
  #addresses = new Float64Array(leastRoom);
  #sizes = new Float64Array(leastRoom);
  /** Counts from the first change ever; an index of it is taken modulo the room. */
  #first = 0;
  #end = 0;
  /** The first change that is to be kept; those before it only wait to be taken out. */
  #firstKept = 0;
  #keptBytes = 0;
  #floor: number;

  /** @param floor the revision of the state before the first change */
  constructor(retention: Retention, floor = 0) {
    this.#retention = retention;
    this.#floor = floor;
  }

  /** The first revision as of which everything is known: changes after it are kept, all of them. */
  get floor(): number {
    return this.#floor;
  }

  /** How many changes are kept. */
  get kept(): number {
    return this.#end - this.#firstKept;
  }

  /** No change is here: the first ones come after `revision`. */
  startAfter(revision: number): void {
    this.#floor = revision;
  }

  /** Adds a change, of which there may be several of one revision, and keeps no more than may be kept. */
  add(revision: number, address: RecordAddress, sizeBytes: number): void {
    if (this.#end - this.#first === this.#revisions.length) this.#grow();
    const at = this.#at(this.#end);
    this.#revisions[at] = revision;
    this.#addresses[at] = address;
    this.#sizes[at] = sizeBytes;
    this.#end += 1;
    this.#keptBytes += sizeBytes;
    this.#settle();
  }

  /** Takes out the first change that is not kept any longer. @returns the address of its record; undefined for none */
  shift(): RecordAddress | undefined {
    if (this.#first === this.#firstKept) return undefined;
    const address = this.#addressAt(this.#first);
    this.#first += 1;
    return address;
  }

  /** The record of a change has moved. One that is here no more is passed over. */
  relocate(revision: number, from: RecordAddress, to: RecordAddress): void {
    for (let index = this.#after(revision - 1); index < this.#end; index += 1) {
      if (this.#revisionAt(index) !== revision) return;
      if (this.#addressAt(index) !== from) continue;
      this.#addresses[this.#at(index)] = to;
      return;
    }
  }

  /** The changes after `revision`, at most those that are here now, in their order; none that was taken out. */
  after(revision: number): Generator<KeptRecord, undefined> {
    return this.#between(this.#after(revision), this.#end);
  }

  /** By counts, since room is made for more meanwhile. */
  *#between(first: number, end: number): Generator<KeptRecord, undefined> {
    for (let index = first; index < end; index += 1) {
      yield { address: this.#addressAt(index), sizeBytes: this.#sizes[this.#at(index)] ?? 0 };
    }
    return undefined;
  }

  /** The first change after `revision`: halving what may be. */
  #after(revision: number): number {
    let [from, to] = [this.#first, this.#end];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      if (this.#revisionAt(middle) <= revision) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** What one revision changed is kept, or not, together. */
  #settle(): void {
    const { changes, bytes } = this.#retention;
    while (this.#firstKept < this.#end) {
      const revision = this.#revisionAt(this.#firstKept);
      if (this.kept <= changes && this.#keptBytes <= bytes && revision > this.#floor) return;
      this.#floor = Math.max(this.#floor, revision);
      this.#keptBytes -= this.#sizes[this.#at(this.#firstKept)] ?? 0;
      this.#firstKept += 1;
    }
  }

  #at(index: number): number {
    return index % this.#revisions.length;
  }

  #revisionAt(index: number): number {
    return this.#revisions[this.#at(index)] ?? 0;
  }

  #addressAt(index: number): RecordAddress {
    return this.#addresses[this.#at(index)] ?? 0;
  }

  #grow(): void {
    const room = 2 * this.#revisions.length;
    const moved = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(room);
      for (let index = this.#first; index < this.#end; index += 1) to[index % room] = from[this.#at(index)] ?? 0;
      return to;
    };
    const [revisions, addresses, sizes] = [this.#revisions, this.#addresses, this.#sizes].map(moved);
    if (revisions === undefined || addresses === undefined || sizes === undefined) return;
    this.#revisions = revisions;
    this.#addresses = addresses;
    this.#sizes = sizes;
  }
}
