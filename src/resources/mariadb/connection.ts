/** One connection to MariaDB, and what its errors mean. The only module that loads `mysql2`. */

import type { Connection, ConnectionOptions } from 'mysql2/promise';
import type { Clock } from '../../environment/clock.ts';
import { type Budget, budget, within } from '../deadline.ts';
import {
  DriverMissingError,
  messageOf,
  ResourceDeadlineError,
  ResourceLoginError,
  ResourceUnreachableError,
} from '../errors.ts';
import type { Pool } from '../pool.ts';

/** A row as `mysql2` returns it. */
export type Row = Readonly<Record<string, unknown>>;

/** What `mysql2` takes as parameters of a statement. */
export type Parameter = string | number | bigint | boolean | Date | null | Uint8Array;

export interface MariaDbResult<R extends Row = Row> {
  /** Empty for statements that return none. */
  readonly rows: readonly R[];
  /** Absent for statements that return rows. */
  readonly affectedRows?: number;
  readonly insertId?: number;
}

export interface MariaDbConnection {
  /** The server's id of the session. */
  readonly id: number;
  /** False once the connection was lost or cut, leads to a server that takes no writes, or the resource has moved. */
  isUsable(): boolean;
  /** One statement at a time: the caller waits for the answer. */
  send<R extends Row = Row>(text: string, values?: readonly Parameter[]): Promise<MariaDbResult<R>>;
  /** Cuts the connection off. The session may work on for a while. */
  destroy(): void;
}

export interface ConnectParts {
  /** For messages: the name of the resource. */
  readonly name: string;
  readonly config: ConnectionOptions;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Whether the resource is still where this connection leads. */
  isCurrent(): boolean;
}

/** @throws ResourceLoginError, ResourceUnreachableError, ResourceDeadlineError, DriverMissingError */
export async function connect(parts: ConnectParts): Promise<MariaDbConnection> {
  const { name, config, clock, timeoutMs } = parts;
  const { createConnection } = await loadDriver();
  let connection: Connection;
  try {
    const connecting = createConnection({ ...config, connectTimeout: Math.ceil(timeoutMs) });
    connection = await within(clock, connecting, timeoutMs, `the connection to '${name}'`).catch((error: unknown) => {
      connecting.then(
        (late) => late.destroy(),
        () => undefined,
      );
      throw error;
    });
  } catch (error) {
    throw connectError(name, error);
  }
  let isLost = false;
  const lose = (): void => {
    isLost = true;
  };
  // An unheard 'error' event would end the process; every loss also fails the statement that was under way.
  connection.on('error', lose);
  connection.on('end', lose);
  return {
    id: connection.threadId ?? 0,
    isUsable: () => !isLost && parts.isCurrent(),
    async send<R extends Row>(text: string, values: readonly Parameter[] = []): Promise<MariaDbResult<R>> {
      try {
        const [answer] = await connection.query<(R & import('mysql2/promise').RowDataPacket)[]>(text, [...values]);
        const given: unknown = answer;
        if (Array.isArray(answer)) return { rows: answer };
        return { rows: [], ...headerOf(given) };
      } catch (error) {
        // A server that takes no writes may have been the primary before: the next one connects anew.
        if (!isDefinite(error) || readOnly.has(errorNumberOf(error) ?? 0)) lose();
        throw error;
      }
    },
    destroy() {
      lose();
      connection.destroy();
    },
  };
}

function headerOf(answer: unknown): { readonly affectedRows?: number; readonly insertId?: number } {
  const affectedRows = numberField(answer, 'affectedRows');
  const insertId = numberField(answer, 'insertId');
  return { ...(affectedRows === undefined ? {} : { affectedRows }), ...(insertId === undefined ? {} : { insertId }) };
}

let driver: Promise<typeof import('mysql2/promise')> | undefined;

function loadDriver(): Promise<typeof import('mysql2/promise')> {
  driver ??= import('mysql2/promise').catch((cause: unknown) => {
    driver = undefined;
    throw new DriverMissingError("expected the package 'mysql2' (3.x); install it: npm install mysql2", { cause });
  });
  return driver;
}

const loginErrors = new Set([1044, 1045, 1049, 1698]);

function connectError(name: string, cause: unknown): Error {
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

function numberField(value: unknown, name: string): number | undefined {
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

/** Whether the error says for certain that the statement did not happen. */
export function isDefinite(error: unknown): boolean {
  const number = errorNumberOf(error);
  if (number === undefined || uncertain.has(number) || field(error, 'fatal') === true) return false;
  const state = field(error, 'sqlState');
  return !(typeof state === 'string' && state.startsWith('08'));
}

/** A connection on loan for control; its statements share one deadline. */
export interface Control {
  readonly budget: Budget;
  readonly id: number;
  send(text: string, values?: readonly Parameter[]): Promise<MariaDbResult>;
}

/**
 * Lends a connection to `work`. A connection on which anything stayed uncertain is cut off.
 *
 * @throws what `acquire` and `work` throw
 */
export async function withControl<T>(
  pool: Pool<MariaDbConnection>,
  clock: Clock,
  timeoutMs: number,
  work: (control: Control) => Promise<T>,
): Promise<T> {
  const limit = budget(clock, timeoutMs);
  const { connection, release } = await pool.acquire('control', timeoutMs);
  let isUncertain = false;
  try {
    return await work({
      budget: limit,
      id: connection.id,
      async send(text, values) {
        try {
          return await within(clock, connection.send(text, values), limit.remainingMs(), 'an answer of the server');
        } catch (error) {
          isUncertain ||= !isDefinite(error);
          throw error;
        }
      },
    });
  } finally {
    release(isUncertain ? 'discard' : undefined);
  }
}
