/**
 * A table from text to versioned bytes of which the collector of V8 sees next to nothing: with an object, a string and an
 * array for each key it takes seconds of a node's time to mark some million of them. No package of the registry does
 * this without native code: those that keep a map in buffers (big-map, buffer-hashmap) have fields of fixed length and
 * do not delete, and none can be looked at as it was at some moment.
 *
 * Records are only ever added (`slabs.ts`, `records.ts`), and found by an index (`index.ts`). What was replaced or deleted
 * is waste until its slab is cleaned: its other records move on, a few with each write. While no view holds slabs, they
 * take at most half as much again as the records, and some slabs more; the index takes 8 to 32 bytes for each key.
 */

import type { Random } from '../../../environment/random.ts';
import { ViewEndedError } from '../errors.ts';
import { drawHashKey, KeyedHash } from './hash.ts';
import { RecordIndex } from './index.ts';
import { EncodedKey } from './key.ts';
import {
  goneOf,
  keyIn,
  keyLengthOf,
  recordBytes,
  setGone,
  sizeOf,
  valueIn,
  valueLengthOf,
  versionOf,
  writeRecord,
} from './records.ts';
import { defaultSlabBytes, type RecordAddress, type Slab, Slabs } from './slabs.ts';

/** Slabs may take so much of what their records take, and so many slabs more, before they are cleaned. */
const mostTaken = 1.5;
const moreSlabs = 4;
/** A slab with less waste than this part is not worth the copying. */
const leastWaste = 0.25;
/**
 * Bytes of a slab that are gone through for each byte that was written or deleted. Beyond `mostTaken` the slab with the
 * largest part of waste has a third of it at least, so that four bytes gone through win more than the one that was written.
 */
const cleaningPace = 4;

/** What a table holds under a key. */
export interface Stored {
  /** Only lent: it is to be read before the table changes. */
  readonly value: Uint8Array;
  readonly version: number;
}

/** The entries of a table as of some moment. */
export interface TableView {
  /**
   * The next entries, in no particular order, as far as they are in the next `limitBytes` of memory, or one that is longer.
   * There may be none, where much was deleted. Their values are only lent.
   *
   * @returns undefined at the end
   * @throws ViewEndedError when a later view was opened, or the table emptied
   */
  next(limitBytes: number): readonly (Stored & { readonly key: string })[] | undefined;
  /** Nothing more is asked. Idempotent. */
  release(): void;
}

/** A slab that a view goes through, up to where it was filled when the view began. */
interface Stretch {
  readonly slab: Slab;
  readonly endBytes: number;
}

interface OpenView {
  readonly number: number;
  /** What it has not passed; the last one is next. */
  readonly stretches: Stretch[];
}

/** A key may begin with what elsewhere marks the order of bytes, and be another one without it. */
const text = new TextDecoder('utf-8', { ignoreBOM: true });

export class VersionedTable {
  readonly #slabBytes: number;
  #slabs: Slabs;
  #index: RecordIndex;
  readonly #key: EncodedKey;
  #contentBytes = 0;
  /** Of the last view. */
  #viewNumber = 0;
  #view: OpenView | undefined;
  /** Where cleaning goes on. */
  #cleaning: { readonly slab: Slab; offset: number } | undefined;

  /** @param slabBytes a power of two up to 2^20, which it is by default */
  constructor(random: Random, slabBytes = defaultSlabBytes) {
    this.#slabBytes = slabBytes;
    this.#slabs = new Slabs(slabBytes);
    this.#index = new RecordIndex(this.#slabs);
    this.#key = new EncodedKey(new KeyedHash(drawHashKey(random)));
  }

  /** How many keys have a value. */
  get size(): number {
    return this.#index.size;
  }

  /** Bytes of all keys, in UTF-8, and values. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** Bytes that the records take, and those of the memory in which they are. */
  get memory(): { readonly liveBytes: number; readonly takenBytes: number } {
    return { liveBytes: this.#slabs.liveBytes, takenBytes: this.#slabs.takenBytes };
  }

  /** What stands under `key`, which must be well-formed text. */
  get(key: string): Stored | undefined {
    this.#key.set(key);
    const address = this.#index.find(this.#key);
    if (address === 0) return undefined;
    const [slab, at] = [this.#slabs.of(address), this.#slabs.offsetOf(address)];
    return { value: valueIn(slab, at), version: versionOf(slab, at) };
  }

  /** Puts a copy of `value` under `key`, which must be well-formed text. */
  set(key: string, version: number, value: Uint8Array): void {
    this.#key.set(key);
    const before = this.#index.find(this.#key);
    const sizeBytes = recordBytes(this.#key.length, value.length);
    const address = this.#allocate(sizeBytes);
    writeRecord(this.#slabs.of(address), this.#slabs.offsetOf(address), this.#key, version, value);
    if (before === 0) this.#index.add(address);
    else {
      this.#index.replace(before, address);
      this.#leave(before);
    }
    this.#contentBytes += this.#key.length + value.length;
    this.#clean(sizeBytes);
  }

  delete(key: string): void {
    this.#key.set(key);
    const address = this.#index.find(this.#key);
    if (address === 0) return;
    const sizeBytes = sizeOf(this.#slabs.of(address), this.#slabs.offsetOf(address));
    this.#index.remove(address);
    this.#leave(address);
    this.#clean(sizeBytes);
  }

  /** Empties the table, and ends its view. */
  clear(): void {
    // Letting go of all that was takes no time; emptying it would take one turn.
    this.#slabs = new Slabs(this.#slabBytes);
    this.#index = new RecordIndex(this.#slabs);
    this.#contentBytes = 0;
    this.#view = undefined;
    this.#cleaning = undefined;
  }

  /** The entries as of now, which stay in memory until the view has passed them. Ends the view before. */
  view(): TableView {
    if (this.#view !== undefined) this.#close(this.#view);
    this.#viewNumber += 1;
    const stretches = Array.from(this.#slabs, (slab) => ({ slab, endBytes: slab.usedBytes }));
    const view = { number: this.#viewNumber, stretches };
    this.#view = view;
    let [isOver, offset] = [false, 0];
    const release = (): void => {
      isOver = true;
      if (this.#view === view) this.#close(view);
    };
    return {
      next: (limitBytes) => {
        if (isOver) return undefined;
        if (this.#view !== view) throw new ViewEndedError();
        const entries: (Stored & { key: string })[] = [];
        for (let bytes = 0; bytes < limitBytes; ) {
          const stretch = stretches.at(-1);
          if (stretch === undefined) break;
          const { slab, endBytes } = stretch;
          if (offset === endBytes) {
            stretches.pop();
            offset = 0;
            this.#pass(slab, view.number);
            continue;
          }
          const gone = goneOf(slab, offset);
          if (gone === 0 || gone > view.number) entries.push(entryIn(slab, offset));
          const sizeBytes = sizeOf(slab, offset);
          bytes += sizeBytes;
          offset += sizeBytes;
        }
        if (entries.length > 0 || stretches.length > 0) return entries;
        release();
        return undefined;
      },
      release,
    };
  }

  #allocate(sizeBytes: number): RecordAddress {
    const { filling } = this.#slabs;
    const address = this.#slabs.allocate(sizeBytes, this.#viewNumber);
    if (filling !== undefined && filling !== this.#slabs.filling) this.#releaseIfEmpty(filling);
    return address;
  }

  /** The view needs nothing in `slab` any more. */
  #pass(slab: Slab, number: number): void {
    slab.mark = number;
    this.#releaseIfEmpty(slab);
  }

  #close(view: OpenView): void {
    this.#view = undefined;
    for (const { slab } of view.stretches) this.#releaseIfEmpty(slab);
  }

  #isHeld(slab: Slab): boolean {
    return this.#view !== undefined && slab.mark !== this.#view.number;
  }

  #releaseIfEmpty(slab: Slab): void {
    if (slab.liveBytes > 0 || slab === this.#slabs.filling || this.#isHeld(slab)) return;
    if (this.#cleaning?.slab === slab) this.#cleaning = undefined;
    this.#slabs.release(slab);
  }

  /** The record at `address` was replaced, or its key deleted: the next view is the first that does not have it. */
  #leave(address: RecordAddress): void {
    const [slab, at] = [this.#slabs.of(address), this.#slabs.offsetOf(address)];
    this.#contentBytes -= keyLengthOf(slab, at) + valueLengthOf(slab, at);
    this.#retire(slab, at);
  }

  #retire(slab: Slab, at: number): void {
    setGone(slab, at, this.#viewNumber + 1);
    this.#slabs.drop(slab, sizeOf(slab, at));
    this.#releaseIfEmpty(slab);
  }

  /** Goes through some of a slab with much waste, after `changedBytes` were written or deleted. */
  #clean(changedBytes: number): void {
    let budgetBytes = cleaningPace * Math.min(changedBytes, this.#slabs.sharedBytes);
    while (budgetBytes > 0) {
      // Its records may move, since their places keep them for the view, but the slab would be let go no sooner.
      if (this.#cleaning !== undefined && this.#isHeld(this.#cleaning.slab)) this.#cleaning = undefined;
      this.#cleaning ??= this.#mostWasteful();
      if (this.#cleaning === undefined) return;
      const { slab, offset } = this.#cleaning;
      const sizeBytes = sizeOf(slab, offset);
      budgetBytes -= sizeBytes;
      this.#cleaning.offset += sizeBytes;
      if (goneOf(slab, offset) === 0) this.#move(slab, offset, sizeBytes);
    }
  }

  #move(slab: Slab, at: number, sizeBytes: number): void {
    const from = this.#slabs.addressIn(slab, at);
    const to = this.#allocate(sizeBytes);
    this.#slabs.of(to).bytes.set(slab.bytes.subarray(at, at + sizeBytes), this.#slabs.offsetOf(to));
    this.#index.replace(from, to);
    this.#retire(slab, at);
  }

  #mostWasteful(): { slab: Slab; offset: number } | undefined {
    const { liveBytes, takenBytes } = this.#slabs;
    if (takenBytes <= mostTaken * liveBytes + moreSlabs * this.#slabBytes) return undefined;
    let [most, found]: [number, Slab | undefined] = [leastWaste, undefined];
    for (const slab of this.#slabs) {
      const waste = 1 - slab.liveBytes / slab.bytes.length;
      if (waste > most && slab !== this.#slabs.filling && !this.#isHeld(slab)) [most, found] = [waste, slab];
    }
    return found === undefined ? undefined : { slab: found, offset: 0 };
  }
}

const entryIn = (slab: Slab, at: number): Stored & { readonly key: string } => ({
  key: text.decode(keyIn(slab, at)),
  version: versionOf(slab, at),
  value: valueIn(slab, at),
});
