/**
 * The keys of a table in the order of their bytes, which is that of their code points. A B+ tree (`sorted-btree`) holds a
 * small number for each key, its place, and not the key, nor where its record is: records move, and V8 has nothing to walk.
 */

import { BTree } from '../btree.ts';
import { compareKey, compareKeys, type KeyBytes, placeOf, setPlace } from './records.ts';
import type { RecordAddress, Slabs } from './slabs.ts';

/** Keys of a node of the tree, at most. */
const nodeKeys = 64;
/** Stands for the bytes that are looked for, which have no place. */
const sought = -1;
const chunkPlaces = 4_096;

export class KeyOrder {
  readonly #slabs: Slabs;
  readonly #tree = new BTree<number, undefined>(undefined, (a, b) => this.#compare(a, b), nodeKeys);
  /** By place, in pieces, so that more of them are made without a copy of the others. */
  readonly #addresses: Float64Array[] = [];
  readonly #free: number[] = [];
  #places = 0;
  #sought: { readonly bytes: Uint8Array; readonly length: number } = { bytes: new Uint8Array(), length: 0 };

  constructor(slabs: Slabs) {
    this.#slabs = slabs;
  }

  /** Adds the record of a key that has none here. */
  add(address: RecordAddress): void {
    const place = this.#free.pop() ?? this.#newPlace();
    this.#set(place, address);
    setPlace(this.#slabs.of(address), this.#slabs.offsetOf(address), place);
    this.#tree.set(place, undefined);
  }

  /** Puts the record at `to` into the place of the one at `from`, whose key it has. */
  replace(from: RecordAddress, to: RecordAddress): void {
    const place = placeOf(this.#slabs.of(from), this.#slabs.offsetOf(from));
    this.#set(place, to);
    setPlace(this.#slabs.of(to), this.#slabs.offsetOf(to), place);
  }

  /** Takes the key of a record out. */
  remove(address: RecordAddress): void {
    const place = placeOf(this.#slabs.of(address), this.#slabs.offsetOf(address));
    this.#tree.delete(place);
    this.#free.push(place);
  }

  /** The records of the keys from `key` on, in their order. The table must not change before the last one is asked for. */
  *from({ bytes, length }: Pick<KeyBytes, 'bytes' | 'length'>): Generator<RecordAddress, undefined> {
    this.#sought = { bytes, length };
    for (const place of this.#tree.keys(sought)) yield this.#addressOf(place);
    return undefined;
  }

  #newPlace(): number {
    const place = this.#places;
    this.#places += 1;
    if (place % chunkPlaces === 0) this.#addresses.push(new Float64Array(chunkPlaces));
    return place;
  }

  #compare(a: number, b: number): number {
    if (a === b) return 0;
    if (a === sought) return -this.#compareSought(b);
    if (b === sought) return this.#compareSought(a);
    const [one, other] = [this.#addressOf(a), this.#addressOf(b)];
    const slabs = this.#slabs;
    return compareKeys(slabs.of(one), slabs.offsetOf(one), slabs.of(other), slabs.offsetOf(other));
  }

  #compareSought(place: number): number {
    const address = this.#addressOf(place);
    const { bytes, length } = this.#sought;
    return compareKey(this.#slabs.of(address), this.#slabs.offsetOf(address), bytes, 0, length);
  }

  #addressOf(place: number): RecordAddress {
    return this.#addresses[Math.floor(place / chunkPlaces)]?.[place % chunkPlaces] ?? 0;
  }

  #set(place: number, address: RecordAddress): void {
    const chunk = this.#addresses[Math.floor(place / chunkPlaces)];
    if (chunk !== undefined) chunk[place % chunkPlaces] = address;
  }
}
