/**
 * What a branch may leave behind in its session, and how it is cleared: settings, roles, cursors, locks, temporary tables,
 * positions of sequences, channels. It is cleared whatever the statements were, because functions can do all of it. The
 * statements travel behind the one that ends the transaction, so that they take no round trip.
 */

import type { AnyRow } from '../sql/connection.ts';
import type { PostgresConnection } from './connection.ts';
import type { Answer } from './group.ts';
import { raiseSynchronousCommit } from './memory.ts';
import { type Fixed, fixed, type Statement } from './messages.ts';

/**
 * Gives back the role that the connection was made with: only that one, or a superuser, can end what it prepares, and it
 * may write the branch's key.
 */
export const ownRole = fixed('reset session authorization', 'reset role');

const clear = fixed('reset all', 'close all', 'unlisten *', 'discard sequences', 'discard temp');

/** The rest, and what is still there. Statements that applications have prepared have no cheap end but the connection's. */
const look = `select count(*) filter (where from_sql), count(*) filter (where not from_sql), pg_catalog.pg_advisory_unlock_all(),
  pg_catalog.set_config('application_name', $1, false), ${raiseSynchronousCommit}
  from pg_catalog.pg_prepared_statement()`;

/** The statements that clear a session outside of a transaction. `judgeReset` judges the last one's answer. */
export const resetOf = ({
  label,
  keepsStatements,
}: Pick<PostgresConnection, 'label' | 'keepsStatements'>): readonly (Statement | Fixed)[] => [
  clear,
  { text: look, values: [label], name: keepsStatements ? 'session_reset' : undefined, isPlain: true },
];

/** Whether the session is as it was before the branch, but for statements that we keep by name. */
export function isClean(connection: PostgresConnection, answer: Answer<AnyRow> | undefined): boolean {
  if (answer === undefined || 'error' in answer || connection.status() !== 'I') return false;
  const [foreign, kept] = answer.texts;
  return foreign === '0' && kept === String(connection.keptCount);
}
