/** What is noted of one run: each operation with its times and its end, and what was sent and flushed while the run went on. */

import * as v from 'valibot';
import type { OperationEnd } from '../simulator/scenario.ts';
import type { PlannedOperation } from '../simulator/schedule.ts';
import type { Transfer } from './contract.ts';
import { operationSchema } from './workload.ts';

/** An operation of a client, as it saw it. */
export interface Seen {
  readonly node: string;
  /** Undefined for a read. */
  readonly transfer: Transfer | undefined;
  readonly begunMs: number;
  endedMs: number | undefined;
  /** Undefined where the run ended before. */
  end: OperationEnd | undefined;
}

/** How often something happened, by when. */
export interface Tally {
  add(atMs: number): void;
  between(fromMs: number, untilMs: number): number;
}

export function createTally(): Tally {
  const moments: number[] = [];
  return {
    add: (atMs) => void moments.push(atMs),
    between: (fromMs, untilMs) => moments.filter((atMs) => atMs >= fromMs && atMs < untilMs).length,
  };
}

/** Notes what clients do. */
export interface Witness {
  invoked(operation: PlannedOperation, nowMs: number): void;
  ended(operation: PlannedOperation, end: OperationEnd, nowMs: number): void;
  /** In the order in which they began; transfers and reads alone. */
  readonly seen: readonly Seen[];
}

export function createWitness(): Witness {
  const seen = new Map<PlannedOperation, Seen>();
  return {
    invoked(operation, begunMs) {
      const asked = v.parse(operationSchema, operation.operation);
      if (asked.f !== 'transfer' && asked.f !== 'read') return;
      const transfer = asked.f === 'transfer' ? { id: asked.id, amount: asked.amount } : undefined;
      seen.set(operation, { node: operation.node, transfer, begunMs, endedMs: undefined, end: undefined });
    },
    ended(operation, end, nowMs) {
      const it = seen.get(operation);
      if (it === undefined) return;
      it.end = end;
      it.endedMs = nowMs;
    },
    get seen() {
      return [...seen.values()];
    },
  };
}
