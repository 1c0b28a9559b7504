/** What every role does with slots that are known to be chosen, and with requests that only a leader serves. */

import { type Deliver, deliverAhead, persist } from '../../../actor/effects.ts';
import { bytesToCompact } from '../../../replication/commitment.ts';
import type { RequestRefusal } from '../../../replication/refusals.ts';
import { begunBy, type Configuration } from '../configuration.ts';
import type { Effect, Received, Result, ServerContext } from '../context.ts';
import { PaxosInvariantError } from '../errors.ts';
import type { Entry } from '../messages.ts';

/** What learning a commit index changes. */
export interface Learned {
  readonly commitIndex: number;
  readonly chosenIndex: number;
  readonly compactionAsked: boolean;
  readonly configuration: Configuration;
  readonly effects: readonly Effect[];
}

/**
 * Delivers the slots up to `commitIndex` that are newly known to be chosen as they are held here, and asks for compaction
 * when the log has grown beyond its limit. Ahead of undurable records: what is chosen stays chosen, even if this server
 * loses its own acceptance in a crash. The last configuration is written down, because who was replaced would not be
 * there to tell of it again.
 */
export function learnChosen(context: ServerContext, commitIndex: number): Learned {
  const { chosenIndex, compactionAsked, configuration, slots } = context;
  if (commitIndex <= context.commitIndex) {
    return { commitIndex: context.commitIndex, chosenIndex, compactionAsked, configuration, effects: [] };
  }
  const first = context.commitIndex + 1;
  const ballot = slots.ballotAt(first);
  if (ballot === null)
    throw new PaxosInvariantError(`expected slot ${first} to be accepted, as it is chosen; got a hole`);
  const entries = slots.proposals(ballot, first, commitIndex);
  const effects: Effect[] = [deliverAhead({ type: 'committed', ballot, entries })];
  const logSizeBytes = bytesToCompact(context, slots, commitIndex);
  if (logSizeBytes !== undefined)
    effects.push(deliverAhead({ type: 'compactionDue', index: commitIndex, logSizeBytes }));
  const asked = compactionAsked || logSizeBytes !== undefined;
  const stop = lastStop(entries);
  if (stop === undefined) return { commitIndex, chosenIndex, compactionAsked: asked, configuration, effects };
  if (commitIndex > chosenIndex) effects.push(persist({ type: 'chosen', upTo: commitIndex }));
  return {
    commitIndex,
    chosenIndex: Math.max(chosenIndex, commitIndex),
    compactionAsked: asked,
    configuration: begunBy(stop),
    effects,
  };
}

function lastStop(entries: readonly Entry[]): Extract<Entry, { kind: 'stop' }> | undefined {
  for (let place = entries.length - 1; place >= 0; place -= 1) {
    const entry = entries[place];
    if (entry?.kind === 'stop') return entry;
  }
  return undefined;
}

/** What of `learned` goes into the context. */
export const known = ({ effects: _, ...patch }: Learned): Omit<Learned, 'effects'> => patch;

/** Refuses request `id`. Ahead: it did not happen, whatever becomes of the records that wait. */
export function refusal(
  { leader }: ServerContext,
  id: number,
  reason: RequestRefusal,
): Deliver<{ type: 'refused'; id: number; reason: RequestRefusal }> {
  return deliverAhead({ type: 'refused', id, reason, ...(leader === null ? {} : { leader }) });
}

/** Only a leader serves; others say who that may be. */
export const refuseNotLeader = (context: ServerContext, { id }: Received<'propose' | 'read'>): Result => ({
  effects: [refusal(context, id, 'not-leader')],
});
