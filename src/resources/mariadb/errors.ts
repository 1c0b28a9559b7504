/** What the errors of MariaDB, of its driver and of sockets mean. */

import { messageOf } from '../../environment/message.ts';
import { ResourceDeadlineError, ResourceLoginError, ResourceUnreachableError } from '../errors.ts';
import type { ErrorMeanings } from '../sql/connection.ts';
import { memoryTable } from './memory.ts';

const loginErrors = new Set([1044, 1045, 1049, 1698]);

/** The error of an attempt to connect, by its meaning. */
export function connectError(name: string, cause: unknown): Error {
  if (cause instanceof ResourceDeadlineError) return cause;
  if (loginErrors.has(errorNumberOf(cause) ?? 0)) {
    return new ResourceLoginError(
      `'${name}' refused the login: ${messageOf(cause)}; check user, password and database of its URL`,
      { cause },
    );
  }
  return new ResourceUnreachableError(`no connection to '${name}': ${messageOf(cause)}`, { cause });
}

/** The server's number of an error, such as 1397; undefined for errors of the socket. */
export const errorNumberOf = (error: unknown): number | undefined => {
  const state = field(error, 'sqlState');
  return typeof state === 'string' && state !== '' ? numberField(error, 'errno') : undefined;
};

export function numberField(value: unknown, name: string): number | undefined {
  const found = field(value, name);
  return typeof found === 'number' ? found : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Shutdown, killed session, interrupted statement, and errors of the network between server and client. */
const uncertain = new Set([1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927, 2006, 2013, 4031]);

/** The server, or the user at this server, may not write. */
const readOnly = new Set([1290, 1836]);

/** A row that changed since it was read, waits for locks, and deadlocks. */
const transient = new Set([1020, 1205, 1213]);

/** Whether the error says for certain that the statement did not happen. */
export function isDefinite(error: unknown): boolean {
  const number = errorNumberOf(error);
  if (number === undefined || uncertain.has(number) || field(error, 'fatal') === true) return false;
  const state = field(error, 'sqlState');
  return !(typeof state === 'string' && state.startsWith('08'));
}

/** The reason of a no, with what to do where that is known. */
function refusalOf(name: string, error: unknown): string {
  const message = messageOf(error);
  switch (errorNumberOf(error)) {
    case 1062:
      return message.includes(memoryTable) || /key '(PRIMARY|idempotency_key)'/.test(message)
        ? 'its key is written already: the branch was declared aborted, or its id or idempotency key was used before'
        : message;
    case 1146:
      return `${message}; if this is about ${memoryTable}, create it in '${name}' with setup() or with the doctor`;
    default:
      return message;
  }
}

const accessDenied = new Set([1044, 1142, 1227]);

/** What the common parts of SQL resources want to know of errors. */
export const meanings: ErrorMeanings = {
  isDefinite,
  codeOf(error) {
    const number = errorNumberOf(error);
    return number === undefined ? undefined : String(number);
  },
  isTransient: (error) => transient.has(errorNumberOf(error) ?? 0),
  isTaken: (error) => errorNumberOf(error) === 1062,
  isForbidden: (error) => accessDenied.has(errorNumberOf(error) ?? 0),
  takesNoWrites: (error) => readOnly.has(errorNumberOf(error) ?? 0),
  refusalOf,
};
