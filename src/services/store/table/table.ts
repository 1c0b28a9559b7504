/**
 * A table from text to versioned bytes, in the order of its keys, with the last changes and what they replaced. The
 * collector of V8 sees next to nothing of it: with an object, a string and an array for each key it takes seconds of a
 * node's time to mark some million of them. No package of the registry does this without native code: those that keep a map
 * in buffers (big-map, buffer-hashmap) have fields of fixed length and do not delete, and none can be looked at as it was at
 * some moment.
 *
 * Records are only ever added (`memory.ts`), and found by an index (`index.ts`) or in their order (`order.ts`). What was
 * replaced or deleted is kept, linked to what came after it, as long as the table can tell of the time before
 * (`changes.ts`); then it is waste, which is cleaned a little with each write. While no view holds slabs, they take at most
 * half as much again as the records, and some slabs more; index and order take 30 to 60 bytes for each key.
 */

import type { Random } from '../../../environment/random.ts';
import { Changes, defaultRetention, type Retention } from './changes.ts';
import type { Change, KeptChange, ScannedKey, Stored, TableEntry, TableView } from './contract.ts';
import { drawHashKey, KeyedHash } from './hash.ts';
import { RecordIndex } from './index.ts';
import { EncodedKey } from './key.ts';
import { RecordMemory } from './memory.ts';
import { KeyOrder } from './order.ts';
import {
  isDeletion,
  isOlder,
  keyLengthOf,
  nextOf,
  previousOf,
  recordBytes,
  setNext,
  setOlder,
  setPrevious,
  sizeOf,
  valueLengthOf,
  versionOf,
  writeRecord,
} from './records.ts';
import { defaultSlabBytes, type RecordAddress, type Slab } from './slabs.ts';
import { StateHash } from './state-hash.ts';
import { asOf, changeAt, firstOf, placeOf, scannedAt, storedAt } from './versions.ts';
import { viewOf } from './view.ts';

/** Changes that are forgotten with each write, where there are more than are kept. */
const forgettingPace = 4;

export class VersionedTable {
  readonly #slabBytes: number;
  readonly #retention: Retention;
  readonly #key: EncodedKey;
  #memory: RecordMemory;
  #index: RecordIndex;
  #order: KeyOrder;
  #changes: Changes;
  #size = 0;
  #contentBytes = 0;
  #hash = new StateHash();
  #view: TableView | undefined;
  /** Whether the view has not told all changes: then none is forgotten. */
  #isTellingChanges = false;

  /** @param options `slabBytes`: a power of two up to 2^20, which it is by default */
  constructor(random: Random, { slabBytes = defaultSlabBytes, retention = defaultRetention } = {}) {
    this.#slabBytes = slabBytes;
    this.#retention = retention;
    this.#key = new EncodedKey(new KeyedHash(drawHashKey(random)));
    this.#memory = this.#createMemory();
    this.#index = new RecordIndex(this.#memory.slabs);
    this.#order = new KeyOrder(this.#memory.slabs);
    this.#changes = new Changes(retention);
  }

  /** How many keys have a value. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of all keys that have one, in UTF-8, and of their values. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** The first revision of which the table can tell how it was. */
  get floor(): number {
    return this.#changes.floor;
  }

  /** How many changes it can tell of. */
  get keptChanges(): number {
    return this.#changes.kept;
  }

  /** Bytes that the records take, and those of the memory in which they are. */
  get memory(): { readonly liveBytes: number; readonly takenBytes: number } {
    return { liveBytes: this.#memory.slabs.liveBytes, takenBytes: this.#memory.slabs.takenBytes };
  }

  /** Of all that stands in it: the same for the same keys, values and versions, whatever was before. */
  get stateHash(): number {
    return this.#hash.value;
  }

  /** What stands under `key`, which must be well-formed text. */
  get(key: string): Stored | undefined {
    this.#key.set(key);
    return storedAt(this.#memory.slabs, this.#index.find(this.#key));
  }

  /** What stood under `key` as of `revision`, which is not before the floor. */
  getAsOf(key: string, revision: number): Stored | undefined {
    this.#key.set(key);
    const { slabs } = this.#memory;
    return storedAt(slabs, asOf(slabs, this.#index.find(this.#key), revision));
  }

  /**
   * The keys from `from` on, in the order of their bytes, each with what stood under it as of `revision`, which is not before
   * the floor. The table must not change meanwhile.
   */
  *scan(from: string, revision: number): Generator<ScannedKey> {
    this.#key.set(from);
    const { slabs } = this.#memory;
    for (const address of this.#order.from(this.#key)) yield scannedAt(slabs, address, revision);
  }

  /** The changes after `revision`, which is not before the floor, in their order. The table must not change meanwhile. */
  *changesAfter(revision: number): Generator<Change> {
    for (const { address } of this.#changes.after(revision)) yield changeAt(this.#memory.slabs, address);
  }

  /** The changes of `key` after the floor, the last one first. The table must not change meanwhile. */
  *changesOf(key: string): Generator<Change> {
    this.#key.set(key);
    for (let address = this.#index.find(this.#key); address !== 0; ) {
      const change = changeAt(this.#memory.slabs, address);
      if (change.revision <= this.floor) return;
      yield change;
      address = previousOf(...this.#placeOf(address));
    }
  }

  /** Puts a copy of `value` under `key`, which must be well-formed text. No version may be less than one before. */
  set(key: string, version: number, value: Uint8Array): void {
    this.#key.set(key);
    this.#write(version, value);
  }

  /** Deletes what stands under `key`, if anything does. */
  delete(key: string, version: number): void {
    this.#key.set(key);
    if (storedAt(this.#memory.slabs, this.#index.find(this.#key)) !== undefined) this.#write(version, undefined);
  }

  /** Empties the table, which tells of nothing before `floor` then, and ends its view. */
  clear(floor = 0): void {
    // Letting go of all that was takes no time; emptying it would take one turn.
    this.#memory = this.#createMemory();
    this.#index = new RecordIndex(this.#memory.slabs);
    this.#order = new KeyOrder(this.#memory.slabs);
    this.#changes = new Changes(this.#retention, floor);
    this.#size = 0;
    this.#contentBytes = 0;
    this.#hash = new StateHash();
    this.#view = undefined;
    this.#isTellingChanges = false;
  }

  /** Puts the next change after the floor into a table in the making, before all entries. */
  restoreChange({ key, revision, value, sizeBytes }: KeptChange): void {
    this.#key.set(key);
    this.#changes.add(revision, this.#add(revision, value), sizeBytes);
  }

  /** Puts an entry as it was at the floor into a table in the making. */
  restoreEntry({ key, version, value }: TableEntry): void {
    this.#key.set(key);
    const last = this.#index.find(this.#key);
    if (last === 0) {
      this.#add(version, value);
      return;
    }
    const first = firstOf(this.#memory.slabs, last);
    const address = this.#record(version, value);
    setOlder(...this.#placeOf(address), first);
    setPrevious(...this.#placeOf(first), address);
  }

  /** The table in the making is complete. @param floor of what it was made from, where that tells of no changes */
  restored(floor: number): void {
    if (this.keptChanges === 0) this.#changes.startAfter(floor);
  }

  /** The table as of now. What the view has not passed stays in memory. Ends the view before. */
  view(): TableView {
    // What is not kept any longer would be told as if it were the state at the floor.
    while (this.#forget());
    const view = viewOf({
      slabs: this.#memory.slabs,
      memory: this.#memory.view(),
      changes: this.#changes.after(this.floor),
      floor: this.floor,
      isCurrent: () => this.#view === view,
      onChangesTold: () => {
        this.#isTellingChanges = false;
      },
      onOver: () => {
        this.#view = undefined;
      },
    });
    this.#view = view;
    this.#isTellingChanges = this.keptChanges > 0;
    return view;
  }

  #createMemory(): RecordMemory {
    return new RecordMemory(this.#slabBytes, (from, to) => this.#moved(from, to));
  }

  /** Writes what happened to the key that is set, and forgets some of what is too old. */
  #write(version: number, value: Uint8Array | undefined): void {
    const address = this.#add(version, value);
    const [slab, at] = this.#placeOf(address);
    const previous = previousOf(slab, at);
    const replacedBytes = previous === 0 ? 0 : valueLengthOf(...this.#placeOf(previous));
    this.#changes.add(version, address, keyLengthOf(slab, at) + valueLengthOf(slab, at) + replacedBytes);
    const sizeBytes = sizeOf(slab, at);
    for (let count = 0; count < forgettingPace && !this.#isTellingChanges && this.#forget(); count += 1);
    this.#memory.clean(sizeBytes);
  }

  /** Adds a record for the key that is set, linked to the one that it has. */
  #add(version: number, value: Uint8Array | undefined): RecordAddress {
    const before = this.#index.find(this.#key);
    const address = this.#record(version, value);
    if (before === 0) {
      this.#index.add(address);
      this.#order.add(address);
    } else {
      this.#uncount(before);
      this.#index.replace(before, address);
      this.#order.replace(before, address);
      setOlder(...this.#placeOf(before), address);
      setPrevious(...this.#placeOf(address), before);
    }
    if (value !== undefined) {
      this.#size += 1;
      this.#contentBytes += this.#key.length + value.length;
      this.#hash.add(...this.#placeOf(address));
    }
    return address;
  }

  #record(version: number, value: Uint8Array | undefined): RecordAddress {
    const address = this.#memory.allocate(recordBytes(this.#key.length, value?.length ?? 0));
    writeRecord(...this.#placeOf(address), this.#key, version, value);
    return address;
  }

  /** The record at `address` is no longer what stands under its key. */
  #uncount(address: RecordAddress): void {
    const [slab, at] = this.#placeOf(address);
    if (isDeletion(slab, at)) return;
    this.#size -= 1;
    this.#contentBytes -= keyLengthOf(slab, at) + valueLengthOf(slab, at);
    this.#hash.remove(slab, at);
  }

  /** Forgets what was before the first change that is not kept any longer. @returns whether there was one */
  #forget(): boolean {
    const address = this.#changes.shift();
    if (address === undefined) return false;
    const [slab, at] = this.#placeOf(address);
    const previous = previousOf(slab, at);
    if (previous !== 0) {
      setPrevious(slab, at, 0);
      this.#memory.retire(previous);
    }
    if (isDeletion(slab, at) && !isOlder(slab, at)) {
      this.#index.remove(address);
      this.#order.remove(address);
      this.#memory.retire(address);
    }
    return true;
  }

  /** Lets all that led to a record lead to its new place. */
  #moved(from: RecordAddress, to: RecordAddress): void {
    const [slab, at] = this.#placeOf(to);
    if (isOlder(slab, at)) setPrevious(...this.#placeOf(nextOf(slab, at)), to);
    else {
      this.#index.replace(from, to);
      this.#order.replace(from, to);
    }
    const previous = previousOf(slab, at);
    if (previous !== 0) setNext(...this.#placeOf(previous), to);
    this.#changes.relocate(versionOf(slab, at), from, to);
  }

  #placeOf(address: RecordAddress): readonly [Slab, number] {
    return placeOf(this.#memory.slabs, address);
  }
}
