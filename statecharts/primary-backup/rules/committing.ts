/** What every role does with entries that may be acknowledged, and with snapshots of them. */

import { type Deliver, deliverAhead } from '../../actor/effects.ts';
import { bytesToCompact } from '../../replication/commitment.ts';
import type { SnapshotFile } from '../../transfer.ts';
import type { Effect, Received, ReplicaContext, Result } from '../context.ts';
import type { ReplicaOutput, ReplicaRefusal, Snapshot } from '../messages.ts';
import { snapshotWritten } from './records.ts';

/** What is learned of how far the log may be acknowledged changes the context, and asks for effects. */
interface Learned {
  readonly context: ReplicaContext;
  readonly effects: readonly Effect[];
}

/**
 * Delivers what may newly be acknowledged up to `commitIndex`; no failover loses what stands up to `safeIndex`, so it may be
 * compacted. Ahead of undurable records: whatever becomes of those here, others hold it, or it may be lost by contract.
 */
export function learnCommitted(context: ReplicaContext, commitIndex: number, safeIndex: number): Learned {
  const { log } = context;
  const effects: Effect[] = [];
  let next = context;
  if (commitIndex > context.commitIndex) {
    effects.push(deliverAhead({ type: 'committed', entries: log.between(context.commitIndex + 1, commitIndex) }));
    next = { ...next, commitIndex };
  }
  if (safeIndex <= context.safeIndex) return { context: next, effects };
  next = { ...next, safeIndex };
  const { held } = next;
  if (held !== null && held.index <= safeIndex) {
    const compacted = compactTo(next, held);
    return { context: compacted.context, effects: [...effects, ...compacted.effects] };
  }
  const logSizeBytes = bytesToCompact(next, log, safeIndex);
  if (logSizeBytes === undefined) return { context: next, effects };
  effects.push(deliverAhead({ type: 'compactionDue', index: safeIndex, logSizeBytes }));
  return { context: { ...next, compactionAsked: true }, effects };
}

interface Taken {
  readonly index: number;
  readonly file: SnapshotFile;
}

/** The snapshot replaces the log up to it, but for a few entries that slow backups will want. */
function compactTo(context: ReplicaContext, { file, index }: Taken): Learned {
  const { limits, log } = context;
  const snapshot: Snapshot = { index, epoch: log.epochAt(index) ?? log.baseEpoch, file };
  const next = {
    ...context,
    log: log.from(log.lowestWithin(index, limits.retainBytes)),
    snapshot,
    held: null,
    compactionAsked: false,
  };
  return { context: next, effects: [snapshotWritten(next, snapshot, true)] };
}

/**
 * Whether the application's snapshot is one of what was delivered, and newer than the last. One of what was lost since then,
 * by an application that has started over, is none: the entry that it names is not here.
 */
export const isSnapshotNews = (
  { commitIndex, log, snapshot }: ReplicaContext,
  { epoch, index }: Received<'compact'>,
): boolean => index <= commitIndex && index > (snapshot?.index ?? 0) && log.epochAt(index) === epoch;

/** VR §5.1, of what no failover loses; a snapshot of anything else waits until that is so. */
export function compact(context: ReplicaContext, { file, index }: Received<'compact'>): Result {
  return index <= context.safeIndex ? compactTo(context, { file, index }) : { context: { held: { file, index } } };
}

/** Refuses request `id`. Ahead: it did not happen, whatever becomes of the records that wait. */
export function refusal(context: ReplicaContext, id: number, reason: ReplicaRefusal): Deliver<ReplicaOutput> {
  const { configuration, leadership, self } = context;
  const { primary } = configuration;
  const isKnown = leadership !== null || primary !== self;
  return deliverAhead({ type: 'refused', id, reason, ...(isKnown ? { leader: primary } : {}) });
}

/** VR §4.1: only the primary serves; others say who that may be. */
export const refuseNotPrimary = (context: ReplicaContext, { id }: Received<'propose' | 'read'>): Result => ({
  effects: [refusal(context, id, 'not-leader')],
});
