/**
 * Leases: keys that live as long as their owner says in time that it is there. A lease is due when the time of the log has
 * gone on by its time to live since it was granted or kept last; what is due is deleted by a tick of the log. After Gray and
 * Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency" (1989), §2: the side that
 * grants measures from when it granted, the side that holds from when it asked, so that the holder's ends first.
 */

import { BTree } from '../btree.ts';
import { type MapView, type Viewed, ViewedMap } from '../viewed-map.ts';

/** Leases at once. A constant, as the others, because all nodes must agree on it. */
export const leasesLimit = 10_000;
/** Keys of a lease. */
export const leaseKeysLimit = 128;
/** The times to live that there are, in milliseconds. */
export const shortestTtlMs = 100;
export const longestTtlMs = 24 * 60 * 60 * 1_000;

/** A lease; replaced as a whole. */
export interface Lease {
  readonly id: number;
  readonly ttlMs: number;
  /** By the time of the log. */
  readonly dueAtMs: number;
  readonly keys: readonly string[];
}

interface KeptLease extends Lease, Viewed {}

interface Due {
  readonly dueAtMs: number;
  readonly id: number;
}

export class Leases {
  readonly #leases = new ViewedMap<KeptLease>();
  /** Which lease a key has. */
  readonly #ofKey = new Map<string, number>();
  #due = createDue();

  get size(): number {
    return this.#leases.size;
  }

  /** When the next one is due; undefined when there is none. */
  get nextDueAtMs(): number | undefined {
    return this.#due.minKey()?.dueAtMs;
  }

  get(id: number): Lease | undefined {
    return this.#leases.get(String(id));
  }

  /** @returns whether there was room for one more */
  grant(id: number, ttlMs: number, nowMs: number): boolean {
    if (this.size >= leasesLimit) return false;
    this.#set({ id, ttlMs, dueAtMs: nowMs + ttlMs, keys: [] });
    return true;
  }

  /** @returns the lease as it is now; undefined when it is gone */
  keep(id: number, nowMs: number): Lease | undefined {
    const lease = this.get(id);
    if (lease === undefined) return undefined;
    this.#due.delete(lease);
    return this.#set({ ...lease, dueAtMs: nowMs + lease.ttlMs });
  }

  /** For how many keys a lease has room; undefined when there is no such lease. */
  roomOf(id: number): number | undefined {
    const lease = this.get(id);
    return lease && leaseKeysLimit - lease.keys.length;
  }

  /** The lease of a key, if it has one. */
  of(key: string): number | undefined {
    return this.#ofKey.get(key);
  }

  /** The key has the lease `id` from now on, and no other; none when that is undefined. */
  attach(key: string, id: number | undefined): void {
    const before = this.#ofKey.get(key);
    if (before === id) return;
    if (before !== undefined) this.#change(before, (keys) => keys.filter((it) => it !== key));
    if (id === undefined) this.#ofKey.delete(key);
    else {
      this.#ofKey.set(key, id);
      this.#change(id, (keys) => [...keys, key]);
    }
  }

  /** Takes a lease out, whose keys have none then. @returns them */
  end(id: number): readonly string[] {
    const lease = this.get(id);
    if (lease === undefined) return [];
    for (const key of lease.keys) this.#ofKey.delete(key);
    this.#due.delete(lease);
    this.#leases.delete(String(id));
    return lease.keys;
  }

  /** The first lease that is due by `nowMs`. */
  dueBy(nowMs: number): number | undefined {
    const next = this.#due.minKey();
    return next !== undefined && next.dueAtMs <= nowMs ? next.id : undefined;
  }

  clear(): void {
    this.#leases.clear();
    this.#ofKey.clear();
    this.#due = createDue();
  }

  restore(lease: Lease): void {
    this.#set(lease);
    for (const key of lease.keys) this.#ofKey.set(key, lease.id);
  }

  view(): MapView<KeptLease> {
    return this.#leases.view();
  }

  #change(id: number, change: (keys: readonly string[]) => readonly string[]): void {
    const lease = this.get(id);
    if (lease !== undefined) this.#leases.set(String(id), { ...lease, keys: change(lease.keys), mark: 0 });
  }

  #set(lease: Lease): Lease {
    this.#leases.set(String(lease.id), { ...lease, mark: 0 });
    this.#due.set({ dueAtMs: lease.dueAtMs, id: lease.id }, undefined);
    return lease;
  }
}

const createDue = () => new BTree<Due, undefined>(undefined, (a, b) => a.dueAtMs - b.dueAtMs || a.id - b.id);
