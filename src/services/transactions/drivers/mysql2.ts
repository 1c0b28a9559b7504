/**
 * The session of a transaction in the shapes that are built upon `mysql2`: a pool for Kysely, a callback for Drizzle. Each
 * query is one statement of the session, with its guards: what would begin or end a transaction is refused.
 */

import { StatementTextError } from '../../../resources/errors.ts';
import { assertParameter } from '../../../resources/mariadb/statements.ts';
import type { MariaDbFormat, MariaDbParameter, MariaDbResult, MariaDbSession } from '../../../resources/mariadb.ts';
import type { AnyRow, Row } from '../../../resources/sql/connection.ts';

/** What of a session stands behind them. */
export type MariaDbWork = Pick<MariaDbSession, 'query'>;

/** What a statement did that returns no rows. */
export interface MysqlHeader {
  readonly affectedRows: number;
  readonly changedRows: number;
  /** 0 also where a number would not be exact: have such ids returned, by `insert ... returning`. */
  readonly insertId: number;
}

type Answer = (error: unknown, result: MysqlHeader | Row[]) => void;

/** A connection, as `MysqlDialect` of Kysely takes it. */
export interface MysqlConnection {
  query(text: string, values: unknown[]): { stream(): never };
  query(text: string, values: unknown[], answer: Answer): void;
  release(): void;
}

/** A pool of one connection, as `MysqlDialect` of Kysely takes it. */
export interface MysqlPool {
  getConnection(answer: (error: unknown, connection: MysqlConnection) => void): void;
  end(answer: (error: unknown) => void): void;
}

/**
 * A pool over a session. Rows do not come as a stream, which would keep all other statements of the branch waiting.
 *
 * @example
 * const db = new Kysely<Tables>({ dialect: new MysqlDialect({ pool: mysqlPool(stock) }) });
 */
export function mysqlPool(session: MariaDbWork): MysqlPool {
  function query(text: string, values: unknown[]): { stream(): never };
  function query(text: string, values: unknown[], answer: Answer): void;
  function query(text: string, values: unknown[], answer?: Answer): { stream(): never } | undefined {
    if (answer === undefined) return { stream: refuseStream };
    ask<Row>(session, text, values).then(
      (result) => answer(null, result.affectedRows === undefined ? [...result.rows] : headerOf(result)),
      (error: unknown) => answer(error, []),
    );
    return undefined;
  }
  const connection: MysqlConnection = { query, release: () => undefined };
  return {
    getConnection: (answer) => answer(null, connection),
    end: (answer) => answer(null),
  };
}

/** What `drizzle` of `drizzle-orm/mysql-proxy` takes. */
export type MysqlCallback = (
  text: string,
  values: unknown[],
  method: 'all' | 'execute',
) => Promise<{ rows: unknown[] }>;

/**
 * A callback over a session.
 *
 * @example
 * const db = drizzle(mysqlCallback(stock)); // drizzle-orm/mysql-proxy
 */
export const mysqlCallback =
  (session: MariaDbWork): MysqlCallback =>
  async (text, values, method) => {
    // It reads dates by itself, from texts.
    const format: MariaDbFormat = { dateStrings: true, rowMode: method === 'all' ? 'array' : undefined };
    const result = await ask<AnyRow>(session, text, values, format);
    if (method === 'all') return { rows: [...result.rows] };
    return { rows: [result.affectedRows === undefined ? result.rows : headerOf(result)] };
  };

async function ask<R extends AnyRow>(
  session: MariaDbWork,
  text: string,
  values: unknown[],
  format: MariaDbFormat = {},
): Promise<MariaDbResult<R>> {
  const parameters: MariaDbParameter[] = [];
  for (const [index, value] of values.entries()) {
    assertParameter(value, index);
    parameters.push(value ?? null);
  }
  return session.query<R>(text, parameters, format);
}

const headerOf = ({ affectedRows = 0, changedRows = 0, insertId }: MariaDbResult<AnyRow>): MysqlHeader => ({
  affectedRows,
  changedRows,
  insertId: typeof insertId === 'number' ? insertId : 0,
});

function refuseStream(): never {
  throw new StatementTextError(
    'expected a query without stream: rows of a transaction do not come as one; read by keys, `where id > ? order by id limit 1000`',
  );
}
