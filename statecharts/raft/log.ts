/**
 * The log as a value: a sequence of entries with terms. It starts after its base, the last entry that compaction took away
 * (Raft §5.1); of that, index and term remain.
 */

import { sameMembers } from '../replication/members.ts';
import { type Backing, noBacking, Sequence, sameItems } from '../replication/sequence.ts';
import { RaftInvariantError } from './errors.ts';
import type { Entry } from './messages.ts';

/** An immutable view of a log. */
export class Log extends Sequence<Entry> {
  /** Term of the entry at `baseIndex`; 0 before the first entry ever. */
  readonly baseTerm: number;

  private constructor(baseIndex: number, baseTerm: number, lastIndex: number, backing: Backing<Entry>) {
    super(baseIndex, lastIndex, backing);
    this.baseTerm = baseTerm;
  }

  /** A log without entries that goes on after (`baseIndex`, `baseTerm`). */
  static after(baseIndex: number, baseTerm: number): Log {
    return new Log(baseIndex, baseTerm, baseIndex, noBacking());
  }

  /** A log that never had an entry. */
  static readonly empty = Log.after(0, 0);

  get lastTerm(): number {
    return this.termAt(this.lastIndex) ?? this.baseTerm;
  }

  /** The term of the entry at `index`, the base included; undefined when it is unknown here. */
  termAt(index: number): number | undefined {
    return index === this.baseIndex ? this.baseTerm : this.entryAt(index)?.term;
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
    const backing = this.extendedBy(entries);
    return new Log(this.baseIndex, this.baseTerm, this.lastIndex + entries.length, backing);
  }

  /** This log without the entries after `index`. */
  upTo(index: number): Log {
    if (index >= this.lastIndex) return this;
    return new Log(this.baseIndex, this.baseTerm, Math.max(index, this.baseIndex), this.backing);
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
    return new Log(index, entry.term, this.lastIndex, this.backingAfter(index));
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
    if (other.backing === this.backing) return true;
    const theirs = other.backing.entries;
    for (let place = 0; place < lastIndex - baseIndex; place += 1) {
      if (!sameEntry(this.backing.entries[place], theirs[place])) return false;
    }
    return true;
  }
}

function sameEntry(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one === other) return true;
  if (one?.index !== other?.index || one?.term !== other?.term || one?.kind !== other?.kind) return false;
  if (one?.kind === 'command' && other?.kind === 'command') return sameItems(one.data, other.data);
  if (one?.kind === 'configuration' && other?.kind === 'configuration') return sameMembers(one.members, other.members);
  return true;
}
