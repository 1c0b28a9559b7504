/** The records that a journal holds of an actor, as its definition reads them. */

import { type Address, nodeOf, type Tagged } from '../../statecharts/actor.ts';
import { type SnapshotFile, snapshotOwner } from '../../statecharts/transfer.ts';
import type { Journal, RecoveredRecord } from '../journal/journal.ts';
import { RecordsVersionError } from './errors.ts';

/** What is asked of a definition. */
export interface RecordReader<Written extends Tagged> {
  readonly recordsVersion: number;
  readsRecords(version: number): boolean;
  parseRecord(value: Tagged, version?: number, keep?: (name: string, bytes: Uint8Array) => SnapshotFile): Written;
}

/**
 * The records of the actor at `address`.
 *
 * @param found what the journal gave for it
 * @throws RecordsVersionError, RefusedInputError
 */
export function readRecords<Written extends Tagged>(
  reader: RecordReader<Written>,
  address: Address,
  found: readonly RecoveredRecord[],
  { snapshots }: Pick<Journal, 'snapshots'>,
): readonly Written[] {
  return found.map(({ version, record }) => {
    if (!reader.readsRecords(version)) {
      throw new RecordsVersionError(
        `'${address}' wrote records of version ${version}, and this program reads version ${reader.recordsVersion}; run the program that wrote them`,
      );
    }
    return reader.parseRecord(record, version, (snapshot, bytes) =>
      snapshots.putSync(`${snapshotOwner(address)}/${snapshot}-${nodeOf(address)}`, bytes),
    );
  });
}
