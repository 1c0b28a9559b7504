import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { mysqlCallback, mysqlPool } from '../../../src/services/transactions/drivers/mysql2.ts';
import { PgCursor, pgClient, pgPool } from '../../../src/services/transactions/drivers/pg.ts';

/** A session that notes what it is asked, and answers with one row. */
function noting() {
  const asked: unknown[][] = [];
  // Of any type, as the rows of a server are.
  const rows = JSON.parse('[{ "it": 1 }]');
  const session = {
    query(...values: unknown[]) {
      asked.push(values);
      return Promise.resolve({ rows, rowCount: 1, command: 'SELECT', fields: [] });
    },
    openCursor: () => Promise.reject(new Error('no cursors here')),
  };
  return { asked, session };
}
const call = (method: unknown, ...values: readonly unknown[]): unknown =>
  typeof method === 'function' ? Reflect.apply(method, undefined, values) : undefined;

describe('a client of pg over a session', () => {
  test('passes on text, values and format, and nothing else', async () => {
    const { asked, session } = noting();
    const client = await pgPool(session).connect();
    const types = { getTypeParser: () => String };
    await client.query('select 1');
    await client.query('select $1', [1]);
    await client.query({ text: 'select $1', values: [2], rowMode: 'array' });
    await call(client.query, { text: 'select $1', name: 'mine', types, values: undefined }, [3]);
    client.release();
    expect(asked).toEqual([
      ['select 1', [], {}],
      ['select $1', [1], {}],
      ['select $1', [2], { rowMode: 'array' }],
      ['select $1', [3], { types }],
    ]);
  });

  test('refuses what goes around the session, by name, and sends nothing', async () => {
    const { asked, session } = noting();
    const { query } = pgClient(session);
    const refused: readonly (readonly unknown[])[] = [
      [new pg.Query('commit')],
      [{ submit: () => undefined, text: 'commit' }],
      [{ text: 'select 1', queryMode: 'simple' }],
      [{ text: 'select 1', binary: true }],
      [{ values: [] }],
      [undefined],
      ['select 1', () => undefined],
      ['select 1', [], () => undefined],
      ['select 1', 'x'],
    ];
    for (const values of refused) {
      await expect(call(query, ...values)).rejects.toMatchObject({ code: 'STATEMENT_TEXT' });
    }
    expect(asked).toEqual([]);
  });

  test('opens a cursor that it is given, whose reads tell what failed', async () => {
    const cursor = new PgCursor('select 1');
    await expect(cursor.read(1)).rejects.toMatchObject({ code: 'STATEMENT_TEXT' });
    expect(call(pgClient(noting().session).query, cursor)).toBe(cursor);
    await expect(cursor.read(1)).rejects.toThrow('no cursors here');
  });
});

describe('what is built upon mysql2, over a session', () => {
  /** The same, with what an insert answers. */
  const inserting = (insertId: number | string) => ({
    query: () => Promise.resolve({ rows: [], affectedRows: 1, changedRows: 0, insertId }),
  });
  const asked = (session: Parameters<typeof mysqlPool>[0], text: string, values: unknown[]) =>
    new Promise((resolve, reject) =>
      mysqlPool(session).getConnection((_error, connection) =>
        connection.query(text, values, (error, result) => (error === null ? resolve(result) : reject(error))),
      ),
    );

  test('a pool answers with rows, or with what was done, and an id that no number is exact for with none', async () => {
    const { session } = noting();
    expect(await asked(session, 'select 1', [])).toEqual([{ it: 1 }]);
    const header = { affectedRows: 1, changedRows: 0 };
    expect(await asked(inserting(7), 'insert', [])).toEqual({ ...header, insertId: 7 });
    expect(await asked(inserting('9007199254740993'), 'insert', [])).toEqual({ ...header, insertId: 0 });
  });

  test('a callback asks for arrays and dates as texts, and answers as its driver does', async () => {
    const { asked: sent, session } = noting();
    expect(await mysqlCallback(session)('select ?', [1], 'all')).toEqual({ rows: [{ it: 1 }] });
    expect(await mysqlCallback(session)('select ?', [undefined], 'execute')).toEqual({ rows: [[{ it: 1 }]] });
    expect(sent).toEqual([
      ['select ?', [1], { rowMode: 'array', dateStrings: true }],
      ['select ?', [null], { rowMode: undefined, dateStrings: true }],
    ]);
    expect(await mysqlCallback(inserting(7))('insert', [], 'execute')).toMatchObject({ rows: [{ insertId: 7 }] });
  });

  test('a parameter that makes another statement is refused, and nothing is sent', async () => {
    const { asked: sent, session } = noting();
    for (const value of [{ toSqlString: () => '1; commit' }, ['a'], Number.NaN]) {
      await expect(asked(session, 'select ?', [value])).rejects.toMatchObject({ code: 'STATEMENT_TEXT' });
      await expect(mysqlCallback(session)('select ?', [value], 'all')).rejects.toMatchObject({
        code: 'STATEMENT_TEXT',
      });
    }
    expect(sent).toEqual([]);
  });
});
