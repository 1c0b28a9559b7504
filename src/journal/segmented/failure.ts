/** What an error of the disk means for the journal on it. */

import { DiskError } from '../disk.ts';
import { JournalFailedError, JournalFullError } from '../errors.ts';

/** The journal's error for one of the disk. */
export const journalError = (node: string, error: DiskError): JournalFullError | JournalFailedError =>
  error.reason === 'full'
    ? new JournalFullError(
        `the disk has no room for the journal of node '${node}': ${error.message}. Nothing more is acknowledged; make ` +
          'room and start the node again',
        { cause: error },
      )
    : new JournalFailedError(
        `the disk failed the journal of node '${node}': ${error.message}. It is not tried again, because nobody knows ` +
          'then what is durable; check the disk and start the node again',
        { cause: error },
      );

/** Runs `body`; an error of the disk becomes one of the journal. */
export function namingDiskErrors<T>(node: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof DiskError ? journalError(node, error) : error;
  }
}
