/**
 * Memory in large blocks, in which a table keeps its records one behind the other: V8 sees a few blocks, whatever is in
 * them, where an object for each key would have its collector walk millions. A record is never changed nor moved within
 * its slab; a slab whose records are all gone is used again, or let go.
 */

/** Where a record is: the number of its slab and its place there. 0 is none. */
export type RecordAddress = number;

export interface Slab {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly fields: DataView;
  /** What records have taken so far, gone or not. */
  usedBytes: number;
  /** What the records take that are not gone. */
  liveBytes: number;
  /** The last view that needs nothing in here: it has it behind it, or began before it was there. */
  mark: number;
}

/** How many addresses a slab has: more than its bytes, but that a record with a slab of its own is at its beginning. */
const addressesPerSlab = 2 ** 20;
/** The size of slabs, in bytes, once a table is that large. */
export const defaultSlabBytes = 2 ** 20;
/** Records larger than this part of a slab have one of their own, so that no more is wasted at the end of one. */
const ownSlabPart = 16;
/** Emptied slabs that are kept for the next ones: what a collector must take up first is held for long. */
const mostSpare = 4;

export class Slabs {
  readonly #slabBytes: number;
  readonly #slots: (Slab | undefined)[] = [undefined];
  readonly #freeNumbers: number[] = [];
  readonly #spare: ArrayBuffer[] = [];
  #filling: Slab | undefined;
  #takenBytes = 0;
  #liveBytes = 0;

  /** @param slabBytes a power of two, at most the default */
  constructor(slabBytes: number) {
    this.#slabBytes = slabBytes;
  }

  /** Bytes of all slabs. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Bytes of the records that are not gone. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** The most bytes of a record that shares its slab with others. */
  get sharedBytes(): number {
    return this.#slabBytes / ownSlabPart;
  }

  /** The slab of a record. */
  of(address: RecordAddress): Slab {
    const slab = this.#slots[Math.floor(address / addressesPerSlab)];
    if (slab === undefined) throw new RangeError(`expected the address of a record, got ${address}`);
    return slab;
  }

  /** Where the record begins in its slab. */
  offsetOf(address: RecordAddress): number {
    return address % addressesPerSlab;
  }

  addressIn(slab: Slab, offset: number): RecordAddress {
    return slab.number * addressesPerSlab + offset;
  }

  /** Room for a record of `sizeBytes`. A slab that must be made for it has `mark`. */
  allocate(sizeBytes: number, mark: number): RecordAddress {
    const slab = sizeBytes > this.sharedBytes ? this.#make(sizeBytes, mark) : this.#roomFor(sizeBytes, mark);
    const address = this.addressIn(slab, slab.usedBytes);
    slab.usedBytes += sizeBytes;
    slab.liveBytes += sizeBytes;
    this.#liveBytes += sizeBytes;
    return address;
  }

  /** A record of `sizeBytes` in `slab` is gone. */
  drop(slab: Slab, sizeBytes: number): void {
    slab.liveBytes -= sizeBytes;
    this.#liveBytes -= sizeBytes;
  }

  /** The slab that the next records come into, as long as it has room. */
  get filling(): Slab | undefined {
    return this.#filling;
  }

  /** Lets go of a slab in which nothing is needed. @throws RangeError when that was done before: two would have its number then */
  release(slab: Slab): void {
    if (this.#slots[slab.number] !== slab) {
      throw new RangeError(`expected a slab that is there, got number ${slab.number}, which was let go of before`);
    }
    this.#slots[slab.number] = undefined;
    this.#freeNumbers.push(slab.number);
    this.#takenBytes -= slab.bytes.length;
    const { buffer } = slab.bytes;
    const isOfUse = slab.bytes.length === this.#slabBytes && this.#spare.length < mostSpare;
    if (isOfUse && buffer instanceof ArrayBuffer) this.#spare.push(buffer);
  }

  *[Symbol.iterator](): Generator<Slab> {
    for (const slab of this.#slots) if (slab !== undefined) yield slab;
  }

  #roomFor(sizeBytes: number, mark: number): Slab {
    const filling = this.#filling;
    if (filling !== undefined && filling.usedBytes + sizeBytes <= filling.bytes.length) return filling;
    // As large as all before it, so that a small table takes little.
    this.#filling = this.#make(Math.min(this.#slabBytes, Math.max(this.sharedBytes, this.#takenBytes)), mark);
    return this.#filling;
  }

  #make(sizeBytes: number, mark: number): Slab {
    const number = this.#freeNumbers.pop() ?? this.#slots.length;
    const spare = sizeBytes === this.#slabBytes ? this.#spare.pop() : undefined;
    const bytes = new Uint8Array(spare ?? new ArrayBuffer(sizeBytes));
    const slab = { number, bytes, fields: new DataView(bytes.buffer), usedBytes: 0, liveBytes: 0, mark };
    this.#slots[number] = slab;
    this.#takenBytes += sizeBytes;
    return slab;
  }
}
