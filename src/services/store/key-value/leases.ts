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
  /** The session by which it was granted; undefined for none, and where an earlier release granted it. */
  readonly owner?: number;
}

/** All leases are taken, or all that one owner may have. */
export type LeaseRefusal = 'leases-limit' | 'leases-share';

/** Whose a lease is to be. */
export interface Grantee {
  readonly owner?: number | undefined;
  /** Whether it may have no more than its share. */
  readonly isShared?: boolean | undefined;
}

/**
 * Whether one that may write keys with some beginnings alone may not touch a lease that has `keys`.
 *
 * @param within the beginnings; undefined for one that may write all keys
 * @param isWhole whether it is kept or ended: of a lease without keys it is not known whose it is
 */
export const isForeign = (keys: readonly string[], within: readonly string[] | undefined, isWhole: boolean): boolean =>
  within !== undefined &&
  ((isWhole && keys.length === 0) || keys.some((key) => !within.some((beginning) => key.startsWith(beginning))));

interface KeptLease extends Lease, Viewed {}

interface Due {
  readonly dueAtMs: number;
  readonly id: number;
}

export class Leases {
  readonly #leases = new ViewedMap<KeptLease>();
  /** Which lease a key has. */
  readonly #ofKey = new Map<string, number>();
  /** How many there are of each owner; those of none are counted together. */
  readonly #ofOwner = new Map<number | undefined, number>();
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

  /**
   * A share is as many as are left for all others, so that there is always something left: a half for one alone, a third for
   * each of two (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998).
   *
   * @returns why there is no room for one more, if there is none
   */
  grant(id: number, ttlMs: number, nowMs: number, { owner, isShared }: Grantee = {}): LeaseRefusal | undefined {
    if (this.size >= leasesLimit) return 'leases-limit';
    if (isShared && (this.#ofOwner.get(owner) ?? 0) >= leasesLimit - this.size) return 'leases-share';
    this.restore({ id, ttlMs, dueAtMs: nowMs + ttlMs, keys: [], ...(owner === undefined ? {} : { owner }) });
    return undefined;
  }

  /** @returns the lease as it is now; undefined when it is gone */
  keep(id: number, nowMs: number): Lease | undefined {
    const lease = this.get(id);
    if (lease === undefined) return undefined;
    this.#due.delete(lease);
    return this.#set({ ...lease, dueAtMs: nowMs + lease.ttlMs });
  }

  /** Whether there is such a lease, and it `isForeign` by its keys. */
  isForeign(id: number, within: readonly string[] | undefined, isWhole: boolean): boolean {
    const lease = this.get(id);
    return lease !== undefined && isForeign(lease.keys, within, isWhole);
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
    this.#count(lease, -1);
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
    this.#ofOwner.clear();
    this.#due = createDue();
  }

  restore(lease: Lease): void {
    this.#set(lease);
    this.#count(lease, 1);
    for (const key of lease.keys) this.#ofKey.set(key, lease.id);
  }

  view(): MapView<KeptLease> {
    return this.#leases.view();
  }

  #count({ owner }: Lease, more: 1 | -1): void {
    const count = (this.#ofOwner.get(owner) ?? 0) + more;
    if (count === 0) this.#ofOwner.delete(owner);
    else this.#ofOwner.set(owner, count);
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
