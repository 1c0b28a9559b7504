/** One connection to MariaDB. The only module that loads `mysql2`. */

import type { Connection, ConnectionOptions, RowDataPacket } from 'mysql2/promise';
import type { Clock } from '../../environment/clock.ts';
import { within } from '../deadline.ts';
import { DriverMissingError } from '../errors.ts';
import type { AnyRow, ConnectionParts, Row, SqlConnection, SqlResult } from '../sql/connection.ts';
import type { ResultFormat } from '../sql/format.ts';
import { connectError, isDefinite, numberField } from './errors.ts';
import { type Parameter, withLiterals } from './literals.ts';
import { memoryTable } from './memory.ts';

/** How the rows of a result are made, as `mysql2` knows it. */
export interface MariaDbFormat extends ResultFormat {
  /** Dates as texts, as the server writes them; otherwise as the connection is configured, by default as `Date`. */
  readonly dateStrings?: boolean | undefined;
}

export interface MariaDbResult<R extends AnyRow = Row> {
  /** Empty for statements that return none. */
  readonly rows: readonly R[];
  /** Absent for statements that return rows. */
  readonly affectedRows?: number;
  /** Of an update: those that are not as they were. Those that it found are `affectedRows`. */
  readonly changedRows?: number;
  /** A text where a number would not be exact. */
  readonly insertId?: number | string;
}

/** A result, and the server's word on the transaction after it. */
export interface Ran<R extends AnyRow = Row> {
  readonly result: MariaDbResult<R>;
  /** Undefined where the driver does not hand on what the server said, as after rows. */
  readonly isInTransaction: boolean | undefined;
}

export interface MariaDbConnection extends SqlConnection {
  /** The server's id of the session. */
  readonly id: number;
  /** Our table, in the database that the connection was made to. */
  readonly memory: string;
  /** One statement at a time: the caller waits for the answer. Throws the driver's error. */
  run<R extends AnyRow = Row>(text: string, values?: readonly Parameter[], format?: MariaDbFormat): Promise<Ran<R>>;
  /** Makes the session as new, locks and default database included. Throws when that fails. */
  reset(): Promise<void>;
}

export interface ConnectParts extends ConnectionParts {
  /** For messages: the name of the resource. */
  readonly name: string;
  readonly config: ConnectionOptions;
  readonly clock: Clock;
}

/** SERVER_STATUS_IN_TRANS and SERVER_STATUS_NO_BACKSLASH_ESCAPES, of the protocol. */
const inTransaction = 1;
const noBackslashEscapes = 512;

/** How rows are read, whatever options and URL say: as we know them, and no integer is rounded. */
const reading = { nestTables: false, supportBigNumbers: true } as const;

/** @throws ResourceLoginError, ResourceUnreachableError, ResourceDeadlineError, DriverMissingError */
export async function connect(parts: ConnectParts): Promise<MariaDbConnection> {
  const { name, clock, timeoutMs } = parts;
  const { createConnection } = await loadDriver();
  const config: ConnectionOptions = {
    ...parts.config,
    connectTimeout: Math.ceil(timeoutMs),
    // Whatever options and URL say: a text of an application is one statement, or the server refuses it.
    // And the driver's IGNORE_SPACE is lost with the first reset, so that new sessions would read texts differently.
    flags: [...(parts.config.flags ?? []), '-MULTI_STATEMENTS', '-IGNORE_SPACE'],
  };
  let connection: Connection;
  try {
    const connecting = createConnection(config);
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
  let own: string | undefined;

  /** What changes it is no query, and so is answered with the status. */
  let hasEscapes = false;
  /** Digits and punctuation only, in the time zone that the connection is configured with. */
  const dateLiteral = (value: Date): string => connection.format('?', [value]);
  const run = async <R extends AnyRow = Row>(
    text: string,
    values: readonly Parameter[] = [],
    { rowMode, dateStrings }: MariaDbFormat = {},
  ): Promise<Ran<R>> => {
    try {
      const [answer] = await connection.query<(R & RowDataPacket)[]>({
        sql: withLiterals(text, values, { hasEscapes, dateLiteral }),
        ...reading,
        rowsAsArray: rowMode === 'array',
        ...(dateStrings === undefined ? {} : { dateStrings }),
      });
      const given: unknown = answer;
      const status = statusIn(Array.isArray(answer) ? answer.at(-1) : given);
      if (status !== undefined) hasEscapes = (status & noBackslashEscapes) === 0;
      const isInTransaction = status === undefined ? undefined : (status & inTransaction) !== 0;
      if (Array.isArray(answer)) return { result: { rows: answer }, isInTransaction };
      return { result: { rows: [], ...headerOf(given) }, isInTransaction };
    } catch (error) {
      if (!isDefinite(error)) lose();
      throw error;
    }
  };
  try {
    const { result } = await within(
      clock,
      run('select database() as own, @@sql_mode as mode'),
      timeoutMs,
      `the first answer of '${name}'`,
    );
    const found = result.rows[0]?.own;
    hasEscapes = !String(result.rows[0]?.mode).includes('NO_BACKSLASH_ESCAPES');
    if (typeof found === 'string') own = `\`${found.replaceAll('`', '``')}\``;
  } catch (error) {
    connection.destroy();
    throw connectError(name, error);
  }
  return {
    id: connection.threadId ?? 0,
    memory: own === undefined ? memoryTable : `${own}.${memoryTable}`,
    isUsable: () => !isLost && parts.isCurrent(),
    run,
    ask: async (text, values): Promise<SqlResult> => (await run(text, values)).result,
    tidy: () => undefined,
    async reset() {
      await connection.reset();
      // Behind a reset, the server keeps the default database of the last branch.
      await run(own === undefined ? 'do 0' : `use ${own}`);
    },
    destroy() {
      lose();
      connection.destroy();
    },
  };
}

function headerOf(answer: unknown): Omit<MariaDbResult, 'rows'> {
  const affectedRows = numberField(answer, 'affectedRows');
  const insertId = insertIdIn(answer);
  const changedRows = numberField(answer, 'changedRows');
  return {
    ...(affectedRows === undefined ? {} : { affectedRows }),
    ...(changedRows === undefined ? {} : { changedRows }),
    ...(insertId === undefined ? {} : { insertId }),
  };
}

function insertIdIn(answer: unknown): number | string | undefined {
  const found = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'insertId') : undefined;
  return typeof found === 'number' || typeof found === 'string' ? found : undefined;
}

/** What the header of a result says; rows say nothing. Columns of rows can have any name, and headers have two more. */
function statusIn(header: unknown): number | undefined {
  const status = numberField(header, 'serverStatus');
  const isHeader = numberField(header, 'fieldCount') !== undefined && numberField(header, 'affectedRows') !== undefined;
  return isHeader ? status : undefined;
}

let driver: Promise<typeof import('mysql2/promise')> | undefined;

function loadDriver(): Promise<typeof import('mysql2/promise')> {
  driver ??= import('mysql2/promise').catch((cause: unknown) => {
    driver = undefined;
    throw new DriverMissingError("expected the package 'mysql2' (3.22 or later); install it: npm install mysql2", {
      cause,
    });
  });
  return driver;
}
