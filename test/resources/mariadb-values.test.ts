import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MariaDbSession, mariadb } from '../../src/resources/mariadb.ts';
import { hasMariaDb, startMariaDb, type TestMariaDb } from '../fixtures/mariadb.ts';

const timeoutMs = 60_000;

describe.skipIf(!hasMariaDb)('values that MariaDB returns', () => {
  let server: TestMariaDb;
  let count = 0;
  const inBranch = async (work: (session: MariaDbSession) => Promise<void>, parameters = ''): Promise<void> => {
    const resource = mariadb(`${server.url()}${parameters}`);
    try {
      count += 1;
      const session = await resource.begin({ manager: 'm1', transaction: `t${count}`, branch: 'part' }, { timeoutMs });
      await work(session);
      await session.rollback();
    } finally {
      await resource.close();
    }
  };

  beforeAll(async () => {
    server = await startMariaDb();
  });
  afterAll(() => server.remove());

  const exact: readonly (readonly [expression: string, value: unknown])[] = [
    ['cast(9007199254740991 as signed)', 9_007_199_254_740_991],
    ['cast(9007199254740993 as signed)', '9007199254740993'],
    ['cast(-9007199254740993 as signed)', '-9007199254740993'],
    ['cast(18446744073709551615 as unsigned)', '18446744073709551615'],
    ['bit_or(9007199254740993)', '9007199254740993'],
    ['count(*)', 1],
    ['sum(9007199254740993)', '9007199254740993'],
    ['cast(12345678901234567890.0123456789 as decimal(30, 10))', '12345678901234567890.0123456789'],
    ["b'1000000000000000000000000000000000000000000000000000000000000001'", Buffer.from('8000000000000001', 'hex')],
    ["cast('838:59:59.999999' as time(6))", '838:59:59.999999'],
    ["cast('9999-12-31 23:59:59.999' as datetime(3))", new Date('9999-12-31T23:59:59.999Z')],
    ['cast(0.1 as double) + cast(0.2 as double)', 0.1 + 0.2],
  ];

  test.each(exact)('are exact: %s', (expression, value) =>
    inBranch(
      async (session) => {
        const { rows } = await session.query(`select ${expression} as it`);
        expect(rows).toEqual([{ it: value }]);
      },
      // Otherwise a text without a time zone is read in this machine's.
      '?timezone=Z',
    ),
  );

  test('are exact as the ids that were generated', () =>
    inBranch(async (session) => {
      await session.query('create temporary table numbered (id bigint auto_increment primary key, note int)');
      const { insertId } = await session.query('insert into numbered values (9007199254740993, 1)');
      expect(insertId).toBe('9007199254740993');
    }));

  test('come as arrays on demand, with columns of one name kept apart, and dates as texts', () =>
    inBranch(async (session) => {
      const text = "select ? as it, cast('2026-01-02 03:04:05.678901' as datetime(6)) as it";
      const format = { rowMode: 'array', dateStrings: true } as const;
      expect((await session.query<[number, string]>(text, [1], format)).rows).toEqual([
        [1, '2026-01-02 03:04:05.678901'],
      ]);
      expect((await session.query(text, [1])).rows).toEqual([{ it: expect.any(Date) }]);
      for (const wrong of [{ rowMode: 'object' }, { multipleStatements: true }, { sql: 'commit' }, 'array']) {
        await expect(Reflect.apply(session.query, session, [text, [1], wrong])).rejects.toMatchObject({
          code: 'STATEMENT_TEXT',
        });
      }
    }));

  test('are those of whole rows, whatever the options of a connection make of rows', () =>
    inBranch(async (session) => {
      const { rows } = await session.query('select 9007199254740993 as large, count(*) as small');
      expect(rows).toEqual([{ large: '9007199254740993', small: '1' }]);
      expect(await session.prepare({ timeoutMs })).toEqual({ type: 'read-only' });
    }, '?supportBigNumbers=false&bigNumberStrings=true&rowsAsArray=true&nestTables=true'));
});
