/** What can be wrong with a journal. Each error says what was expected, what came, and what to do. */

import { QuorateError } from '../../statecharts/actor.ts';

/**
 * Records that were durable cannot be read any more. The node must not start: it would contradict what it told its
 * peers.
 */
export class JournalDamagedError extends QuorateError {
  readonly code = 'JOURNAL_DAMAGED';
  readonly file: string;
  readonly offsetBytes: number;

  constructor(file: string, offsetBytes: number, problem: string) {
    super(
      `the journal is damaged at byte ${offsetBytes} of '${file}': ${problem}. Records that this node acknowledged may ` +
        'be lost, so it must not run on this journal. Its peers have the data: restore the directory from a copy that ' +
        'is no older than the last run, or replace this node by one with a new id and an empty directory',
    );
    this.file = file;
    this.offsetBytes = offsetBytes;
  }
}

/** The directory holds the journal of another node. */
export class JournalOwnerError extends QuorateError {
  readonly code = 'JOURNAL_OWNER';
}

/** The journal was written by a later version of this software. */
export class JournalFormatError extends QuorateError {
  readonly code = 'JOURNAL_FORMAT';
}

/** The directory cannot be one of a journal: it is a file, not accessible, or full of other things. */
export class JournalDirectoryError extends QuorateError {
  readonly code = 'JOURNAL_DIRECTORY';
}

/** Another process has the journal open. */
export class JournalLockedError extends QuorateError {
  readonly code = 'JOURNAL_LOCKED';
}

/** The disk has no room left. Final: this node stops before it acknowledges anything more. */
export class JournalFullError extends QuorateError {
  readonly code = 'JOURNAL_FULL';
}

/** The disk refused or shortened a write or a read. Final, and never retried. */
export class JournalFailedError extends QuorateError {
  readonly code = 'JOURNAL_FAILED';
}

/** More was appended than the limits of the journal allow. Final. */
export class JournalLimitError extends QuorateError {
  readonly code = 'JOURNAL_LIMIT';
}

/** Something was appended after `close`. */
export class JournalClosedError extends QuorateError {
  readonly code = 'JOURNAL_CLOSED';

  constructor() {
    super('expected an open journal, but it was closed; append before closing, or open it again');
  }
}

/** An option that no journal can work with. */
export class JournalOptionsError extends QuorateError {
  readonly code = 'JOURNAL_OPTIONS';
}
