/**
 * A branch at work in PostgreSQL: the application's statements, then PREPARE TRANSACTION, or COMMIT where one phase is
 * enough.
 *
 * BEGIN travels with the first statement. The branch's key (memory.ts), PREPARE, the reset of the session and, with
 * `queryAndPrepare`, the last statement travel together. All of it is of the extended protocol, so that the server takes
 * a text of the application for one statement, or refuses it.
 */

import type { AnyRow, Row } from '../sql/connection.ts';
import { Cursor } from '../sql/cursor.ts';
import type { Created } from '../sql/dialect.ts';
import { assertFormat, isRowMode } from '../sql/format.ts';
import { branchSessionOf, createOutline } from '../sql/session.ts';
import type { BranchSession, Vote } from '../transactional.ts';
import { meanings } from './errors.ts';
import type { PostgresFormat, Statement } from './messages.ts';
import { assertStatement } from './statements.ts';
import { createWork, type PostgresResult, type PostgresSessionParts } from './work.ts';

export type { PostgresFormat } from './messages.ts';
export type { PostgresResult } from './work.ts';

/** How a cursor's rows are made, and how many are fetched at a time. */
export interface PostgresCursorOptions extends PostgresFormat {
  /** From 1 to 100,000. Default 100. */
  readonly rowsPerFetch?: number | undefined;
}

export interface PostgresSession extends BranchSession {
  /**
   * Runs one statement.
   *
   * @param format of the rows: objects by default, arrays with `{ rowMode: 'array' }`
   * @throws StatementError with the driver's error as its cause; the branch then votes no, unless the application goes
   *   back to a savepoint. BranchControlError for COMMIT and the like, StatementTextError for what is no text: neither is
   *   sent. BranchBrokenError when the statement has ended the transaction; BranchClosedError once the branch is over;
   *   ResourceDeadlineError when the branch's time is over
   */
  query<R extends AnyRow = Row>(
    text: string,
    values?: readonly unknown[],
    format?: PostgresFormat,
  ): Promise<PostgresResult<R>>;
  /**
   * Declares a cursor for a query: rows are fetched as they are read. Going back to a savepoint that is older ends it.
   *
   * @param options the format of the rows, and how many are fetched at a time by `for await`: 100 by default
   * @throws as `query` does, and StatementTextError for an option that there is not
   * @example
   * for await (const { id } of await orders.openCursor('select id from orders where day < $1', [day])) await check(id);
   */
  openCursor<R extends AnyRow = Row>(
    text: string,
    values?: readonly unknown[],
    options?: PostgresCursorOptions,
  ): Promise<Cursor<R>>;
  /**
   * Runs the last statement and prepares, in one round trip. `result` is missing when the statement failed. Throws
   * BranchControlError, StatementTextError and BranchClosedError as `query` does.
   */
  queryAndPrepare<R extends AnyRow = Row>(
    text: string,
    values: readonly unknown[],
    options: { readonly timeoutMs: number; readonly format?: PostgresFormat | undefined },
  ): Promise<{ readonly vote: Vote; readonly result?: PostgresResult<R> }>;
}

const isTypes = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'getTypeParser' in value && typeof value.getTypeParser === 'function';

const formats = { rowMode: isRowMode, types: isTypes };
/** The cursor itself looks at the number. */
const cursorOptions = { ...formats, rowsPerFetch: () => true };

/** @throws StatementTextError, BranchControlError */
function assertAsked(text: unknown, values: unknown, format: unknown): void {
  assertStatement(text, values);
  assertFormat(format, formats);
}

export function createSession(parts: PostgresSessionParts): Created<PostgresSession> {
  const work = createWork(parts);
  const own = createOutline(parts, work, meanings, false);
  let cursors = 0;
  return {
    own,
    session: Object.assign(branchSessionOf(own), {
      async openCursor<R extends AnyRow = Row>(
        text: string,
        values?: readonly unknown[],
        options: PostgresCursorOptions = {},
      ) {
        assertStatement(text, values);
        assertFormat(options, cursorOptions);
        const { rowsPerFetch = 100, ...format } = options;
        cursors += 1;
        const name = `quorate_cursor_${cursors}`;
        const ask = (statement: Statement) => own.statement((timeoutMs) => work.run<R>(statement, timeoutMs));
        const cursor = new Cursor<R>(
          {
            fetch: async (count) => (await ask({ text: `fetch forward ${count} from ${name}`, format })).rows,
            close: () => ask({ text: `close ${name}` }),
          },
          rowsPerFetch,
        );
        await ask({ text: `declare ${name} no scroll cursor for ${text}`, values });
        return cursor;
      },
      async query<R extends AnyRow = Row>(text: string, values?: readonly unknown[], format?: PostgresFormat) {
        assertAsked(text, values, format);
        return own.statement((timeoutMs) => work.run<R>({ text, values, format }, timeoutMs));
      },
      async queryAndPrepare<R extends AnyRow = Row>(
        text: string,
        values: readonly unknown[],
        { timeoutMs: limitMs, format }: { readonly timeoutMs: number; readonly format?: PostgresFormat | undefined },
      ) {
        assertAsked(text, values, format);
        return own.lastStatement(limitMs, (timeoutMs) => work.runAndPrepare<R>({ text, values, format }, timeoutMs));
      },
    }),
  };
}
