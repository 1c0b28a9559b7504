/** Lends connections for control: for ending branches, listing and asking. */

import type { Clock } from '../../environment/clock.ts';
import { budget, within } from '../deadline.ts';
import type { Pool } from '../pool.ts';
import type { Control, ErrorMeanings, SqlConnection } from './connection.ts';

/**
 * Lends a connection to `work`. A connection on which anything stayed uncertain is cut off.
 *
 * @throws what `acquire` and `work` throw
 */
export async function withControl<C extends SqlConnection, T>(
  { pool, clock, meanings }: { readonly pool: Pool<C>; readonly clock: Clock; readonly meanings: ErrorMeanings },
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
          return await within(clock, connection.ask(text, values), limit.remainingMs(), 'an answer of the server');
        } catch (error) {
          isUncertain ||= !meanings.isDefinite(error) || meanings.takesNoWrites(error);
          throw error;
        }
      },
    });
  } finally {
    const tidying = isUncertain || !connection.isUsable() ? undefined : connection.tidy();
    if (tidying === undefined) {
      loan.release(isUncertain ? 'discard' : undefined);
    } else {
      within(clock, tidying, timeoutMs, 'a rollback').then(
        () => loan.release(),
        () => loan.release('discard'),
      );
    }
  }
}
