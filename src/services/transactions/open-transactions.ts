/** The transactions of one life of a manager that are not over: their ids, whether they are decided, and their age. */

import type { Clock } from '../../environment/clock.ts';
import { type Order, type TransactionIdParts, transactionIdOf } from './ids.ts';

export interface OpenTransactions {
  /** How many have no verdict. */
  readonly size: number;
  /** The latest that was begun. */
  readonly latest: Order;
  /** Begins one. @returns its id */
  begin(): string;
  /** Whether it has begun in this life, and its verdict is not heard. */
  isOpen(transaction: string): boolean;
  /** Its verdict is heard, or will not be in this life. */
  decided(transaction: string): void;
  /** All its branches have ended, or it has not begun at all. */
  ended(transaction: string): void;
  /** Since it was begun, or, if that was in an earlier life, since this one began. */
  ageMs(transaction: string): number;
  /** The age of the oldest of which not all branches have ended; 0 when there is none. */
  oldestMs(): number;
}

/** Makes the table of a life that begins now. `life` says what the ids of its transactions have in common. */
export function createOpenTransactions(clock: Clock, life: Omit<TransactionIdParts, 'sequence'>): OpenTransactions {
  const startedMs = clock.nowMs();
  const begunAtMs = new Map<string, number>();
  const undecided = new Set<string>();
  let sequence = 0;
  return {
    get size() {
      return undecided.size;
    },
    get latest() {
      return { incarnation: life.incarnation, sequence };
    },
    begin() {
      sequence += 1;
      const id = transactionIdOf({ ...life, sequence });
      undecided.add(id);
      begunAtMs.set(id, clock.nowMs());
      return id;
    },
    isOpen: (transaction) => undecided.has(transaction),
    decided: (transaction) => void undecided.delete(transaction),
    ended: (transaction) => void begunAtMs.delete(transaction),
    ageMs: (transaction) => clock.nowMs() - (begunAtMs.get(transaction) ?? startedMs),
    oldestMs() {
      const [oldest] = begunAtMs.values();
      return oldest === undefined ? 0 : clock.nowMs() - oldest;
    },
  };
}
