/** One connection to PostgreSQL, and what its errors mean. The only module that loads `pg`. */

import type { Client, ClientConfig, QueryResult } from 'pg';
import type { Clock } from '../../environment/clock.ts';
import { within } from '../deadline.ts';
import {
  DriverMissingError,
  messageOf,
  ResourceDeadlineError,
  ResourceLoginError,
  ResourceUnreachableError,
} from '../errors.ts';

/** A row as `pg` returns it. */
export type Row = Readonly<Record<string, unknown>>;

export interface PostgresConnection {
  /** Names the server process for as long as it lives: its id, and when it started. */
  readonly backend: Backend;
  /** The `application_name` that the connection has now. */
  label: string;
  /** `I` outside a transaction, `T` in one, `E` in a failed one. */
  status(): string | null;
  /** False once the connection was lost or cut. */
  isUsable(): boolean;
  /** Sends one statement, behind those that were sent before and without waiting for them. */
  send<R extends Row = Row>(text: string, values?: readonly unknown[]): Promise<QueryResult<R>>;
  /** The same for a statement that the server shall keep by its name, for as long as the connection lives. */
  sendNamed(
    statement: { readonly name: string; readonly text: string },
    values: readonly unknown[],
  ): Promise<QueryResult<Row>>;
  /** What is sent meanwhile leaves in one packet, which wakes the server once. */
  together<T>(send: () => T): T;
  /** Cuts the connection off. The server process may work on for a while. */
  destroy(): void;
}

export interface Backend {
  readonly pid: number;
  /** Seconds since 1970 with microseconds, as text. */
  readonly startedAt: string;
}

/**
 * Connects.
 *
 * @throws ResourceLoginError, ResourceUnreachableError, ResourceDeadlineError, DriverMissingError
 */
export async function connect(
  name: string,
  config: ClientConfig,
  clock: Clock,
  timeoutMs: number,
): Promise<PostgresConnection> {
  const driver = await loadDriver();
  // In pipeline mode `pg` sends at once what is asked for while another query runs: BEGIN travels with the first
  // statement, and PREPARE with the last.
  const client: Client = new driver.Client({ ...config, pipeline: true, keepAlive: true });
  let isLost = false;
  // Every loss also fails the query that was under way; an unheard 'error' event would end the process.
  client.on('error', () => {
    isLost = true;
  });
  client.on('end', () => {
    isLost = true;
  });
  const cut = (): void => {
    isLost = true;
    // `end` alone waits for queries that were sent; this socket must not be waited for.
    client.connection.stream.destroy();
    client.end().catch(() => undefined);
  };
  try {
    await within(clock, client.connect(), timeoutMs, `the connection to '${name}'`);
    const found = await within(
      clock,
      client.query<{ pid: number; started: string }>(
        'select pid, extract(epoch from backend_start)::text as started from pg_stat_activity where pid = pg_backend_pid()',
      ),
      timeoutMs,
      `the first answer of '${name}'`,
    );
    const [row] = found.rows;
    if (row === undefined) throw new ResourceUnreachableError(`'${name}' does not show this session to itself`);
    return {
      backend: { pid: row.pid, startedAt: row.started },
      label: '',
      status: () => client.getTransactionStatus(),
      isUsable: () => !isLost,
      send: <R extends Row>(text: string, values?: readonly unknown[]) =>
        values === undefined ? client.query<R>(text) : client.query<R>(text, [...values]),
      sendNamed: (statement, values) => client.query<Row>({ ...statement, values: [...values] }),
      together(send) {
        const { stream } = client.connection;
        stream.cork();
        try {
          return send();
        } finally {
          stream.uncork();
        }
      },
      destroy: cut,
    };
  } catch (error) {
    cut();
    throw connectError(name, error);
  }
}

let driver: Promise<typeof import('pg')> | undefined;

function loadDriver(): Promise<typeof import('pg')> {
  driver ??= import('pg').catch((cause: unknown) => {
    driver = undefined;
    throw new DriverMissingError("expected the package 'pg' (8.23 or later); install it: npm install pg", { cause });
  });
  return driver;
}

function connectError(name: string, cause: unknown): Error {
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

/** The SQLSTATE of an error of the server; for an error of the socket its code, such as `ECONNRESET`. */
export function sqlStateOf(error: unknown): string | undefined {
  return field(error, 'code');
}

/** The relation that an error of the server is about, as `schema.table`. */
export function relationOf(error: unknown): string {
  return `${field(error, 'schema') ?? ''}.${field(error, 'table') ?? ''}`;
}

function field(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}

/** Shutdown and start (57P0x), connection exceptions, I/O errors and internal errors; completion unknown. */
const uncertain = /^(?:57P0.|08...|58...|XX...|40003)$/;

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
