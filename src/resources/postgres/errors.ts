/** What the errors of PostgreSQL, of its driver and of sockets mean. */

import { messageOf } from '../../environment/message.ts';
import { ResourceDeadlineError, ResourceLoginError, ResourceUnreachableError } from '../errors.ts';
import type { ErrorMeanings } from '../sql/connection.ts';
import { memoryRelation } from './memory.ts';

/** The SQLSTATE of an error of the server; for an error of the socket its code, such as `ECONNRESET`. */
export function sqlStateOf(error: unknown): string | undefined {
  return field(error, 'code');
}

/** The relation that an error of the server is about, as `schema.table`. */
function relationOf(error: unknown): string {
  return `${field(error, 'schema') ?? ''}.${field(error, 'table') ?? ''}`;
}

function field(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}

/** Shutdown and start (57P0x), connection exceptions, I/O errors and internal errors; completion unknown. */
const uncertain = /^(?:57P0.|08...|58...|XX...|40003)$/;

/** Conflicts of serialization, deadlocks, and locks that were not to be had in time. */
const transient = new Set(['40001', '40P01', '55P03']);

/**
 * Whether the error says for certain that the statement failed and its transaction with it. What ended the session,
 * and everything that did not come from the server as an error, does not: what was under way may have happened.
 */
export function isDefinite(error: unknown): boolean {
  const code = sqlStateOf(error);
  // Errors of sockets have codes, too, and `EPIPE` looks like a SQLSTATE; only the server's have a severity.
  const severity = field(error, 'severity');
  if (code === undefined || severity === undefined || uncertain.test(code)) return false;
  // Translated servers say something else; their sessions are found ended by the connection.
  return severity !== 'FATAL' && severity !== 'PANIC';
}

/** Whether the server takes no writes: a standby, perhaps one that was the primary when it was connected to. */
export const isReadOnly = (error: unknown): boolean => sqlStateOf(error) === '25006';

/** What the common parts of SQL resources want to know of errors. */
export const meanings: ErrorMeanings = {
  isDefinite,
  codeOf: sqlStateOf,
  isTransient: (error) => transient.has(sqlStateOf(error) ?? ''),
  isTaken: (error) => sqlStateOf(error) === '23505',
  isForbidden: (error) => sqlStateOf(error) === '42501',
  takesNoWrites: isReadOnly,
  refusalOf,
};

/** The error of an attempt to connect, by its meaning. */
export function connectError(name: string, cause: unknown): Error {
  if (cause instanceof ResourceDeadlineError || cause instanceof ResourceUnreachableError) return cause;
  const code = sqlStateOf(cause);
  if (code?.startsWith('28') || code === '3D000') {
    return new ResourceLoginError(
      `'${name}' refused the login: ${messageOf(cause)}; check user, password and database of its URL`,
      { cause },
    );
  }
  return new ResourceUnreachableError(`no connection to '${name}': ${messageOf(cause) || String(code)}`, { cause });
}

/** Why a branch votes no, with what to do where that is known. `name`: of the resource. */
export function refusalOf(name: string, error: unknown): string {
  const message = messageOf(error);
  const code = sqlStateOf(error);
  if (code === '23505' && relationOf(error) === memoryRelation) {
    return 'its key is written already: the branch was declared aborted, or its id or idempotency key was used before';
  }
  if (code === '55000') {
    return `${message}; '${name}' takes no prepared transactions: set max_prepared_transactions to at least the number of concurrent transactions, and restart the server`;
  }
  if (code === '53200') return `${message}; raise max_prepared_transactions of '${name}', and restart the server`;
  if (code === '3F000' || code === '42P01') {
    return `${message}; if this is about ${memoryRelation}, create it with setup() or with the doctor`;
  }
  return message;
}
