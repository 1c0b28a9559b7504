/**
 * The slots of a log as an acceptor holds them, as a value: what it accepted last in each, and at which ballot. A slot is an
 * instance of Paxos of its own, so any of them may be accepted before the one that precedes it: what lies between is a hole.
 * Slots that stand together were mostly accepted at one ballot, so ballots are kept as runs and not with each entry.
 *
 * The slots start after their base: what precedes it is chosen, and compacted.
 */

import { sameMembers } from '../../replication/members.ts';
import { type Backing, noBacking, Sequence, sameItems } from '../../replication/sequence.ts';
import { type Ballot, isLater, sameBallot } from '../ballot.ts';
import { PaxosInvariantError } from './errors.ts';
import type { Entry } from './messages.ts';

/** A slot in which nothing was accepted. */
interface Hole {
  readonly index: number;
  readonly kind: 'hole';
}

/** The slots from `from` on, up to the next run, were accepted at `ballot`; null where they are holes. */
interface Run {
  readonly from: number;
  readonly ballot: Ballot | null;
}

/** Consecutive slots that were accepted at one ballot. */
export interface Accepted {
  readonly ballot: Ballot;
  readonly entries: readonly Entry[];
}

/** An immutable view of an acceptor's slots. */
export class Slots extends Sequence<Entry | Hole> {
  /** In the order of their slots; the first one holds from the base on. */
  readonly #runs: readonly Run[];

  private constructor(baseIndex: number, lastIndex: number, backing: Backing<Entry | Hole>, runs: readonly Run[]) {
    super(baseIndex, lastIndex, backing);
    this.#runs = runs;
  }

  /** Nothing accepted, and all up to `baseIndex` chosen and compacted. */
  static after(baseIndex: number): Slots {
    return new Slots(baseIndex, baseIndex, noBacking(), []);
  }

  /** The ballot at which slot `index` was accepted last; null where nothing was, as far as is known here. */
  ballotAt(index: number): Ballot | null {
    return index > this.baseIndex && index <= this.lastIndex ? (this.#runs[this.#runAt(index)]?.ballot ?? null) : null;
  }

  /** What was accepted in slot `index`; undefined where nothing was. */
  acceptedAt(index: number): Entry | undefined {
    const entry = this.entryAt(index);
    return entry?.kind === 'hole' ? undefined : entry;
  }

  /** The ballot at which the value of slot `index` was first proposed there; null where nothing was accepted. */
  originAt(index: number): Ballot | null {
    return this.acceptedAt(index)?.origin ?? this.ballotAt(index);
  }

  /** What was accepted in slot `index` as a proposal at `ballot`; undefined where nothing was. */
  proposalAt(ballot: Ballot, index: number): Entry | undefined {
    const entry = this.acceptedAt(index);
    return entry && proposedFirst(entry, this.ballotAt(index), ballot);
  }

  /** The last of the slots from `index` on that were all accepted at `ballot`; `index - 1` if not even the first was. */
  acceptedTo(ballot: Ballot, index: number): number {
    if (index > this.lastIndex || !sameBallot(this.ballotAt(index), ballot)) return index - 1;
    return this.#endOfRun(this.#runAt(index));
  }

  /** These slots with `entries`, which are consecutive, accepted at `ballot`; what is compacted stays so. */
  accept(ballot: Ballot, entries: readonly Entry[]): Slots {
    const [first] = entries;
    if (first === undefined) return this;
    if (first.index <= this.baseIndex) return this.accept(ballot, entries.slice(this.baseIndex + 1 - first.index));
    if (first.index > this.lastIndex + 1) return this.#withHolesTo(first.index - 1).accept(ballot, entries);
    const { baseIndex } = this;
    const end = first.index + entries.length - 1;
    if (first.index === this.lastIndex + 1) {
      return new Slots(baseIndex, end, this.extendedBy(entries), withRun(this.#runs, first.index, ballot));
    }
    const rest = this.between(end + 1, this.lastIndex);
    const head = this.upTo(first.index - 1);
    const runs = withRun(head.#runs, first.index, ballot);
    const later = rest.length === 0 ? [] : this.#runsFrom(end + 1);
    return new Slots(
      baseIndex,
      Math.max(end, this.lastIndex),
      head.extendedBy([...entries, ...rest]),
      later.reduce((all, run) => withRun(all, run.from, run.ballot), runs),
    );
  }

  /** These slots with those of `accepted` that were accepted at a later ballot than here (Paxos 2a: the highest ballot's). */
  withLater({ ballot, entries }: Accepted): Slots {
    let slots: Slots = this;
    let from = 0;
    for (let place = 0; place <= entries.length; place += 1) {
      const entry = entries[place];
      if (entry !== undefined && entry.index > this.baseIndex && isLater(ballot, this.ballotAt(entry.index))) continue;
      if (place > from) slots = slots.accept(ballot, entries.slice(from, place));
      from = place + 1;
    }
    return slots;
  }

  /** These slots without those after `index`. */
  upTo(index: number): Slots {
    if (index >= this.lastIndex) return this;
    const end = Math.max(index, this.baseIndex);
    return new Slots(
      this.baseIndex,
      end,
      this.backing,
      this.#runs.filter(({ from }) => from <= end),
    );
  }

  /** These slots after `index`, which becomes the base: what precedes it goes, and so does its memory. */
  after(index: number): Slots {
    if (index <= this.baseIndex) return this;
    if (index >= this.lastIndex) return Slots.after(index);
    return new Slots(index, this.lastIndex, this.backingAfter(index), this.#runsFrom(index + 1));
  }

  /** What was accepted after `index`, which is the base: a later one than here, or an earlier one, with holes after it. */
  rebased(index: number): Slots {
    if (index >= this.baseIndex) return this.after(index);
    const accepted = this.accepted(this.baseIndex + 1, this.lastIndex);
    return accepted.reduce((all, it) => all.accept(it.ballot, it.entries), Slots.after(index));
  }

  /**
   * What was accepted in the slots from `from` to `to`, as proposals at `ballot`: where a value was proposed before, it
   * says at which ballot that was first.
   *
   * @throws PaxosInvariantError when one of the slots is a hole
   */
  proposals(ballot: Ballot, from: number, to: number): readonly Entry[] {
    const entries = this.between(from, to);
    if (!isWhole(entries)) throw new PaxosInvariantError(`expected slots ${from} to ${to} to be accepted, got a hole`);
    const run = this.#runAt(from);
    if (this.#endOfRun(run) >= to && sameBallot(this.#runs[run]?.ballot ?? null, ballot)) return entries;
    return entries.map((entry) => proposedFirst(entry, this.ballotAt(entry.index), ballot));
  }

  /** What was accepted in the slots from `from` to `to`, ballot by ballot, without the holes. */
  accepted(from: number, to: number): readonly Accepted[] {
    const end = Math.min(to, this.lastIndex);
    if (from > end) return [];
    return this.#runsFrom(from).flatMap(({ from: start, ballot }, place, runs) => {
      const last = Math.min(end, (runs[place + 1]?.from ?? this.lastIndex + 1) - 1);
      return ballot === null || start > last ? [] : [{ ballot, entries: this.proposals(ballot, start, last) }];
    });
  }

  /** Base and what was accepted after it, as plain data. */
  toJSON(): { readonly baseIndex: number; readonly accepted: readonly Accepted[] } {
    return { baseIndex: this.baseIndex, accepted: this.accepted(this.baseIndex + 1, this.lastIndex) };
  }

  /** Whether the same was accepted in `other`. */
  equals(other: unknown): boolean {
    if (!(other instanceof Slots)) return false;
    if (other.baseIndex !== this.baseIndex || other.lastIndex !== this.lastIndex) return false;
    const theirs = other.#runs;
    if (theirs.length !== this.#runs.length) return false;
    if (!this.#runs.every(({ from, ballot }, at) => theirs[at]?.from === from && sameBallot(theirs[at].ballot, ballot)))
      return false;
    if (other.backing === this.backing) return true;
    for (let index = this.baseIndex + 1; index <= this.lastIndex; index += 1) {
      if (!sameEntry(this.entryAt(index), other.entryAt(index))) return false;
    }
    return true;
  }

  #withHolesTo(index: number): Slots {
    const from = this.lastIndex + 1;
    const holes = Array.from({ length: index - from + 1 }, (_, at): Hole => ({ index: from + at, kind: 'hole' }));
    return new Slots(this.baseIndex, index, this.extendedBy(holes), withRun(this.#runs, from, null));
  }

  /** The place of the run that slot `index` is in; mostly the last one. */
  #runAt(index: number): number {
    let place = this.#runs.length - 1;
    while (place > 0 && (this.#runs[place]?.from ?? 0) > index) place -= 1;
    return place;
  }

  #endOfRun(place: number): number {
    return (this.#runs[place + 1]?.from ?? this.lastIndex + 1) - 1;
  }

  /** The runs from slot `index` on, which is the first one's. */
  #runsFrom(index: number): readonly Run[] {
    const place = this.#runAt(index);
    return this.#runs.slice(place).map((run, at) => (at === 0 ? { from: index, ballot: run.ballot } : run));
  }
}

const isWhole = (entries: readonly (Entry | Hole)[]): entries is readonly Entry[] =>
  entries.every(({ kind }) => kind !== 'hole');

/** `runs`, and one more after them; the same ones when it only goes on. */
function withRun(runs: readonly Run[], from: number, ballot: Ballot | null): readonly Run[] {
  const last = runs.at(-1);
  return last !== undefined && sameBallot(last.ballot, ballot) ? runs : [...runs, { from, ballot }];
}

/** `entry`, which was accepted at `at`, as a proposal at `ballot`. */
function proposedFirst(entry: Entry, at: Ballot | null, ballot: Ballot): Entry {
  return entry.origin !== undefined || at === null || sameBallot(at, ballot) ? entry : { ...entry, origin: at };
}

function sameEntry(one: Entry | Hole | undefined, other: Entry | Hole | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined || one.index !== other.index || one.kind !== other.kind) return false;
  if (one.kind === 'hole' || other.kind === 'hole') return true;
  if (!sameBallot(one.origin ?? null, other.origin ?? null)) return false;
  if (one.kind === 'command' && other.kind === 'command') return sameItems(one.data, other.data);
  return one.kind !== 'stop' || other.kind !== 'stop' || sameMembers(one.members, other.members);
}
