/** The records that replace all earlier ones of an embedded store. */

import {
  type Finished,
  type PreparedRecord,
  type StoreRecord,
  type StoreValue,
  sizeOf,
  type Write,
} from './records.ts';

export interface Kept {
  /** As it is once everything that is durable took effect. */
  readonly data: ReadonlyMap<string, StoreValue>;
  readonly finished: Iterable<Finished>;
  /** Branches whose end is not durable yet, with the end that was written down, if any. */
  readonly open: readonly { readonly record: PreparedRecord; readonly outcome: Finished['outcome'] | undefined }[];
  /** Direct commits that are not durable yet. */
  readonly committing: readonly StoreRecord[];
}

/** Keeps single records small; what the journal allows per append limits all of them together. */
const chunkBytes = 256 * 1_024;

/**
 * Everything that was written down so far, also what is not durable yet: its records precede these in the journal, and
 * are replaced by them.
 */
export function checkpointRecords(kept: Kept): readonly StoreRecord[] {
  const records: StoreRecord[] = [];
  let writes: Write[] = [];
  let finished: Finished[] = [];
  let bytes = 0;
  const cut = (): void => {
    records.push({ type: 'kept', writes, finished });
    writes = [];
    finished = [];
    bytes = 0;
  };
  for (const [key, value] of kept.data) {
    writes.push({ key, value });
    bytes += sizeOf(key) + sizeOf(value);
    if (bytes > chunkBytes) cut();
  }
  for (const { branch, outcome, idempotencyKey } of kept.finished) {
    finished.push(idempotencyKey === undefined ? { branch, outcome } : { branch, outcome, idempotencyKey });
    bytes += sizeOf(branch) + sizeOf(idempotencyKey);
    if (bytes > chunkBytes) cut();
  }
  cut();
  for (const { record, outcome } of kept.open) {
    records.push(record);
    if (outcome !== undefined) records.push({ type: outcome, branch: record.branch });
  }
  records.push(...kept.committing);
  return records;
}
