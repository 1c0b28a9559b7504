/**
 * A map that can be looked at as it was at some moment, while it goes on to change: what a view has not come to yet is
 * put aside when it is replaced or deleted, and everything else is read where it stands. So a view costs memory only
 * for what changes while it is open.
 */

import { ViewEndedError } from './errors.ts';

/** A value of a viewed map: never changed, only replaced. The map alone writes `mark`. */
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
  entries: Iterator<readonly [string, V], undefined>,
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

/**
 * A `Map` that grows moves all its entries at once, which takes hundreds of milliseconds with a million of them. Many
 * small ones each move their own.
 */
const shardCount = 256;

function shardOf(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (shardCount - 1);
}

const emptyShards = <V>(): Map<string, V>[] => Array.from({ length: shardCount }, () => new Map<string, V>());

function* entriesOf<V>(shards: readonly Map<string, V>[]): Generator<[string, V], undefined> {
  for (const shard of shards) yield* shard;
  return undefined;
}

/** A map from text to values that are replaced as a whole. Its order is none that means anything. */
export class ViewedMap<V extends Viewed> {
  #shards = emptyShards<V>();
  #size = 0;
  /** Counts the views; the number of the latest. */
  #number = 0;
  /** What was replaced or deleted before the open view came to it. */
  #displaced: (readonly [string, V])[] | undefined;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#shard(key).get(key);
  }

  /** Puts `value` under `key`. It must be a new object. */
  set(key: string, value: V): void {
    const shard = this.#shard(key);
    const before = shard.size;
    this.#displace(shard, key);
    value.mark = this.#number;
    shard.set(key, value);
    this.#size += shard.size - before;
  }

  delete(key: string): void {
    const shard = this.#shard(key);
    this.#displace(shard, key);
    if (shard.delete(key)) this.#size -= 1;
  }

  /** Empties the map, and ends its view. */
  clear(): void {
    this.#displaced = undefined;
    this.#number += 1;
    // Letting go of the old one takes no time; emptying it would take one turn.
    this.#shards = emptyShards();
    this.#size = 0;
  }

  /** The entries as of now. Ends the view before. */
  view(): MapView<V> {
    this.#number += 1;
    const number = this.#number;
    const displaced: (readonly [string, V])[] = [];
    this.#displaced = displaced;
    const entries = entriesOf(this.#shards);
    let remaining = this.#size;
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

  #shard(key: string): Map<string, V> {
    const shard = this.#shards[shardOf(key)];
    if (shard === undefined) throw new RangeError(`expected one of ${shardCount} shards for '${key}'`);
    return shard;
  }

  #displace(shard: Map<string, V>, key: string): void {
    if (this.#displaced === undefined) return;
    const present = shard.get(key);
    if (present !== undefined && present.mark !== this.#number) this.#displaced.push([key, present]);
  }
}
