/**
 * Strict two-phase locking: shared and exclusive locks on keys, and shared locks on all keys with a prefix, so that what
 * a branch has listed stays as it was. Waiting is first come, first served, bounded in time, and refused at once where
 * it would close a circle.
 */

import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import { LockError } from '../errors.ts';

export interface Lock {
  /** `prefix` is shared only. */
  readonly kind: 'shared' | 'exclusive' | 'prefix';
  /** The key, or the prefix. */
  readonly key: string;
}

/** Locks by owner; an owner waits for one lock at a time. */
export interface LockTable {
  /**
   * Waits for a lock. One that the owner holds in the same or a stronger form is there at once.
   *
   * @throws LockError when waiting would close a circle, or takes longer than `timeoutMs`, or too many wait
   */
  acquire(owner: string, lock: Lock, timeoutMs: number): Promise<void>;
  /** Takes locks without asking: those of branches that recovery found. They cannot conflict. */
  restore(owner: string, locks: readonly Lock[]): void;
  /** Ends the owner's waiting, too. */
  releaseAll(owner: string): void;
  /** In the order in which they were first taken. */
  heldBy(owner: string): readonly Lock[];
}

interface Waiter {
  readonly owner: string;
  readonly lock: Lock;
  readonly timeout: TimeoutHandle;
  resolve(): void;
  reject(error: Error): void;
}

const maxWaiters = 10_000;

export function createLockTable(clock: Clock): LockTable {
  return new BranchLocks(clock);
}

class BranchLocks implements LockTable {
  readonly #clock: Clock;
  /** Holders per key and, separately, per prefix. */
  readonly #keys = new Map<string, Map<string, 'shared' | 'exclusive'>>();
  readonly #prefixes = new Map<string, Set<string>>();
  readonly #owned = new Map<string, Map<string, Lock>>();
  #waiters: Waiter[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  acquire(owner: string, lock: Lock, timeoutMs: number): Promise<void> {
    const held = this.#owned.get(owner)?.get(nameOf(lock));
    if (held !== undefined && (held.kind === lock.kind || held.kind === 'exclusive')) return Promise.resolve();
    const blockers = this.#blockersOf(owner, lock, this.#waiters);
    if (blockers.size === 0) {
      this.#grant(owner, lock);
      return Promise.resolve();
    }
    if (this.#wouldCircle(owner, lock)) {
      return Promise.reject(
        new LockError(`deadlock: ${owner} asked for '${lock.key}', and its holders wait for what it holds; try again`),
      );
    }
    if (this.#waiters.length >= maxWaiters) {
      return Promise.reject(new LockError(`expected fewer than ${maxWaiters} branches waiting for locks`));
    }
    return new Promise((resolve, reject) => {
      const timeout = this.#clock.setTimeout(
        () =>
          this.#giveUp(
            waiter,
            new LockError(`'${lock.key}' stayed locked for ${Math.ceil(timeoutMs)} ms by ${[...blockers].join(', ')}`),
          ),
        timeoutMs,
      );
      const waiter: Waiter = { owner, lock, timeout, resolve, reject };
      this.#waiters.push(waiter);
    });
  }

  restore(owner: string, locks: readonly Lock[]): void {
    for (const lock of locks) this.#grant(owner, lock);
  }

  releaseAll(owner: string): void {
    for (const { kind, key } of this.#owned.get(owner)?.values() ?? []) {
      const holders = kind === 'prefix' ? this.#prefixes.get(key) : this.#keys.get(key);
      holders?.delete(owner);
      if (holders?.size === 0) (kind === 'prefix' ? this.#prefixes : this.#keys).delete(key);
    }
    this.#owned.delete(owner);
    const waiter = this.#waiters.find((it) => it.owner === owner);
    if (waiter === undefined) this.#serve();
    else this.#giveUp(waiter, new LockError(`${owner} was rolled back while it waited for '${waiter.lock.key}'`));
  }

  heldBy(owner: string): readonly Lock[] {
    return [...(this.#owned.get(owner)?.values() ?? [])];
  }

  #holdersAgainst(owner: string, lock: Lock): Set<string> {
    const found = new Set<string>();
    if (lock.kind === 'prefix') {
      for (const [key, holders] of this.#keys) {
        if (!key.startsWith(lock.key)) continue;
        for (const [holder, mode] of holders) if (mode === 'exclusive') found.add(holder);
      }
    } else {
      for (const [holder, mode] of this.#keys.get(lock.key) ?? []) {
        if (mode === 'exclusive' || lock.kind === 'exclusive') found.add(holder);
      }
      if (lock.kind === 'exclusive') {
        for (const [prefix, holders] of this.#prefixes) {
          if (lock.key.startsWith(prefix)) for (const holder of holders) found.add(holder);
        }
      }
    }
    found.delete(owner);
    return found;
  }

  /** Whom a request waits for: conflicting holders, and conflicting requests that came earlier. */
  #blockersOf(owner: string, lock: Lock, earlier: readonly Waiter[]): Set<string> {
    const found = this.#holdersAgainst(owner, lock);
    // Who upgrades goes first: those who wait for the key wait for this owner anyway.
    const upgrades = lock.kind === 'exclusive' && this.#keys.get(lock.key)?.has(owner) === true;
    if (!upgrades) {
      for (const waiter of earlier) {
        if (waiter.owner !== owner && conflict(waiter.lock, lock)) found.add(waiter.owner);
      }
    }
    return found;
  }

  #wouldCircle(owner: string, lock: Lock): boolean {
    const seen = new Set<string>();
    const open = [...this.#blockersOf(owner, lock, this.#waiters)];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === owner) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      const index = this.#waiters.findIndex((it) => it.owner === next);
      const waiter = this.#waiters[index];
      if (waiter !== undefined) open.push(...this.#blockersOf(next, waiter.lock, this.#waiters.slice(0, index)));
    }
    return false;
  }

  #grant(owner: string, lock: Lock): void {
    if (lock.kind === 'prefix') {
      const holders = this.#prefixes.get(lock.key) ?? new Set<string>();
      this.#prefixes.set(lock.key, holders.add(owner));
    } else {
      const holders = this.#keys.get(lock.key) ?? new Map<string, 'shared' | 'exclusive'>();
      if (holders.get(owner) !== 'exclusive') holders.set(owner, lock.kind);
      this.#keys.set(lock.key, holders);
    }
    const locks = this.#owned.get(owner) ?? new Map<string, Lock>();
    const name = nameOf(lock);
    if (locks.get(name)?.kind !== 'exclusive') locks.set(name, lock);
    this.#owned.set(owner, locks);
  }

  #serve(): void {
    for (let index = 0; index < this.#waiters.length; ) {
      const waiter = this.#waiters[index];
      if (waiter === undefined) return;
      if (this.#blockersOf(waiter.owner, waiter.lock, this.#waiters.slice(0, index)).size > 0) {
        index += 1;
        continue;
      }
      this.#waiters.splice(index, 1);
      this.#clock.clearTimeout(waiter.timeout);
      this.#grant(waiter.owner, waiter.lock);
      waiter.resolve();
    }
  }

  #giveUp(waiter: Waiter, error: Error): void {
    this.#waiters = this.#waiters.filter((it) => it !== waiter);
    this.#clock.clearTimeout(waiter.timeout);
    waiter.reject(error);
    this.#serve();
  }
}

const nameOf = ({ kind, key }: Lock): string => (kind === 'prefix' ? `*${key}` : `=${key}`);

function conflict(one: Lock, other: Lock): boolean {
  if (one.kind === 'prefix') return other.kind === 'exclusive' && other.key.startsWith(one.key);
  if (other.kind === 'prefix') return one.kind === 'exclusive' && one.key.startsWith(other.key);
  return one.key === other.key && (one.kind === 'exclusive' || other.kind === 'exclusive');
}
