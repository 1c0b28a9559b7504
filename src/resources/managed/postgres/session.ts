/**
 * A manager's session at a PostgreSQL server. It is one of the replication protocol with a database, which takes SQL, too:
 * on a standby, only that protocol says on which timeline it is.
 */

import type { Client } from 'pg';
import type { Clock } from '../../../environment/clock.ts';
import { type Budget, budget, within } from '../../deadline.ts';
import { ResourceUnreachableError } from '../../errors.ts';
import { loadDriver } from '../../postgres/driver.ts';
import { connectError, sqlStateOf } from '../../postgres/errors.ts';
import type { Row } from '../../sql/connection.ts';

export interface Session {
  readonly isLost: boolean;
  /** The session within the time of one operation. */
  within(limit: Budget): Ask;
  /** Cuts it. Idempotent. */
  end(): void;
}

/** What an operation asks, within its time. */
export interface Ask {
  readonly limit: Budget;
  /**
   * The rows that one statement answers with.
   *
   * @throws ResourceDeadlineError when the operation's time is over; what the driver throws
   */
  rows(statement: string): Promise<readonly Row[]>;
  /** Runs several statements, in one message. */
  run(...statements: readonly string[]): Promise<void>;
}

export interface SessionParts {
  /** Of the server, for messages. */
  readonly name: string;
  readonly url: string;
  /** The session's `application_name`. */
  readonly label: string;
  readonly clock: Clock;
  readonly limit: Budget;
  /** Whether it speaks the replication protocol, too; it then takes one of `max_wal_senders`. */
  readonly isReplication: boolean;
}

/** @throws ResourceUnreachableError, ResourceLoginError, ResourceDeadlineError, DriverMissingError */
export async function openSession(parts: SessionParts): Promise<Session> {
  const { name, clock, limit } = parts;
  const driver = await loadDriver();
  const url = new URL(parts.url);
  url.searchParams.set('application_name', parts.label);
  if (parts.isReplication) url.searchParams.set('replication', 'database');
  const client: Client = new driver.Client({ connectionString: url.href, keepAlive: true });
  let isLost = false;
  const lose = (): void => {
    isLost = true;
  };
  const end = (): void => {
    isLost = true;
    // `end` alone waits for queries that were sent; this socket must not be waited for.
    client.connection.stream.destroy();
    client.end().catch(() => undefined);
  };
  // An unheard 'error' event would end the process.
  client.on('error', lose);
  client.on('end', lose);
  try {
    await within(clock, client.connect(), limit.remainingMs(), `the connection to '${name}'`);
  } catch (error) {
    end();
    throw connectError(name, error);
  }
  return {
    get isLost() {
      return isLost;
    },
    end,
    within(limit) {
      const ask = async (text: string) => {
        if (isLost) throw new ResourceUnreachableError(`the session at '${name}' has ended`);
        return await within(clock, client.query<Row>(text), limit.remainingMs(), `an answer of '${name}'`);
      };
      return {
        limit,
        rows: async (statement) => (await ask(statement)).rows,
        async run(...statements) {
          await ask(statements.join('; '));
        },
      };
    },
  };
}

/** Opens a session for one piece of work. */
export async function withSession<T>(
  parts: Omit<SessionParts, 'limit'>,
  timeoutMs: number,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  const limit = budget(parts.clock, timeoutMs);
  const session = await openSession({ ...parts, limit });
  try {
    return await work(session.within(limit));
  } finally {
    session.end();
  }
}

/** The one row that a statement answers with. */
export async function rowOf(ask: Ask, statement: string): Promise<Row> {
  const [row] = await ask.rows(statement);
  if (row === undefined) throw new TypeError(`expected a row from '${statement.slice(0, 80)}', got none`);
  return row;
}

/**
 * Asks until `found` answers with something, and in between leaves the server alone for some milliseconds.
 *
 * @throws ResourceDeadlineError when the operation's time is over
 */
export async function eventually<T>(ask: Ask, found: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const it = await found();
    if (it !== undefined) return it;
    await ask.rows('select pg_sleep(0.002)');
  }
}

/** The statement that writes a text file in the server's data directory; a standby takes it, too. */
export const writingFile = (path: string, text: string): string =>
  `do $file$ begin execute format('copy (select %L) to %L', ${literal(text)},
    current_setting('data_directory') || ${literal(`/${path}`)}); end $file$`;

/** A text as a literal of SQL. */
export const literal = (text: string): string =>
  `${text.includes('\\') ? ' E' : ''}'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;

/** The code of an error of a server or socket, also of one that was the cause of another. */
export function codeOf(error: unknown): string | undefined {
  const own = sqlStateOf(error);
  if (!(error instanceof Error) || error.cause === undefined) return own;
  return sqlStateOf(error.cause) ?? own;
}
