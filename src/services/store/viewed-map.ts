/**
 * A map that can be looked at as it was at some moment, while it goes on to change: what a view has not come to yet is
 * put aside when it is replaced or deleted, and everything else is read where it stands. So a view costs memory only
 * for what changes while it is open.
 */

import { ViewEndedError } from './errors.ts';

/** A value of a viewed map: never changed, only replaced. The map writes `mark`, and nobody else does. */
export interface Viewed {
  /** The last view that has this value behind it: that has given it out, or began before it was there. */
  mark: number;
}

/** The entries of a map as of some moment. */
export interface MapView<V extends Viewed> {
  /**
   * The next entry, in no particular order; undefined at the end.
   *
   * @throws ViewEndedError when a later view was opened, or the map was emptied
   */
  next(): readonly [string, V] | undefined;
  /** Nothing more is asked. Idempotent. */
  release(): void;
}

function nextUnseen<V extends Viewed>(
  entries: IterableIterator<readonly [string, V]>,
  number: number,
): readonly [string, V] | undefined {
  for (let next = entries.next(); next.done !== true; next = entries.next()) {
    const [, value] = next.value;
    if (value.mark === number) continue;
    value.mark = number;
    return next.value;
  }
  return undefined;
}

/** A map from text to values that are replaced as a whole. Its order is that of insertion, as of any `Map`. */
export class ViewedMap<V extends Viewed> {
  #entries = new Map<string, V>();
  /** Counts the views; the number of the latest. */
  #number = 0;
  /** What was replaced or deleted before the open view came to it. */
  #displaced: (readonly [string, V])[] | undefined;

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  /** Puts `value` under `key`. It must be a new object. */
  set(key: string, value: V): void {
    this.#displace(key);
    value.mark = this.#number;
    this.#entries.set(key, value);
  }

  delete(key: string): void {
    this.#displace(key);
    this.#entries.delete(key);
  }

  /** Empties the map, and ends its view. */
  clear(): void {
    this.#displaced = undefined;
    this.#number += 1;
    // Letting go of the old one takes no time; emptying it would take one turn.
    this.#entries = new Map();
  }

  /** The entries as of now. Ends the view before. */
  view(): MapView<V> {
    this.#number += 1;
    const number = this.#number;
    const displaced: (readonly [string, V])[] = [];
    this.#displaced = displaced;
    const entries = this.#entries.entries();
    let remaining = this.#entries.size;
    const release = (): void => {
      if (this.#displaced === displaced) this.#displaced = undefined;
      remaining = 0;
    };
    return {
      next: () => {
        if (remaining === 0) return undefined;
        if (this.#displaced !== displaced) throw new ViewEndedError();
        const entry = displaced.pop() ?? nextUnseen(entries, number);
        remaining -= 1;
        if (remaining === 0) release();
        return entry;
      },
      release,
    };
  }

  #displace(key: string): void {
    if (this.#displaced === undefined) return;
    const present = this.#entries.get(key);
    if (present !== undefined && present.mark !== this.#number) this.#displaced.push([key, present]);
  }
}
