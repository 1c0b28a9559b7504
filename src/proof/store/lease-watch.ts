/**
 * Watches from above that no lease of a simulated store ends early: its key is there until its time to live is over, in true
 * time, since its owner asked for it, or for it to be kept, but for what clocks may drift.
 */

import * as v from 'valibot';
import { driftBound } from '../../simulator/plan.ts';
import type { PlannedOperation } from '../../simulator/schedule.ts';
import type { Problem } from '../claim.ts';
import type { Application } from './audit.ts';
import { operationSchema } from './operation.ts';

/** What must have happened to leases, in some run. */
export const leaseGoals = ['a lease was kept', 'a lease ended, and its key with it'] as const;

/** What is known of the leases of a run. */
export interface LeaseWatch {
  invoked(operation: PlannedOperation, nowMs: number): void;
  applied(application: Application): void;
  /** What was applied since the last time was applied now. @returns what is wrong, in words */
  check(nowMs: number): Problem;
  readonly reached: ReadonlySet<string>;
}

/** A lease by the key that it has, which no other has. */
interface Leased {
  readonly ttlMs: number;
  /** Not before has its owner asked for it, or for it to be kept. */
  askedAtMs: number;
  /** Since when it has the key. */
  hasKeySinceMs?: number;
}

/** Makes the watch of one run. */
export function createLeaseWatch(): LeaseWatch {
  const byKey = new Map<string, Leased>();
  const byId = new Map<number, Leased>();
  const applied: Application[] = [];
  const seen = new Set<number>();
  const reached = new Set<string>();

  const look = ({ command, result, revision, deleted }: Application, nowMs: number): Problem => {
    if (seen.has(revision)) return undefined;
    seen.add(revision);
    if (command.type === 'put' && command.lease !== undefined && result.type === 'stored') {
      const lease = byKey.get(command.key);
      if (lease === undefined) return undefined;
      lease.hasKeySinceMs = nowMs;
      byId.set(command.lease, lease);
    } else if (command.type === 'keep' && result.type === 'leased') {
      const lease = byId.get(command.lease);
      if (lease?.hasKeySinceMs === undefined) return undefined;
      // Its owner asks for that once it knows that the lease has the key.
      lease.askedAtMs = lease.hasKeySinceMs;
      reached.add(leaseGoals[0]);
    }
    for (const key of deleted) {
      const lease = byKey.get(key);
      if (lease === undefined) continue;
      reached.add(leaseGoals[1]);
      const { ttlMs, askedAtMs } = lease;
      if (nowMs - askedAtMs < ttlMs / (1 + driftBound) - 1) {
        return `leases: that of ${key} lives for ${ttlMs} ms, was asked for at ${askedAtMs}, and ended at ${nowMs}`;
      }
    }
    return undefined;
  };
  return {
    invoked({ operation }, nowMs) {
      const { f, key, value } = v.parse(operationSchema, operation);
      if (f === 'lease') byKey.set(key, { ttlMs: value, askedAtMs: nowMs });
    },
    applied: (application) => void applied.push(application),
    check(nowMs) {
      let problem: Problem;
      for (const application of applied.splice(0)) problem ??= look(application, nowMs);
      return problem;
    },
    reached,
  };
}
