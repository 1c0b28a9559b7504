/** What the doctor says of prepared transactions in a real PostgreSQL. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgres } from '../../src/resources/postgres.ts';
import { startPostgres, type TestPostgres } from '../fixtures/postgres.ts';

const timeoutMs = 60_000;
let server: TestPostgres;

beforeAll(async () => {
  server = await startPostgres();
  await server.query('create table items (key text primary key)');
  await server.query('create table others (key text primary key)');
});
afterAll(() => server.remove());

test('names what each one locks, whether the server has restarted since it was prepared or not', async () => {
  const resource = postgres(server.url());
  try {
    await resource.setup({ timeoutMs });
    for (const [transaction, table] of [
      ['t1', 'items'],
      ['t2', 'others'],
    ] as const) {
      const session = await resource.begin({ manager: 'm1', transaction, branch: 'part' }, { timeoutMs });
      await session.query(`insert into ${table} values ('a')`);
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'yes' });
    }
    const locksOf = async () => {
      const { leftovers } = await resource.check({ timeoutMs });
      return leftovers.map(({ branch, locks }) => [
        branch?.transaction,
        locks.filter((it) => !it.startsWith('quorate')),
      ]);
    };
    const locked = [
      ['t1', ['items (RowExclusiveLock)']],
      ['t2', ['others (RowExclusiveLock)']],
    ];
    expect(await locksOf()).toEqual(locked);
    await server.kill();
    await server.start();
    expect(await locksOf()).toEqual(locked);
  } finally {
    await resource.close();
  }
});
