import { describe, test } from 'vitest';
import { type MariaDbSession, mariadb } from '../../src/resources/mariadb/mariadb.ts';
import { hasMariaDb, startMariaDb } from '../fixtures/mariadb.ts';
import { conformsAsTransactionalResource } from './conformance.ts';

if (hasMariaDb) {
  conformsAsTransactionalResource<MariaDbSession>('MariaDB', async () => {
    const server = await startMariaDb();
    await server.query('create table items (name varchar(100) primary key, value text) engine = InnoDB');
    return {
      open: async () => mariadb(server.url()),
      // The sessions of the earlier incarnation stay connected, as those of a machine that lost its network.
      reopen: async () => mariadb(server.url()),
      async write(session, key, value) {
        await session.query('insert into items values (?, ?) on duplicate key update value = ?', [key, value, value]);
      },
      async read(session, key) {
        const { rows } = await session.query<{ value: string }>('select value from items where name = ?', [key]);
        return rows[0]?.value;
      },
      async committed(key) {
        const [row] = await server.query('select value from items where name = ?', [key]);
        return typeof row?.value === 'string' ? row.value : undefined;
      },
      fail: (session) => session.query('select * from nowhere'),
      close: () => server.remove(),
    };
  });
} else {
  console.warn('MariaDB is not installed here: its tests are skipped. Install the package mariadb-server to run them.');
  describe('MariaDB as a transactional resource', () => {
    test.skip('needs mariadbd and mariadb-install-db on the path', () => undefined);
  });
}
