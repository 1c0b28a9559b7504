/**
 * A stretch of consecutive entries as a value, on which the logs of protocols stand. A sequence never changes; one that
 * goes on gives another one, in time that depends only on what is appended, because all of them are views of one backing
 * array. An array is copied only when two views would go on differently after the same entry: when something is cut off,
 * or when a checker follows two branches.
 *
 * It starts after its base, the last entry that compaction took away.
 */

/** What is asked of an entry. */
export interface Sized {
  /** Its place: that of the entry before, plus 1. */
  readonly index: number;
  readonly kind: string;
  readonly data?: Uint8Array;
}

/** What an entry costs beside its data: in memory and on the wire, roughly. */
const overheadBytes = 32;

/** Bytes that a command counts for wherever there is a limit. */
export const commandSizeBytes = (data: Uint8Array): number => overheadBytes + data.length;

/**
 * Whether `commands` would make more wait than may. Where nothing waits, a batch that is too large by itself may go alone.
 *
 * @param waitingBytes of entries that are in the log and not committed
 */
export function wouldOverload(commands: readonly Uint8Array[], waitingBytes: number, maxBytes: number): boolean {
  if (waitingBytes === 0) return false;
  return commands.reduce((sum, data) => sum + commandSizeBytes(data), waitingBytes) > maxBytes;
}

/** Bytes that `entry` counts for wherever there is a limit. */
export const entrySizeBytes = ({ data }: Sized): number =>
  data === undefined ? overheadBytes : commandSizeBytes(data);

/** Grows only at its end, and only by the view that reaches up to there. */
export interface Backing<Entry> {
  readonly entries: Entry[];
  /** For each entry, the bytes of it and all before it, those that compaction took away among them. */
  readonly endsBytes: number[];
  /** Those that it took away. */
  readonly startBytes: number;
}

/** A bound for `Sequence.slice`. */
export interface SliceBound {
  readonly maxEntries: number;
  /** Exceeded only by a single entry that is larger. */
  readonly maxBytes: number;
}

/** A backing array without entries; never to be appended to by an empty view, which does not own it. */
export const noBacking = <Entry>(): Backing<Entry> => ({ entries: [], endsBytes: [], startBytes: 0 });

/** An immutable view of consecutive entries. The first entry ever has index 1. */
export abstract class Sequence<Entry extends Sized> {
  /** Index of the entry before the first one here. */
  readonly baseIndex: number;
  /** Index of the last entry; `baseIndex` when there is none. */
  readonly lastIndex: number;
  protected readonly backing: Backing<Entry>;

  protected constructor(baseIndex: number, lastIndex: number, backing: Backing<Entry>) {
    this.baseIndex = baseIndex;
    this.lastIndex = lastIndex;
    this.backing = backing;
  }

  /** Bytes of all entries. */
  get sizeBytes(): number {
    return this.sizeBetween(this.baseIndex, this.lastIndex);
  }

  /** The entry at `index`; undefined when it is not here. */
  entryAt(index: number): Entry | undefined {
    return index > this.lastIndex ? undefined : this.backing.entries[index - this.baseIndex - 1];
  }

  /** Bytes of the entries after `afterIndex`, up to and with `upToIndex`; what is not here counts for nothing. */
  sizeBetween(afterIndex: number, upToIndex: number): number {
    return Math.max(0, this.#endBytes(upToIndex) - this.#endBytes(afterIndex));
  }

  /** The entries from `fromIndex` to `toIndex`, both included. */
  between(fromIndex: number, toIndex: number): readonly Entry[] {
    const first = Math.max(fromIndex, this.baseIndex + 1) - this.baseIndex - 1;
    return this.backing.entries.slice(first, Math.max(first, Math.min(toIndex, this.lastIndex) - this.baseIndex));
  }

  /** Where it begins and ends, and its `most` newest entries: what a person is shown of a long one. */
  shortened(most: number): {
    readonly baseIndex: number;
    readonly lastIndex: number;
    readonly newest: readonly Entry[];
  } {
    const { baseIndex, lastIndex } = this;
    return { baseIndex, lastIndex, newest: this.between(lastIndex - most + 1, lastIndex) };
  }

  /** As many entries from `fromIndex` on as the bound allows; at least one when there is one. */
  slice(fromIndex: number, bound: SliceBound): readonly Entry[] {
    return this.between(fromIndex, this.endOf(fromIndex, bound));
  }

  /** The index of the last entry of `slice`. */
  endOf(fromIndex: number, { maxEntries, maxBytes }: SliceBound): number {
    let low = fromIndex;
    let high = Math.min(this.lastIndex, fromIndex + maxEntries - 1);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.sizeBetween(fromIndex - 1, middle) <= maxBytes) low = middle;
      else high = middle - 1;
    }
    return Math.min(low, this.lastIndex);
  }

  /** The lowest index after which the entries up to `upToIndex` take no more than `sizeBytes`. */
  lowestWithin(upToIndex: number, sizeBytes: number): number {
    let low = this.baseIndex;
    let high = upToIndex;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.sizeBetween(middle, upToIndex) <= sizeBytes) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** What a view needs that holds these entries and `entries` after them. */
  protected extendedBy(entries: readonly Entry[]): Backing<Entry> {
    const backing = this.#ownEnd();
    let endBytes = backing.endsBytes.at(-1) ?? backing.startBytes;
    for (const entry of entries) {
      endBytes += entrySizeBytes(entry);
      backing.entries.push(entry);
      backing.endsBytes.push(endBytes);
    }
    return backing;
  }

  /** What a view needs that holds the entries after `index` alone. It costs next to nothing for each of them. */
  protected backingAfter(index: number): Backing<Entry> {
    const [from, to] = [index - this.baseIndex, this.lastIndex - this.baseIndex];
    const { entries, endsBytes } = this.backing;
    return {
      entries: entries.slice(from, to),
      endsBytes: endsBytes.slice(from, to),
      startBytes: this.#endBytes(index),
    };
  }

  #endBytes(index: number): number {
    const { endsBytes, startBytes } = this.backing;
    return endsBytes[Math.min(index, this.lastIndex) - this.baseIndex - 1] ?? startBytes;
  }

  /** The backing array if nothing follows this view in it, or else a copy of what this view shows. */
  #ownEnd(): Backing<Entry> {
    const length = this.lastIndex - this.baseIndex;
    const { entries, endsBytes, startBytes } = this.backing;
    // An empty view must not grow an array that others may share.
    if (length > 0 && entries.length === length) return this.backing;
    return { entries: entries.slice(0, length), endsBytes: endsBytes.slice(0, length), startBytes };
  }
}

/** Whether two runs of bytes, or of anything that is compared by identity, are the same. */
export function sameItems<T>(one: ArrayLike<T>, other: ArrayLike<T>): boolean {
  if (one.length !== other.length) return false;
  for (let place = 0; place < one.length; place += 1) if (one[place] !== other[place]) return false;
  return true;
}
