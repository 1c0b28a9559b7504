/** A connection on loan for control: its statements share one deadline, and none is left running when it is over. */

import type { QueryResult } from 'pg';
import type { Clock } from '../../environment/clock.ts';
import { type Budget, budget, within } from '../deadline.ts';
import type { Pool } from '../pool.ts';
import type { PostgresConnection, Row } from './connection.ts';
import { isDefinite, isReadOnly } from './errors.ts';

export interface Control {
  readonly budget: Budget;
  /** Sends a statement and waits for its answer. Throws the driver's error, or ResourceDeadlineError. */
  send(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>;
}

/**
 * Lends a connection to `work`. A connection on which anything stayed uncertain is cut off, and so is one to a standby:
 * the primary may be somewhere else by now.
 *
 * @throws what `acquire` and `work` throw
 */
export async function withControl<T>(
  pool: Pool<PostgresConnection>,
  clock: Clock,
  timeoutMs: number,
  work: (control: Control) => Promise<T>,
): Promise<T> {
  const limit = budget(clock, timeoutMs);
  const loan = await pool.acquire('control', timeoutMs);
  const { connection } = loan;
  let isUncertain = false;
  try {
    return await work({
      budget: limit,
      async send(text, values) {
        try {
          return await within(clock, connection.send(text, values), limit.remainingMs(), 'an answer of the server');
        } catch (error) {
          isUncertain ||= !isDefinite(error) || isReadOnly(error);
          throw error;
        }
      },
    });
  } finally {
    if (isUncertain || !connection.isUsable()) {
      loan.release('discard');
    } else if (connection.status() === 'I') {
      loan.release();
    } else {
      within(clock, connection.send('rollback'), timeoutMs, 'a rollback').then(
        () => loan.release(),
        () => loan.release('discard'),
      );
    }
  }
}
