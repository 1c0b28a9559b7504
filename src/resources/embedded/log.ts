/** The log of an embedded store: its records in the node's journal, now and then replaced by a checkpoint. */

import type { Address } from '../../../statecharts/actor.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import { recordVersion, type StoreRecord } from './records.ts';

export interface StoreLog {
  /** Writes a record down. What follows from it may be done once the promise resolves. */
  write(record: StoreRecord, recordBytes: number): Promise<void>;
  /** Whether so much was written since the last checkpoint that another is due, which would take `keptBytes`. */
  isLong(keptBytes: number): boolean;
  /** Replaces everything that was written so far, durable or not. */
  replace(records: readonly StoreRecord[]): void;
}

/** A checkpoint is due when the records since the last one take more than this, and than what is kept twice. */
const minLogBytes = 2 ** 20;

/** Makes the log of the store that has an address. */
export function createLog(journal: Journal, address: Address): StoreLog {
  let logBytes = 0;

  const entry = (record: StoreRecord, replaces?: 'checkpoint'): JournalEntry => ({
    actor: address,
    version: recordVersion,
    record,
    ...(replaces === undefined ? {} : { replaces }),
  });
  /** The journal's failure stops the node: where nothing waits for the promise, there is nothing to add to that. */
  const append = (entries: readonly JournalEntry[]): Promise<void> => {
    const durable = new Promise<void>((resolve, reject) => {
      journal.append(entries, (error) => (error === undefined ? resolve() : reject(error)));
    });
    durable.catch(() => undefined);
    return durable;
  };
  return {
    write(record, recordBytes) {
      logBytes += recordBytes;
      return append([entry(record)]);
    },
    isLong: (keptBytes) => logBytes >= Math.max(minLogBytes, 2 * keptBytes),
    replace(records) {
      logBytes = 0;
      void append(records.map((record, index) => entry(record, index === 0 ? 'checkpoint' : undefined)));
    },
  };
}
