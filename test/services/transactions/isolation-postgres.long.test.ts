/** What `transact` gives over one and over two real PostgreSQL databases. */

import { postgres } from '../../../src/resources/postgres.ts';
import { startPostgres } from '../../fixtures/postgres.ts';
import { type Database, type Ground, heldBack, judgesIsolation, managerOver } from './isolation-of.ts';

const databases: readonly Database[] = ['first', 'second'];

async function start(): Promise<Ground> {
  const server = await startPostgres();
  for (const name of databases) {
    await server.createDatabase(name);
    await server.query('create table list (name text primary key, items int[] not null)', [], name);
  }
  const { held, hold } = heldBack(postgres(server.url('second'), { name: 'second' }));
  const { manager, close } = await managerOver({
    first: postgres(server.url('first'), { name: 'first' }),
    second: held,
  });
  const count = async (text: string, values: readonly unknown[] = []): Promise<number> =>
    Number((await server.query(text, values))[0]?.n);
  return {
    async empty(keys) {
      for (const name of databases) {
        await server.query('delete from list', [], name);
        for (const key of keys) await server.query("insert into list values ($1, '{}')", [key], name);
      }
    },
    transact: (act, how) =>
      manager.transact(
        (sessions) =>
          act((database) => ({
            async read(key, locks) {
              const text = `select items from list where name = $1${locks ? ' for update' : ''}`;
              const { rows } = await sessions[database].query<{ items: readonly number[] }>(text, [key]);
              return rows[0]?.items ?? [];
            },
            append: (key, value) =>
              sessions[database].query('update list set items = items || $2::int where name = $1', [key, value]),
          })),
        how,
      ),
    open: () => manager.list().length,
    isBlocked: async () =>
      (await count("select count(*)::int as n from pg_stat_activity where wait_event in ('transactionid', 'tuple')")) >
      0,
    prepared: (at) => count('select count(*)::int as n from pg_prepared_xacts where database = $1', [at]),
    holdSecond: hold,
    async close() {
      await close();
      await server.remove();
    },
  };
}

judgesIsolation('PostgreSQL', start, 'isolation.json');
