/**
 * The log of a replica as a value: a sequence of entries, each with the epoch of the primary that made it. A place and an
 * epoch name an entry, and all that precedes it.
 */

import { type Backing, noBacking, Sequence, sameItems } from '../replication/sequence.ts';
import { ReplicaInvariantError } from './errors.ts';
import type { Entry } from './messages.ts';

/** An immutable view of a log. */
export class Log extends Sequence<Entry> {
  /** Epoch of the entry at `baseIndex`; 0 before the first entry ever. */
  readonly baseEpoch: number;

  private constructor(baseIndex: number, baseEpoch: number, lastIndex: number, backing: Backing<Entry>) {
    super(baseIndex, lastIndex, backing);
    this.baseEpoch = baseEpoch;
  }

  /** A log without entries that goes on after (`baseIndex`, `baseEpoch`). */
  static after(baseIndex: number, baseEpoch: number): Log {
    return new Log(baseIndex, baseEpoch, baseIndex, noBacking());
  }

  /** A log that never had an entry. */
  static readonly empty = Log.after(0, 0);

  get lastEpoch(): number {
    return this.epochAt(this.lastIndex) ?? this.baseEpoch;
  }

  /** The epoch of the entry at `index`, the base included; undefined when it is unknown here. */
  epochAt(index: number): number | undefined {
    return index === this.baseIndex ? this.baseEpoch : this.entryAt(index)?.epoch;
  }

  /**
   * This log with `entries` at its end.
   *
   * @throws ReplicaInvariantError when the first of them is not the next one
   */
  append(entries: readonly Entry[]): Log {
    const [first] = entries;
    if (first === undefined) return this;
    if (first.index !== this.lastIndex + 1) {
      throw new ReplicaInvariantError(
        `expected entry ${this.lastIndex + 1} after entry ${this.lastIndex}, got entry ${first.index}; the log has a gap`,
      );
    }
    return new Log(this.baseIndex, this.baseEpoch, this.lastIndex + entries.length, this.extendedBy(entries));
  }

  /** This log without the entries after `index`. */
  upTo(index: number): Log {
    if (index >= this.lastIndex) return this;
    return new Log(this.baseIndex, this.baseEpoch, Math.max(index, this.baseIndex), this.backing);
  }

  /**
   * This log from its entry at `index` on, which becomes the base: what precedes it goes, and so does its memory.
   *
   * @throws ReplicaInvariantError when the entry is not here
   */
  from(index: number): Log {
    if (index === this.baseIndex) return this;
    const entry = this.entryAt(index);
    if (entry === undefined) {
      throw new ReplicaInvariantError(
        `expected an index from ${this.baseIndex} to ${this.lastIndex} to compact to, got ${index}`,
      );
    }
    return new Log(index, entry.epoch, this.lastIndex, this.backingAfter(index));
  }

  /**
   * This log after the entry (`baseIndex`, `baseEpoch`); an empty one where that is not here. A log that begins later
   * already is what is left of it.
   */
  rebased(baseIndex: number, baseEpoch: number): Log {
    if (baseIndex < this.baseIndex) return this;
    const rest = Log.after(baseIndex, baseEpoch);
    if (baseIndex === this.baseIndex) return rest.append(this.between(baseIndex + 1, this.lastIndex));
    return this.epochAt(baseIndex) === baseEpoch ? this.from(baseIndex) : rest;
  }

  /**
   * Where two logs may agree at the latest: the last index up to `index` whose epoch is at most `epoch`, as epochs ascend
   * along a log.
   *
   * @returns `index` itself where this log is compacted
   */
  lastIndexOfEpoch(index: number, epoch: number): number {
    if (index < this.baseIndex) return index;
    let low = this.baseIndex;
    let high = Math.min(index, this.lastIndex);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.epochAt(middle) ?? 0) <= epoch) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Base and entries, as plain data. */
  toJSON(): { readonly baseIndex: number; readonly baseEpoch: number; readonly entries: readonly Entry[] } {
    const { baseIndex, baseEpoch, lastIndex } = this;
    return { baseIndex, baseEpoch, entries: this.between(baseIndex + 1, lastIndex) };
  }

  /** Whether `other` is a log of equal base and entries. */
  equals(other: unknown): boolean {
    if (!(other instanceof Log)) return false;
    const { baseEpoch, baseIndex, lastIndex } = this;
    if (other.baseIndex !== baseIndex || other.baseEpoch !== baseEpoch || other.lastIndex !== lastIndex) return false;
    if (other.backing === this.backing) return true;
    for (let index = baseIndex + 1; index <= lastIndex; index += 1) {
      if (!sameEntry(this.entryAt(index), other.entryAt(index))) return false;
    }
    return true;
  }
}

function sameEntry(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one === other) return true;
  if (one?.index !== other?.index || one?.epoch !== other?.epoch || one?.kind !== other?.kind) return false;
  if (one?.kind !== 'command' || other?.kind !== 'command') return true;
  return one.mode === other.mode && sameItems(one.data, other.data);
}
