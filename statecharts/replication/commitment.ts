/** When a log that grows should be compacted. */

import type { SnapshotFile } from '../transfer.ts';
import type { Limits } from './limits.ts';
import type { Sequence, Sized } from './sequence.ts';

/** A log may grow to this part of the snapshot before it: so many bytes of snapshots are written for one of entries. */
const snapshotShare = 4;

/** What of a server decides whether its log is too long. */
export interface Growing {
  readonly limits: Pick<Limits, 'compactBeyondBytes'>;
  readonly snapshot: { readonly index: number; readonly file: SnapshotFile } | null;
  /** Compaction was asked for, and has not come yet. */
  readonly compactionAsked: boolean;
}

/** The bytes of the log up to `commitIndex` if the application should compact it; undefined if not, or if it was asked. */
export function bytesToCompact(
  { compactionAsked, limits, snapshot }: Growing,
  log: Pick<Sequence<Sized>, 'sizeBetween'>,
  commitIndex: number,
): number | undefined {
  if (compactionAsked) return undefined;
  const sizeBytes = log.sizeBetween(snapshot?.index ?? 0, commitIndex);
  // A log that outgrew a large snapshot by a little only would have the same state written down too often.
  const limitBytes = Math.max(limits.compactBeyondBytes, (snapshot?.file.sizeBytes ?? 0) / snapshotShare);
  return sizeBytes > limitBytes ? sizeBytes : undefined;
}
