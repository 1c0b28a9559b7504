/**
 * A branch at work in MariaDB: XA START, the application's statements, XA END, then XA PREPARE, or XA COMMIT ONE PHASE.
 *
 * A prepared branch stays with its connection: no other session can end it while that one lives.
 */

import { messageOf } from '../../environment/message.ts';
import { globalIdOf } from '../branch.ts';
import { DuplicateBranchError, ResourceDeadlineError, ResourceUnreachableError } from '../errors.ts';
import type { AnyRow, Row } from '../sql/connection.ts';
import type { Created } from '../sql/dialect.ts';
import { assertFormat, isRowMode } from '../sql/format.ts';
import { branchSessionOf, createOutline } from '../sql/session.ts';
import type { BranchSession } from '../transactional.ts';
import type { MariaDbFormat, MariaDbResult } from './connection.ts';
import { errorNumberOf, meanings } from './errors.ts';
import type { Parameter } from './literals.ts';
import { assertStatement } from './statements.ts';
import { createWork, type MariaDbSessionParts } from './work.ts';

export interface MariaDbSession extends BranchSession {
  /**
   * Runs one statement.
   *
   * @param format of the rows: objects by default, arrays with `{ rowMode: 'array' }`
   * @throws StatementError with the driver's error as its cause; the branch then votes no, unless the application goes
   *   back to a savepoint, and takes nothing else (BranchFailedError). BranchControlError for COMMIT, XA statements
   *   and the like, StatementTextError for what is no text or no parameter: neither is sent. BranchBrokenError when the statement has
   *   ended the transaction; BranchClosedError once the branch is over; ResourceDeadlineError when the branch's time is
   *   over
   */
  query<R extends AnyRow = Row>(
    text: string,
    values?: readonly Parameter[],
    format?: MariaDbFormat,
  ): Promise<MariaDbResult<R>>;
}

const isBoolean = (value: unknown): boolean => typeof value === 'boolean';

/** XAER_DUPID: it is prepared, and its session is gone. */
const knownName = 1440;

export function createSession(parts: MariaDbSessionParts): Created<MariaDbSession> {
  const { name, branch, timeoutMs } = parts;
  const work = createWork(parts);
  const own = createOutline(parts, work, meanings, true);
  return {
    own,
    session: Object.assign(branchSessionOf(own), {
      async query<R extends AnyRow = Row>(text: string, values?: readonly Parameter[], format?: MariaDbFormat) {
        assertStatement(text, values);
        assertFormat(format, { rowMode: isRowMode, dateStrings: isBoolean });
        return own.statement((limitMs) => work.run<R>(text, values, limitMs, format));
      },
    }),
    async start() {
      try {
        await work.start(timeoutMs);
      } catch (error) {
        if (error instanceof DuplicateBranchError) {
          await own.rollback();
          throw error;
        }
        own.cut(messageOf(error));
        if (error instanceof ResourceDeadlineError) throw error;
        if (errorNumberOf(error) === knownName) {
          throw new DuplicateBranchError(`expected a new branch, got ${globalIdOf(branch)}, which '${name}' knows`, {
            cause: error,
          });
        }
        throw new ResourceUnreachableError(`'${name}' began no branch: ${messageOf(error)}`, { cause: error });
      }
    },
  };
}
