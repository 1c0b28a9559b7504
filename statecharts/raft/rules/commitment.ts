/** What every role does with entries known to be committed (Raft §3.5), and with requests that only a leader serves. */

import { type Deliver, deliverAhead } from '../../actor/effects.ts';
import { bytesToCompact } from '../../replication/commitment.ts';
import type { RequestRefusal } from '../../replication/refusals.ts';
import type { Received, Result, ServerContext } from '../context.ts';
import type { RaftOutput } from '../messages.ts';

/** What learning a commit index changes. */
interface Learned {
  readonly commitIndex: number;
  readonly compactionAsked: boolean;
  readonly effects: readonly Deliver<RaftOutput>[];
}

/**
 * Delivers what `commitIndex` has newly committed, and asks for compaction when the log has grown beyond its limit.
 * Ahead of undurable records: a committed entry is in the log of every later leader (§3.6.3), so that it stays
 * committed even if this server loses its own copy in a crash.
 */
export function learnCommitted(context: ServerContext, commitIndex: number): Learned {
  const { log, compactionAsked } = context;
  if (commitIndex <= context.commitIndex) return { commitIndex: context.commitIndex, compactionAsked, effects: [] };
  const entries = log.between(context.commitIndex + 1, commitIndex);
  const effects: Deliver<RaftOutput>[] = [deliverAhead({ type: 'committed', entries })];
  // §5.1.2
  const logSizeBytes = bytesToCompact(context, log, commitIndex);
  if (logSizeBytes === undefined) return { commitIndex, compactionAsked, effects };
  effects.push(deliverAhead({ type: 'compactionDue', index: commitIndex, logSizeBytes }));
  return { commitIndex, compactionAsked: true, effects };
}

/** Refuses request `id`. Ahead: it did not happen, whatever becomes of the records that wait. */
export function refusal({ leader }: ServerContext, id: number, reason: RequestRefusal): Deliver<RaftOutput> {
  return deliverAhead({ type: 'refused', id, reason, ...(leader === null ? {} : { leader }) });
}

/** §6.2: only a leader serves; others say who that may be. */
export const refuseNotLeader = (context: ServerContext, { id }: Received<'propose' | 'read'>): Result => ({
  effects: [refusal(context, id, 'not-leader')],
});
