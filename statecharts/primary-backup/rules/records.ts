/** How entries and snapshots are written down. */

import { checkpoint, checkpointAbove, marked, type Persist, persist } from '../../actor/effects.ts';
import type { Remembered } from '../context.ts';
import type { Entry, ReplicaRecord, Snapshot } from '../messages.ts';

/** The record that says anew what the log holds from the first of `entries` on, marked so that a checkpoint may keep it. */
export const entriesWritten = (entries: readonly Entry[]): Persist<ReplicaRecord> =>
  marked(persist({ type: 'entries', entries }), entries.at(-1)?.index ?? 0);

/** The checkpoint of a snapshot. The records of entries after the log's base stay in force, unless all are gone. */
export function snapshotWritten(remembered: Remembered, snapshot: Snapshot, keeps: boolean): Persist<ReplicaRecord> {
  const { log, promised, written } = remembered;
  const { baseEpoch, baseIndex } = log;
  const record: ReplicaRecord = { type: 'snapshot', configuration: written, promised, snapshot, baseIndex, baseEpoch };
  return keeps ? checkpointAbove(record, baseIndex) : checkpoint(record);
}
