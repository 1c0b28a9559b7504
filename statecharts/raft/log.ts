/**
 * The log as a value. A `Log` never changes; appending gives another one, in time that depends only on what is
 * appended, because all of them are views of one backing array. An array is copied only when two views would append
 * differently after the same entry: when a conflict is cut off, or when a checker follows two branches.
 *
 * The log starts after its base, the last entry that compaction took away (Raft §5.1); of that, index and term remain.
 */

import { RaftInvariantError } from './errors.ts';
import { sameMembers } from './members.ts';
import type { Entry } from './messages.ts';

/** What an entry costs beside its data: in memory and on the wire, roughly. */
const overheadBytes = 32;

/** Bytes that `entry` counts for wherever there is a limit. */
export const entrySizeBytes = (entry: Entry): number =>
  entry.kind === 'command' ? overheadBytes + entry.data.length : overheadBytes;

/** Grows only at its end, and only by the view that reaches up to there. */
interface Backing {
  readonly entries: Entry[];
  /** For each entry, the bytes of it and all before it. */
  readonly endsBytes: number[];
}

/** A bound for `Log.slice`. */
export interface SliceBound {
  readonly maxEntries: number;
  /** Exceeded only by a single entry that is larger. */
  readonly maxBytes: number;
}

/** An immutable view of a log. Indexes are Raft's: the first entry ever has index 1. */
export class Log {
  /** Index of the entry before the first one here. */
  readonly baseIndex: number;
  /** Term of the entry at `baseIndex`; 0 before the first entry ever. */
  readonly baseTerm: number;
  /** Index of the last entry; `baseIndex` when there is none. */
  readonly lastIndex: number;
  readonly #backing: Backing;

  private constructor(baseIndex: number, baseTerm: number, lastIndex: number, backing: Backing) {
    this.baseIndex = baseIndex;
    this.baseTerm = baseTerm;
    this.lastIndex = lastIndex;
    this.#backing = backing;
  }

  /** A log without entries that goes on after (`baseIndex`, `baseTerm`). */
  static after(baseIndex: number, baseTerm: number): Log {
    return new Log(baseIndex, baseTerm, baseIndex, { entries: [], endsBytes: [] });
  }

  /** A log that never had an entry. */
  static readonly empty = Log.after(0, 0);

  get lastTerm(): number {
    return this.termAt(this.lastIndex) ?? this.baseTerm;
  }

  /** Bytes of all entries. */
  get sizeBytes(): number {
    return this.sizeBetween(this.baseIndex, this.lastIndex);
  }

  /** The entry at `index`; undefined when it is not here. */
  entryAt(index: number): Entry | undefined {
    return index > this.lastIndex ? undefined : this.#backing.entries[index - this.baseIndex - 1];
  }

  /** The term of the entry at `index`, the base included; undefined when it is unknown here. */
  termAt(index: number): number | undefined {
    return index === this.baseIndex ? this.baseTerm : this.entryAt(index)?.term;
  }

  /** Bytes of the entries after `afterIndex`, up to and with `upToIndex`; what is not here counts for nothing. */
  sizeBetween(afterIndex: number, upToIndex: number): number {
    return Math.max(0, this.#endBytes(upToIndex) - this.#endBytes(afterIndex));
  }

  /** The entries from `fromIndex` to `toIndex`, both included. */
  between(fromIndex: number, toIndex: number): readonly Entry[] {
    const first = Math.max(fromIndex, this.baseIndex + 1) - this.baseIndex - 1;
    return this.#backing.entries.slice(first, Math.max(first, Math.min(toIndex, this.lastIndex) - this.baseIndex));
  }

  /** As many entries from `fromIndex` on as the bound allows; at least one when there is one. */
  slice(fromIndex: number, { maxEntries, maxBytes }: SliceBound): readonly Entry[] {
    let low = fromIndex;
    let high = Math.min(this.lastIndex, fromIndex + maxEntries - 1);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.sizeBetween(fromIndex - 1, middle) <= maxBytes) low = middle;
      else high = middle - 1;
    }
    return this.between(fromIndex, Math.min(low, this.lastIndex));
  }

  /**
   * This log with `entries` at its end.
   *
   * @throws RaftInvariantError when the first of them is not the next one
   */
  append(entries: readonly Entry[]): Log {
    const [first] = entries;
    if (first === undefined) return this;
    if (first.index !== this.lastIndex + 1) {
      throw new RaftInvariantError(
        `expected entry ${this.lastIndex + 1} after entry ${this.lastIndex}, got entry ${first.index}; the log has a gap`,
      );
    }
    const backing = this.#ownEnd();
    let endBytes = backing.endsBytes.at(-1) ?? 0;
    for (const entry of entries) {
      endBytes += entrySizeBytes(entry);
      backing.entries.push(entry);
      backing.endsBytes.push(endBytes);
    }
    return new Log(this.baseIndex, this.baseTerm, this.lastIndex + entries.length, backing);
  }

  /** This log without the entries after `index`. */
  upTo(index: number): Log {
    if (index >= this.lastIndex) return this;
    return new Log(this.baseIndex, this.baseTerm, Math.max(index, this.baseIndex), this.#backing);
  }

  /**
   * This log from its entry at `index` on, which becomes the base: what precedes it goes, and so does its memory.
   *
   * @throws RaftInvariantError when the entry is not here
   */
  from(index: number): Log {
    if (index === this.baseIndex) return this;
    const entry = this.entryAt(index);
    if (entry === undefined) {
      throw new RaftInvariantError(
        `expected an index from ${this.baseIndex} to ${this.lastIndex} to compact to, got ${index}`,
      );
    }
    return Log.after(index, entry.term).append(this.between(index + 1, this.lastIndex));
  }

  /**
   * This log after the entry (`baseIndex`, `baseTerm`); an empty one where that is not here. A log that begins later
   * already is what is left of it.
   */
  rebased(baseIndex: number, baseTerm: number): Log {
    if (baseIndex < this.baseIndex) return this;
    const rest = Log.after(baseIndex, baseTerm);
    if (baseIndex === this.baseIndex) return rest.append(this.between(baseIndex + 1, this.lastIndex));
    return this.termAt(baseIndex) === baseTerm ? this.from(baseIndex) : rest;
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

  /**
   * Where two logs may agree at the latest: the last index up to `index` whose term is at most `term`. Terms ascend
   * along a log, so nothing after it can be an entry of the other log, which has `term` at `index`.
   *
   * @returns `index` itself where this log is compacted
   */
  lastIndexOfTerm(index: number, term: number): number {
    if (index < this.baseIndex) return index;
    let low = this.baseIndex;
    let high = Math.min(index, this.lastIndex);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.termAt(middle) ?? 0) <= term) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Base and entries, as plain data. */
  toJSON(): { readonly baseIndex: number; readonly baseTerm: number; readonly entries: readonly Entry[] } {
    const { baseIndex, baseTerm, lastIndex } = this;
    return { baseIndex, baseTerm, entries: this.between(baseIndex + 1, lastIndex) };
  }

  /** Whether `other` is a log of equal base and entries. */
  equals(other: unknown): boolean {
    if (!(other instanceof Log)) return false;
    const { baseIndex, baseTerm, lastIndex } = this;
    if (other.baseIndex !== baseIndex || other.baseTerm !== baseTerm || other.lastIndex !== lastIndex) return false;
    if (other.#backing === this.#backing) return true;
    const theirs = other.#backing.entries;
    for (let place = 0; place < lastIndex - baseIndex; place += 1) {
      if (!sameEntry(this.#backing.entries[place], theirs[place])) return false;
    }
    return true;
  }

  #endBytes(index: number): number {
    return this.#backing.endsBytes[Math.min(index, this.lastIndex) - this.baseIndex - 1] ?? 0;
  }

  /** The backing array if nothing follows this view in it, or else a copy of what this view shows. */
  #ownEnd(): Backing {
    const length = this.lastIndex - this.baseIndex;
    const { entries, endsBytes } = this.#backing;
    // An empty view must not grow the array of `Log.empty`, which everybody shares.
    if (length > 0 && entries.length === length) return this.#backing;
    return { entries: entries.slice(0, length), endsBytes: endsBytes.slice(0, length) };
  }
}

function sameEntry(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one === other) return true;
  if (one?.index !== other?.index || one?.term !== other?.term || one?.kind !== other?.kind) return false;
  if (one?.kind === 'command' && other?.kind === 'command') return sameItems(one.data, other.data);
  if (one?.kind === 'configuration' && other?.kind === 'configuration') return sameMembers(one.members, other.members);
  return true;
}

const sameItems = <T>(one: ArrayLike<T>, other: ArrayLike<T>): boolean => {
  if (one.length !== other.length) return false;
  for (let place = 0; place < one.length; place += 1) if (one[place] !== other[place]) return false;
  return true;
};
