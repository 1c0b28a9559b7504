/**
 * The session of a transaction in the shape of a client of `pg`, for what is built upon that driver: Kysely, Drizzle. Each
 * query is one statement of the session, with its guards: what would begin or end a transaction is refused.
 */

import pg from 'pg';
import { StatementTextError } from '../../../resources/errors.ts';
import type { PostgresFormat, PostgresSession } from '../../../resources/postgres.ts';
import type { AnyRow } from '../../../resources/sql/connection.ts';
import type { Cursor } from '../../../resources/sql/cursor.ts';
import { assertStatementText } from '../../../resources/sql/text.ts';

/** What of a session stands behind a client. */
export type PostgresWork = Pick<PostgresSession, 'query' | 'openCursor'>;

/** A pool of one client, as `PostgresDialect` of Kysely takes it. */
export interface PgPool {
  connect(): Promise<pg.PoolClient>;
  end(): Promise<void>;
}

/**
 * A client over a session: `query` with a text, or with `text`, `values`, `rowMode` and `types`; names of statements are the
 * resource's business, and not used. It gives promises and takes no callbacks. `connect`, `release` and `end` do nothing.
 *
 * @throws from `query`: as the session's, and StatementTextError for what the session does not offer
 * @example
 * const db = drizzle(pgClient(orders)); // drizzle-orm/node-postgres
 */
export function pgClient(session: PostgresWork): pg.PoolClient {
  const ask = async (statement: unknown, values: unknown, rest: readonly unknown[]) => {
    if (typeof values === 'function' || rest.length > 0) {
      throw new StatementTextError('expected no callback behind a statement of a transaction; await its result');
    }
    const asked = typeof statement === 'string' ? { text: statement, values, format: {} } : partsOf(statement, values);
    assertStatementText(asked.text, asked.values, maxParameters);
    return session.query<AnyRow>(asked.text, Array.isArray(asked.values) ? asked.values : [], asked.format);
  };
  const nothing = async (): Promise<void> => undefined;
  return Object.assign(new pg.Client(), {
    query: (statement: unknown, values?: unknown, ...rest: readonly unknown[]) =>
      statement instanceof PgCursor ? statement.openIn(session) : ask(statement, values, rest),
    connect: nothing,
    end: nothing,
    release: () => undefined,
  });
}

/**
 * The same client as a pool.
 *
 * @example
 * const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pgPool(orders), cursor: PgCursor }) });
 */
export function pgPool(session: PostgresWork): PgPool {
  const client = pgClient(session);
  return { connect: async () => client, end: async () => undefined };
}

/** A cursor that a client of `pgClient` opens when it is given to its `query`, in place of that of `pg-cursor`. */
export class PgCursor<Found> {
  readonly #text: string;
  readonly #values: readonly unknown[];
  #opened: Promise<Cursor<AnyRow>> | undefined;

  constructor(text: string, values: readonly unknown[] = []) {
    this.#text = text;
    this.#values = values;
  }

  /** Called by the client. What fails is told by `read`. */
  openIn(session: PostgresWork): this {
    this.#opened ??= session.openCursor<AnyRow>(this.#text, this.#values);
    this.#opened.catch(() => undefined);
    return this;
  }

  /**
   * The next rows, none at the end.
   *
   * @throws what `read` of the session's cursor throws
   */
  async read(count: number): Promise<Found[]> {
    const cursor = await this.#cursor();
    // What the rows of a text are, its author says, as with the driver's own.
    const rows: Found[] = [];
    Object.assign(rows, await cursor.read(count));
    return rows;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await (await this.#cursor()).close();
  }

  async #cursor(): Promise<Cursor<AnyRow>> {
    if (this.#opened !== undefined) return this.#opened;
    throw new StatementTextError('expected a cursor that was given to `query` of a client before it is read');
  }
}

const maxParameters = 65_535;
const offered = ['text', 'values', 'rowMode', 'types', 'name'];

/** Takes a query of `pg` apart. @throws StatementTextError for what a session does not offer */
function partsOf(statement: unknown, values: unknown) {
  if (typeof statement !== 'object' || statement === null || 'submit' in statement) {
    return { text: statement, values, format: {} };
  }
  for (const [name, value] of Object.entries(statement)) {
    if (value === undefined || offered.includes(name)) continue;
    throw new StatementTextError(`expected a query with ${offered.join(', ')} alone in a transaction, got '${name}'`);
  }
  const part = (name: string): unknown => Reflect.get(statement, name);
  const format: PostgresFormat = Object.fromEntries(['rowMode', 'types'].map((name) => [name, part(name)]));
  return { text: part('text'), values: values ?? part('values'), format };
}
