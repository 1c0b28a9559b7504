/** What the embedded store remembers of branches that are over, up to a number of them. */

import { globalIdPrefix } from '../branch.ts';
import type { Finished } from './records.ts';

export interface FinishedBranches {
  /** Beyond the limit the oldest is forgotten. */
  remember(branch: Finished, atMs: number): void;
  outcomeOf(globalId: string): Finished['outcome'] | undefined;
  /** The branch that committed, or is about to, under an idempotency key. */
  holderOf(idempotencyKey: string): string | undefined;
  /** Takes a key for a branch whose commit is on its way to the disk. */
  claim(idempotencyKey: string, globalId: string): void;
  /** Forgets a manager's branches that were over before `untilMs`. @returns which */
  forget(manager: string, untilMs: number): readonly string[];
  all(): Iterable<Finished>;
  readonly size: number;
}

export function createFinishedBranches(maxFinished: number): FinishedBranches {
  const branches = new Map<string, Finished & { readonly atMs: number }>();
  const keys = new Map<string, string>();
  const remove = (globalId: string): void => {
    const key = branches.get(globalId)?.idempotencyKey;
    if (key !== undefined) keys.delete(key);
    branches.delete(globalId);
  };
  return {
    remember(branch, atMs) {
      if (branches.has(branch.branch)) return;
      branches.set(branch.branch, { ...branch, atMs });
      if (branch.idempotencyKey !== undefined) keys.set(branch.idempotencyKey, branch.branch);
      for (const oldest of branches.keys()) {
        if (branches.size <= maxFinished) break;
        remove(oldest);
      }
    },
    outcomeOf: (globalId) => branches.get(globalId)?.outcome,
    holderOf: (idempotencyKey) => keys.get(idempotencyKey),
    claim: (idempotencyKey, globalId) => void keys.set(idempotencyKey, globalId),
    forget(manager, untilMs) {
      const prefix = globalIdPrefix(manager);
      const old = [...branches.values()].filter((it) => it.atMs < untilMs && it.branch.startsWith(prefix));
      for (const { branch } of old) remove(branch);
      return old.map((it) => it.branch);
    },
    all: () => branches.values(),
    get size() {
      return branches.size;
    },
  };
}
