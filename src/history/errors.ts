/** What can be wrong with a history, or with asking about one. */

import { QuorateError } from '../../statecharts/actor/errors.ts';

/** A line of a history that cannot be read, or that cannot follow the lines before it. */
export class HistoryFormatError extends QuorateError {
  readonly code = 'HISTORY_FORMAT';
  /** The number of the line, from 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

/** The name of no model. */
export class UnknownModelError extends QuorateError {
  readonly code = 'UNKNOWN_MODEL';
}

/** A sequential model that contradicts itself. */
export class HistoryModelError extends QuorateError {
  readonly code = 'HISTORY_MODEL';
}

/** A limit or an option of the history checker that makes no sense. */
export class HistoryOptionError extends QuorateError {
  readonly code = 'HISTORY_OPTION';
}

/** A recorder was asked to record what no history may hold, or more than it was made for. */
export class HistoryRecordError extends QuorateError {
  readonly code = 'HISTORY_RECORD';
}
