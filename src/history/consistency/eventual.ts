/**
 * Eventual consistency, after quiescence: if no object is written any more, all reads of it return one value in the end, and one
 * that was written (Terry et al., "Managing update conflicts in Bayou", 1995; Vogels, "Eventually consistent", 2009; Burckhardt,
 * "Principles of eventual consistency", 2014, whose quiescent consistency this is).
 *
 * "In the end" cannot be refuted by a history, which ends before. What is judged is whether the end has come: for each object, the last
 * read of each process that was invoked after every write had ended. So let the system rest before the last reads. A write of
 * unknown outcome may still take effect, so its value may be read instead of the common one.
 */

import type { SequentialModel } from '../model.ts';
import type { Operation, ProcessId } from '../operation.ts';
import { type Access, accessesOf, byObject, initialValue } from './access.ts';
import type { Finding, Judge } from './finding.ts';

/** Judges histories of reads, writes and exchanges. */
export const judgeEventual: Judge = (operations, model) => {
  const objects = byObject(accessesOf(operations, 'eventual'));
  let isQuiet = false;
  for (const accesses of objects.values()) {
    const last = lastReads(accesses);
    if (last.size > 0) isQuiet = true;
    const odd = disagreement(accesses, last, model);
    if (odd !== undefined) return { verdict: 'violation', process: odd.operation.process };
  }
  const undecided: Finding = { verdict: 'undecided', reason: 'never-quiet' };
  return isQuiet ? { verdict: 'satisfied' } : undecided;
};

/** The operations by which a violation can be seen: what was read last of the object, and what was written to it. */
export function evidenceOfEventual(operations: readonly Operation[], model: SequentialModel<unknown>): Operation[] {
  for (const accesses of byObject(accessesOf(operations, 'eventual')).values()) {
    const last = lastReads(accesses);
    const odd = disagreement(accesses, last, model);
    if (odd === undefined) continue;
    const other = [...last.values()].find(({ reads }) => reads !== odd.reads);
    const shown = [odd, ...(other === undefined ? [] : [other])];
    const values = shown.map(({ reads }) => reads);
    const writes = accesses.filter(({ writes }) => writes !== undefined);
    const sources = writes.filter((write) => values.includes(write.writes));
    const latest = writes.filter(({ isUnknown }) => !isUnknown).at(-1);
    const kept = new Set([...shown, ...sources, ...(latest === undefined ? [] : [latest])]);
    return accesses.filter((access) => kept.has(access)).map(({ operation }) => operation);
  }
  return [];
}

/** The last read of each process after the last answer to a write. */
function lastReads(accesses: readonly Access[]): Map<ProcessId, Access> {
  let quietFrom = 0;
  for (const { writes, isUnknown, operation } of accesses) {
    if (writes !== undefined && !isUnknown) quietFrom = Math.max(quietFrom, operation.completedAt?.line ?? 0);
  }
  const last = new Map<ProcessId, Access>();
  for (const access of accesses) {
    const { operation, writes, reads } = access;
    if (reads !== undefined && writes === undefined && operation.invokedAt.line > quietFrom) {
      last.set(operation.process, access);
    }
  }
  return last;
}

/** A read that does not fit: of what was never written, or of another value than an earlier one. */
function disagreement(
  accesses: readonly Access[],
  last: ReadonlyMap<ProcessId, Access>,
  model: SequentialModel<unknown>,
): Access | undefined {
  const known = new Set<string>();
  const perhaps = new Set<string>();
  for (const { writes, isUnknown } of accesses) if (writes !== undefined) (isUnknown ? perhaps : known).add(writes);
  // Once a write has taken effect, the initial value is not where the replicas may end.
  if (known.size === 0) known.add(initialValue(model));
  let common: string | undefined;
  for (const access of last.values()) {
    const { reads } = access;
    if (reads === undefined || perhaps.has(reads)) continue;
    if (!known.has(reads) || (common !== undefined && common !== reads)) return access;
    common = reads;
  }
  return undefined;
}
