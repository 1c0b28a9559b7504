/** Bounds of what a server of a replicated log keeps, sends and has in flight, whatever its protocol. */

export interface Limits {
  /** Bytes of entries that wait to be committed, beyond which proposals are refused. Default 16 MiB. */
  readonly maxUncommittedBytes: number;
  /** Bytes of entries in one message; a single larger entry still goes. Default 512 KiB. */
  readonly maxAppendBytes: number;
  /** Entries sent to one follower and not acknowledged. Default 8,192. */
  readonly windowEntries: number;
  /** Bytes of entries sent to one follower and not acknowledged. Default 4 MiB. */
  readonly windowBytes: number;
  /**
   * Bytes of committed entries since the last snapshot, beyond which `compactionDue` is delivered. Default 16 MiB. Where
   * that snapshot is more than four times as large, the log may grow to a quarter of it (Ongaro 2014, §5.1.2), so that no
   * more than four bytes of snapshots are written for one of entries.
   */
  readonly compactBeyondBytes: number;
  /** Bytes of entries that compaction leaves in the log for followers that are a little behind. Default 4 MiB. */
  readonly retainBytes: number;
}

const kibibyte = 1_024;
const mebibyte = 1_024 * kibibyte;

export const defaultLimits: Limits = {
  maxUncommittedBytes: 16 * mebibyte,
  maxAppendBytes: 512 * kibibyte,
  windowEntries: 8_192,
  windowBytes: 4 * mebibyte,
  compactBeyondBytes: 16 * mebibyte,
  retainBytes: 4 * mebibyte,
};
