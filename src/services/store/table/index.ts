/**
 * Where the records of keys are: chains of records by their hash, in as many buckets as there are records. One bucket is
 * split for each record that is added, and one is joined for each that goes, so that no turn ever moves them all (W.
 * Litwin, "Linear Hashing: A New Tool for File and Table Addressing", 1980). The heads of chains stand here, 8 bytes for
 * each key, and the links between records in the records.
 */

import { hashOf, hasKey, type KeyBytes, nextOf, setNext } from './records.ts';
import type { RecordAddress, Slabs } from './slabs.ts';

const chunkBuckets = 4_096;
const fewestBuckets = 16;
/** Buckets are joined when there are so many of them for each record, so that one at the edge does not go to and fro. */
const emptiest = 4;

export class RecordIndex {
  readonly #slabs: Slabs;
  /** Heads of chains, in pieces, so that more of them are made without a copy of the others. */
  readonly #chunks: Float64Array[] = [new Float64Array(chunkBuckets)];
  #buckets = fewestBuckets;
  /** The largest power of two that is not above the number of buckets: those behind it were split off from the first. */
  #base = fewestBuckets;
  #size = 0;

  constructor(slabs: Slabs) {
    this.#slabs = slabs;
  }

  /** How many records are here. */
  get size(): number {
    return this.#size;
  }

  /** The record of `key`; 0 when there is none. */
  find(key: KeyBytes): RecordAddress {
    let address = this.#head(this.#bucketOf(key.hash));
    while (address !== 0 && !hasKey(this.#slabs.of(address), this.#slabs.offsetOf(address), key)) {
      address = this.#nextOf(address);
    }
    return address;
  }

  /** Adds a record whose key has none. */
  add(address: RecordAddress): void {
    const bucket = this.#bucketOf(this.#hashOf(address));
    this.#setNext(address, this.#head(bucket));
    this.#setHead(bucket, address);
    this.#size += 1;
    if (this.#size > this.#buckets) this.#split();
  }

  /** Puts the record at `to` into the place of another one of its key. */
  replace(from: RecordAddress, to: RecordAddress): void {
    this.#setNext(to, this.#nextOf(from));
    this.#point(from, to);
  }

  /** Takes a record out. */
  remove(address: RecordAddress): void {
    this.#point(address, this.#nextOf(address));
    this.#size -= 1;
    if (this.#buckets > Math.max(fewestBuckets, emptiest * this.#size)) this.#join();
  }

  /** Lets what points to `from` point to `to`. */
  #point(from: RecordAddress, to: RecordAddress): void {
    const bucket = this.#bucketOf(this.#hashOf(from));
    let before = this.#head(bucket);
    if (before === from) {
      this.#setHead(bucket, to);
      return;
    }
    for (let next = this.#nextOf(before); next !== from; next = this.#nextOf(before)) before = next;
    this.#setNext(before, to);
  }

  #bucketOf(hash: number): number {
    const bucket = (hash & (2 * this.#base - 1)) >>> 0;
    return bucket < this.#buckets ? bucket : bucket - this.#base;
  }

  /** Makes one more bucket, with half of the records of the first one that was not split yet. */
  #split(): void {
    const added = this.#buckets;
    const divided = added - this.#base;
    if (added % chunkBuckets === 0) this.#chunks.push(new Float64Array(chunkBuckets));
    this.#buckets += 1;
    let address = this.#head(divided);
    this.#setHead(divided, 0);
    while (address !== 0) {
      const next = this.#nextOf(address);
      const bucket = this.#bucketOf(this.#hashOf(address));
      this.#setNext(address, this.#head(bucket));
      this.#setHead(bucket, address);
      address = next;
    }
    if (this.#buckets === 2 * this.#base) this.#base = this.#buckets;
  }

  /** Gives the records of the last bucket back to the one that it was split off from. */
  #join(): void {
    this.#buckets -= 1;
    if (this.#buckets < this.#base) this.#base /= 2;
    const joined = this.#buckets - this.#base;
    let address = this.#head(this.#buckets);
    while (address !== 0) {
      const next = this.#nextOf(address);
      this.#setNext(address, this.#head(joined));
      this.#setHead(joined, address);
      address = next;
    }
    this.#setHead(this.#buckets, 0);
    if (this.#buckets % chunkBuckets === 0) this.#chunks.pop();
  }

  #head(bucket: number): RecordAddress {
    return this.#chunks[Math.floor(bucket / chunkBuckets)]?.[bucket % chunkBuckets] ?? 0;
  }

  #setHead(bucket: number, address: RecordAddress): void {
    const chunk = this.#chunks[Math.floor(bucket / chunkBuckets)];
    if (chunk !== undefined) chunk[bucket % chunkBuckets] = address;
  }

  #hashOf(address: RecordAddress): number {
    return hashOf(this.#slabs.of(address), this.#slabs.offsetOf(address));
  }

  #nextOf(address: RecordAddress): RecordAddress {
    return nextOf(this.#slabs.of(address), this.#slabs.offsetOf(address));
  }

  #setNext(address: RecordAddress, next: RecordAddress): void {
    setNext(this.#slabs.of(address), this.#slabs.offsetOf(address), next);
  }
}
