/**
 * The rows of a simulated database: balances, what they were at a moment, and exclusive locks on them, granted in the order of
 * asking.
 */

/** Waits for a lock end this way. */
export type Grant = (isGranted: boolean) => void;

export interface Rows {
  /** The committed balance. */
  balance(account: string): number;
  add(account: string, amount: number): void;
  /** Everything that is committed now. */
  snapshot(): Snapshot;
  /** Calls `grant` once, perhaps at once: true when `holder` has the lock, false when it gave up waiting. */
  lock(account: string, holder: string, grant: Grant): void;
  /** Lets go of all locks of `holder`, and ends its waits. */
  release(holder: string): void;
  readonly total: number;
  /** Accounts that are locked, with their holders. */
  locked(): readonly (readonly [account: string, holder: string])[];
}

/** What was committed at a moment. */
export interface Snapshot {
  balance(account: string): number;
  /** Whether the account is as it was then. */
  isCurrent(account: string): boolean;
}

interface Lock {
  holder: string;
  readonly waiting: { readonly holder: string; readonly grant: Grant }[];
}

/** Makes rows with the balances given. */
export function createRows(balances: ReadonlyMap<string, number>): Rows {
  const held = new Map(balances);
  const locks = new Map<string, Lock>();
  /** How often each account was written. */
  const versions = new Map<string, number>();

  const passOn = (account: string, lock: Lock): void => {
    const next = lock.waiting.shift();
    if (next === undefined) {
      locks.delete(account);
      return;
    }
    lock.holder = next.holder;
    next.grant(true);
  };
  return {
    balance: (account) => held.get(account) ?? 0,
    add(account, amount) {
      held.set(account, (held.get(account) ?? 0) + amount);
      versions.set(account, (versions.get(account) ?? 0) + 1);
    },
    snapshot() {
      const [balances, seen] = [new Map(held), new Map(versions)];
      return {
        balance: (account) => balances.get(account) ?? 0,
        isCurrent: (account) => seen.get(account) === versions.get(account),
      };
    },
    lock(account, holder, grant) {
      const lock = locks.get(account);
      if (lock === undefined) locks.set(account, { holder, waiting: [] });
      if (lock === undefined || lock.holder === holder) grant(true);
      else lock.waiting.push({ holder, grant });
    },
    release(holder) {
      for (const lock of locks.values()) {
        for (const it of lock.waiting.filter((waiting) => waiting.holder === holder)) {
          lock.waiting.splice(lock.waiting.indexOf(it), 1);
          it.grant(false);
        }
      }
      for (const [account, lock] of [...locks]) if (lock.holder === holder) passOn(account, lock);
    },
    get total() {
      return [...held.values()].reduce((sum, balance) => sum + balance, 0);
    },
    locked: () => [...locks].map(([account, { holder }]) => [account, holder] as const),
  };
}
