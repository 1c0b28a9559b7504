import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { EnlistedResource } from '../../src/resources/adapter.ts';
import type { Branch } from '../../src/resources/branch.ts';
import { type PostgresSession, postgres } from '../../src/resources/postgres.ts';
import { startPostgres, type TestPostgres } from '../fixtures/postgres.ts';

const timeoutMs = 60_000;
let server: TestPostgres;
let resource: EnlistedResource<PostgresSession>;
let count = 0;
const branch = (): Branch => {
  count += 1;
  return { manager: 'm1', transaction: `t${count}`, branch: 'part' };
};
const begin = () => resource.begin(branch(), { timeoutMs });
/** Calls it as a program without types would. */
const call = (session: PostgresSession, method: 'query' | 'openCursor', ...values: readonly unknown[]) =>
  Reflect.apply(session[method], session, values);

beforeAll(async () => {
  server = await startPostgres();
  resource = postgres(server.url(), { maxSessions: 1 });
  await resource.setup({ timeoutMs });
  await server.query('create table items (id int primary key)');
  await server.query('insert into items select generate_series(1, 1000)');
});
afterEach(async () => {
  await server.query('delete from items where id > 1000');
});
afterAll(async () => {
  await resource.close();
  await server.remove();
});

describe('results of PostgreSQL', () => {
  test('come as arrays on demand, with columns of one name kept apart', async () => {
    const session = await begin();
    const text = 'select 1 as it, $1::int as it';
    const { rows, fields } = await session.query<[number, number]>(text, [2], { rowMode: 'array' });
    expect([rows, fields.map(({ name }) => name)]).toEqual([[[1, 2]], ['it', 'it']]);
    expect((await session.query(text, [2])).rows).toEqual([{ it: 2 }]);
    const last = await session.queryAndPrepare(text, [3], { timeoutMs, format: { rowMode: 'array' } });
    expect(last).toMatchObject({ result: { rows: [[1, 3]] }, vote: { type: 'yes' } });
    await resource.rollback(session.branch, { timeoutMs });
  });

  test('are read by the parsers of a statement, and by those of the connection without', async () => {
    const session = await begin();
    const types = { getTypeParser: () => (value: string) => `<${value}>` };
    const text = "select 1 as number, date '2026-01-02' as day, null as nothing";
    expect((await session.query(text, [], { types })).rows).toEqual([
      { number: '<1>', day: '<2026-01-02>', nothing: null },
    ]);
    expect((await session.query('select 1 as number')).rows).toEqual([{ number: 1 }]);
    await session.rollback();
  });

  test.each([
    ['that throws', () => () => fails()],
    ['that there is none of', () => fails()],
  ])('that a parser %s cannot read give the branch up, and nothing else', async (_how, getTypeParser) => {
    const session = await begin();
    await session.query('insert into items values (2000)');
    await expect(session.query('select 1 as it', [], { types: { getTypeParser } })).rejects.toMatchObject({
      code: 'STATEMENT',
      cause: expect.objectContaining({ message: 'no parser' }),
    });
    expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
    expect(await server.query('select count(*)::int as n from items')).toEqual([{ n: 1000 }]);
  });

  test('in no other format are asked for: nothing is sent then', async () => {
    const session = await begin();
    const wrong = [{ rowMode: 'object' }, { types: {} }, { binary: true }, { text: 'commit' }, 'array', 7, null];
    for (const format of wrong) {
      await expect(call(session, 'query', 'insert into items values (2000)', [], format)).rejects.toMatchObject({
        code: 'STATEMENT_TEXT',
      });
    }
    expect((await session.query('select count(*)::int as n from items')).rows).toEqual([{ n: 1000 }]);
    await session.rollback();
  });

  test('are exact as integers and decimals of any size, which are texts', async () => {
    const session = await begin();
    const { rows } = await session.query(`select 9007199254740993::int8 as big, sum(9007199254740993::int8) as sum,
      count(*) as count, 12345678901234567890.0123456789::numeric(30, 10) as decimal, array[9007199254740993::int8] as list,
      0.1::float8 + 0.2::float8 as double`);
    expect(rows).toEqual([
      {
        big: '9007199254740993',
        sum: '9007199254740993',
        count: '1',
        decimal: '12345678901234567890.0123456789',
        list: ['9007199254740993'],
        double: 0.1 + 0.2,
      },
    ]);
    await session.rollback();
  });
});

describe('a cursor in PostgreSQL', () => {
  test('reads a large result a few rows at a time, between other statements', async () => {
    const session = await begin();
    const cursor = await session.openCursor<{ id: number }>('select id from items where id > $1 order by id', [990]);
    expect(await cursor.read(3)).toEqual([{ id: 991 }, { id: 992 }, { id: 993 }]);
    await session.query('insert into items values (2000)');
    expect(await cursor.read()).toHaveLength(7);
    expect(await cursor.read()).toEqual([]);
    await cursor.close();
    await cursor.close();
    expect(await cursor.read()).toEqual([]);
    expect(await session.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
  });

  test('is run through by a loop, which closes it at its end, at a break, and when the loop throws', async () => {
    const session = await begin();
    const open = async () =>
      (await session.query("select count(*)::int as n from pg_cursors where name like 'quorate%'")).rows[0]?.n;
    const text = 'select id from items order by id';
    let sum = 0;
    for await (const [id] of await session.openCursor<[number]>(text, [], { rowMode: 'array', rowsPerFetch: 300 })) {
      sum += id;
    }
    expect([sum, await open()]).toEqual([500_500, 0]);
    for await (const _row of await session.openCursor(text)) break;
    expect(await open()).toBe(0);
    const throwing = async () => {
      for await (const _row of await session.openCursor(text)) throw new Error('enough');
    };
    await expect(throwing()).rejects.toThrow('enough');
    expect(await open()).toBe(0);
    await session.rollback();
  });

  test.each(['prepared', 'committed directly'] as const)(
    'that is left open is closed before its branch is %s, and unknown to the next one',
    async (how) => {
      const session = await begin();
      await session.query('insert into items values (2000)');
      const cursor = await session.openCursor('select id from items');
      await cursor.read(1);
      if (how === 'prepared') {
        expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'yes' });
        expect(await resource.commit(session.branch, { timeoutMs })).toEqual({ type: 'done' });
      } else {
        expect(await session.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
      }
      await expect(cursor.read()).rejects.toMatchObject({ code: 'BRANCH_CLOSED' });
      const next = await begin();
      expect((await next.query("select count(*)::int as n from pg_cursors where name like 'quorate%'")).rows).toEqual([
        { n: 0 },
      ]);
      expect((await next.query('select count(*)::int as n from items')).rows).toEqual([{ n: 1001 }]);
      await next.rollback();
    },
  );

  test('takes one query that returns rows, and refuses all else by name', async () => {
    const texts = ['select 1; commit', 'insert into items values (2000)', 'select nonsense from items'];
    for (const text of texts) {
      const session = await begin();
      await expect(session.openCursor(text), text).rejects.toMatchObject({ code: 'STATEMENT' });
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
    }
    const session = await begin();
    await expect(session.openCursor('commit')).rejects.toMatchObject({ code: 'BRANCH_CONTROL' });
    for (const rowsPerFetch of [0, 1.5, -1, 100_001, Number.NaN, '7']) {
      await expect(call(session, 'openCursor', 'select 1', [], { rowsPerFetch })).rejects.toMatchObject({
        code: 'STATEMENT_TEXT',
      });
    }
    await expect(call(session, 'openCursor', 'select 1', [], { hold: true })).rejects.toMatchObject({
      code: 'STATEMENT_TEXT',
    });
    await session.rollback();
  });

  test('of the driver, which speaks to the connection by itself, is refused with what to use instead', async () => {
    const session = await begin();
    await expect(call(session, 'query', new pg.Query('select 1'))).rejects.toMatchObject({
      code: 'STATEMENT_TEXT',
      message: expect.stringContaining('openCursor'),
    });
    await session.rollback();
  });
});

function fails(): never {
  throw new Error('no parser');
}
