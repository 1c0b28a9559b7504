import { type PostgresSession, postgres } from '../../src/resources/postgres/postgres.ts';
import { startPostgres } from '../fixtures/postgres.ts';
import { conformsAsTransactionalResource } from './conformance.ts';

conformsAsTransactionalResource<PostgresSession>('PostgreSQL', async () => {
  const server = await startPostgres();
  await server.query('create table items (key text primary key, value text)');
  return {
    open: async () => postgres(server.url()),
    // The sessions of the earlier incarnation stay connected, as those of a machine that lost its network.
    reopen: async () => postgres(server.url()),
    async write(session, key, value) {
      await session.query(
        'insert into items (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value',
        [key, value],
      );
    },
    async read(session, key) {
      const { rows } = await session.query<{ value: string }>('select value from items where key = $1', [key]);
      return rows[0]?.value;
    },
    async committed(key) {
      const [row] = await server.query('select value from items where key = $1', [key]);
      return row?.value;
    },
    fail: (session) => session.query('select * from nowhere'),
    close: () => server.remove(),
  };
});
