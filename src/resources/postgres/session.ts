/**
 * A branch at work in PostgreSQL: the application's statements, then PREPARE TRANSACTION, or COMMIT where one phase is
 * enough.
 *
 * BEGIN travels with the first statement. The branch's key (memory.ts), PREPARE, the reset of the session and, with
 * `queryAndPrepare`, the last statement travel together. All of it is of the extended protocol, so that the server takes
 * a text of the application for one statement, or refuses it.
 */

import type { Row } from '../sql/connection.ts';
import type { Created } from '../sql/dialect.ts';
import { branchSessionOf, createOutline } from '../sql/session.ts';
import type { BranchSession, Vote } from '../transactional.ts';
import { meanings } from './errors.ts';
import { assertStatement } from './statements.ts';
import { createWork, type PostgresResult, type PostgresSessionParts } from './work.ts';

export type { PostgresResult } from './work.ts';

export interface PostgresSession extends BranchSession {
  /**
   * Runs one statement.
   *
   * @throws StatementError with the driver's error as its cause; the branch then votes no, unless the application goes
   *   back to a savepoint. BranchControlError for COMMIT and the like, StatementTextError for what is no text: neither is
   *   sent. BranchBrokenError when the statement has ended the transaction; BranchClosedError once the branch is over;
   *   ResourceDeadlineError when the branch's time is over
   */
  query<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<PostgresResult<R>>;
  /**
   * Runs the last statement and prepares, in one round trip. `result` is missing when the statement failed. Throws
   * BranchControlError, StatementTextError and BranchClosedError as `query` does.
   */
  queryAndPrepare<R extends Row = Row>(
    text: string,
    values: readonly unknown[],
    options: { readonly timeoutMs: number },
  ): Promise<{ readonly vote: Vote; readonly result?: PostgresResult<R> }>;
}

export function createSession(parts: PostgresSessionParts): Created<PostgresSession> {
  const work = createWork(parts);
  const own = createOutline(parts, work, meanings, false);
  return {
    own,
    session: Object.assign(branchSessionOf(own), {
      async query<R extends Row = Row>(text: string, values?: readonly unknown[]) {
        assertStatement(text, values);
        return own.statement((timeoutMs) => work.run<R>({ text, values }, timeoutMs));
      },
      async queryAndPrepare<R extends Row = Row>(
        text: string,
        values: readonly unknown[],
        { timeoutMs: limitMs }: { readonly timeoutMs: number },
      ) {
        assertStatement(text, values);
        return own.lastStatement(limitMs, (timeoutMs) => work.runAndPrepare<R>({ text, values }, timeoutMs));
      },
    }),
  };
}
