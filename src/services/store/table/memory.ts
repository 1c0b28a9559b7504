/**
 * Where the records of a table are: it finds room for them, lets views go through all that were there at some moment, and
 * cleans slabs with much waste, moving the records that are still needed.
 */

import { ViewEndedError } from '../errors.ts';
import { goneOf, setGone, sizeOf } from './records.ts';
import { type RecordAddress, type Slab, Slabs } from './slabs.ts';

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

/** Where a record begins: valid until the table changes, also where the slab has been let go. */
export type SlabPlace = readonly [Slab, number];

/** The records that were there at some moment. */
export interface MemoryView {
  /**
   * The next records, in no particular order, as far as they are in the next `limitBytes` of memory, or one that is longer.
   * There may be none, where much is gone.
   *
   * @returns undefined at the end
   * @throws ViewEndedError when a later view was opened
   */
  next(limitBytes: number): readonly SlabPlace[] | undefined;
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

export class RecordMemory {
  readonly slabs: Slabs;
  readonly #slabBytes: number;
  readonly #moved: (from: RecordAddress, to: RecordAddress) => void;
  /** Of the last view. */
  #viewNumber = 0;
  #view: OpenView | undefined;
  /** Where cleaning goes on. */
  #cleaning: { readonly slab: Slab; offset: number } | undefined;

  /**
   * @param slabBytes a power of two up to 2^20
   * @param moved called when a record has moved, of which a copy is still at its old place
   */
  constructor(slabBytes: number, moved: (from: RecordAddress, to: RecordAddress) => void) {
    this.slabs = new Slabs(slabBytes);
    this.#slabBytes = slabBytes;
    this.#moved = moved;
  }

  /** Room for a record. */
  allocate(sizeBytes: number): RecordAddress {
    const { filling } = this.slabs;
    const address = this.slabs.allocate(sizeBytes, this.#viewNumber);
    if (filling !== undefined && filling !== this.slabs.filling) this.#releaseIfEmpty(filling);
    return address;
  }

  /** The record at `address` is needed no more: the next view is the first that does not have it. */
  retire(address: RecordAddress): void {
    this.#retire(this.slabs.of(address), this.slabs.offsetOf(address));
  }

  /** Goes through some of a slab with much waste, after `changedBytes` were written or deleted. */
  clean(changedBytes: number): void {
    let budgetBytes = cleaningPace * Math.min(changedBytes, this.slabs.sharedBytes);
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

  /** The records as of now, which stay in memory until the view has passed them. Ends the view before. */
  view(): MemoryView {
    if (this.#view !== undefined) this.#close(this.#view);
    this.#viewNumber += 1;
    const stretches = Array.from(this.slabs, (slab) => ({ slab, endBytes: slab.usedBytes }));
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
        const places: SlabPlace[] = [];
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
          if (gone === 0 || gone > view.number) places.push([slab, offset]);
          const sizeBytes = sizeOf(slab, offset);
          bytes += sizeBytes;
          offset += sizeBytes;
        }
        if (places.length > 0 || stretches.length > 0) return places;
        release();
        return undefined;
      },
      release,
    };
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
    if (slab.liveBytes > 0 || slab === this.slabs.filling || this.#isHeld(slab)) return;
    if (this.#cleaning?.slab === slab) this.#cleaning = undefined;
    this.slabs.release(slab);
  }

  #retire(slab: Slab, at: number): void {
    setGone(slab, at, this.#viewNumber + 1);
    this.slabs.drop(slab, sizeOf(slab, at));
    this.#releaseIfEmpty(slab);
  }

  #move(slab: Slab, at: number, sizeBytes: number): void {
    const to = this.allocate(sizeBytes);
    this.slabs.of(to).bytes.set(slab.bytes.subarray(at, at + sizeBytes), this.slabs.offsetOf(to));
    this.#moved(this.slabs.addressIn(slab, at), to);
    this.#retire(slab, at);
  }

  #mostWasteful(): { slab: Slab; offset: number } | undefined {
    const { liveBytes, takenBytes } = this.slabs;
    if (takenBytes <= mostTaken * liveBytes + moreSlabs * this.#slabBytes) return undefined;
    let [most, found]: [number, Slab | undefined] = [leastWaste, undefined];
    for (const slab of this.slabs) {
      const waste = 1 - slab.liveBytes / slab.bytes.length;
      if (waste > most && slab !== this.slabs.filling && !this.#isHeld(slab)) [most, found] = [waste, slab];
    }
    return found === undefined ? undefined : { slab: found, offset: 0 };
  }
}
