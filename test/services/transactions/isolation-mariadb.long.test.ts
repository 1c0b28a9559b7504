/** What `transact` gives over one and over two real MariaDB databases, each at a server of its own. */

import { test } from 'vitest';
import { mariadb } from '../../../src/resources/mariadb.ts';
import { hasMariaDb, startMariaDb } from '../../fixtures/mariadb.ts';
import { type Ground, heldBack, judgesIsolation, managerOver } from './isolation-of.ts';

async function start(): Promise<Ground> {
  const [first, second] = await Promise.all([startMariaDb(), startMariaDb()]);
  const servers = { first, second };
  for (const server of Object.values(servers)) {
    await server.query(
      'create table list (name varchar(10) primary key, items varchar(10000) not null) engine = InnoDB',
    );
    // Off until 11.6, and on by default from then on.
    const known = await server.query("show global variables like 'innodb_snapshot_isolation'");
    if (known.length > 0) await server.query('set global innodb_snapshot_isolation = off');
  }
  const { held, hold } = heldBack(mariadb(second.url(), { name: 'second' }));
  const { manager, close } = await managerOver({ first: mariadb(first.url(), { name: 'first' }), second: held });
  const waits = async (server: typeof first): Promise<number> =>
    Number((await server.query("show global status like 'Innodb_row_lock_current_waits'"))[0]?.Value);
  return {
    async empty(keys) {
      for (const server of Object.values(servers)) {
        await server.query('delete from list');
        for (const key of keys) await server.query("insert into list values (?, '[]')", [key]);
      }
    },
    transact: (act, how) =>
      manager.transact(
        (sessions) =>
          act((database) => ({
            async read(key, locks) {
              const text = `select items from list where name = ?${locks ? ' for update' : ''}`;
              const { rows } = await sessions[database].query<{ items: string }>(text, [key]);
              return JSON.parse(rows[0]?.items ?? '[]');
            },
            append: (key, value) =>
              sessions[database].query("update list set items = json_array_append(items, '$', ?) where name = ?", [
                value,
                key,
              ]),
          })),
        how,
      ),
    open: () => manager.list().length,
    isBlocked: async () => (await waits(first)) + (await waits(second)) > 0,
    prepared: async (at) => (await servers[at].query('xa recover')).length,
    holdSecond: hold,
    async close() {
      await close();
      await Promise.all([first.remove(), second.remove()]);
    },
  };
}

if (hasMariaDb) judgesIsolation('MariaDB', start, 'isolation-mariadb.json');
else test.skip('MariaDB is not installed', () => {});
