/**
 * What the journal of one node holds of a log, read without the protocol that kept it: for a cluster that has lost its majority for
 * good, where there is no one left to agree with. Which of the last entries were committed, one node does not know.
 */

import { type Address, nodeOf, type Tagged } from '../../../../statecharts/actor.ts';
import type { SnapshotFile } from '../../../../statecharts/transfer.ts';
import { type RecordReader, readRecords } from '../../../host/recovered-records.ts';
import type { Journal } from '../../../journal/journal.ts';
import type { LogRun } from './replicated-log.ts';

/** What one node has of a log. */
export interface SurvivingLog {
  /** The nodes that vote, as this one knows it, sorted. */
  readonly voters: readonly string[];
  /** What stands for the entries up to its index; undefined where they are all there. */
  readonly snapshot: { readonly index: number; readonly file: SnapshotFile } | undefined;
  /** Of which entries this node knows that they are committed: all up to here. Others may be. */
  readonly committedIndex: number;
  /** The entries after the snapshot, without gaps. */
  readonly entries: LogRun;
  /** The last of them. */
  readonly lastIndex: number;
  /** Entries that stand beyond a gap, so that what precedes them is not known. */
  readonly beyondGap: number;
  /** Where the protocol stood: `in term 3`. */
  readonly remark: string;
}

/**
 * What the records of `address` say.
 *
 * @param journal they were not taken from it yet
 * @throws RecordsVersionError, RefusedInputError
 */
export const recoveredFrom = <Written extends Tagged, Recovered>(
  definition: RecordReader<Written> & { recover(records: Iterable<Written>): Recovered },
  address: Address,
  journal: Journal,
): Recovered => definition.recover(readRecords(definition, address, journal.take(address), journal));

/** The nodes of servers, sorted. */
export const nodesOf = (servers: readonly Address[]): readonly string[] => servers.map(nodeOf).sort();
