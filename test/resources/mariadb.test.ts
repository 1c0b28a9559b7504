import { describe, test } from 'vitest';
import { type MariaDbSession, mariadb } from '../../src/resources/mariadb.ts';
import { hasMariaDb, startMariaDb } from '../fixtures/mariadb.ts';
import { conformsAsTransactionalResource } from './conformance.ts';
import type { Trace } from './sql-conformance.ts';

const controlStatements = (xid: string): readonly string[] => [
  'commit',
  'rollback',
  'rollback and chain',
  'begin',
  'start transaction',
  'create table made (id int)',
  'lock tables items write',
  'call ends()',
  'begin not atomic commit; end',
  `xa end ${xid}`,
  `/* a comment */ XA/**/COMMIT ${xid} one phase`,
  `/*! xa end ${xid} */`,
  `/*M! xa rollback ${xid} */`,
  `begin not atomic xa end ${xid}; xa commit ${xid} one phase; end`,
  `execute immediate "xa end ${xid}"`,
];

const traces: readonly Trace[] = [
  { name: 'the database', does: ['use elsewhere'], shows: 'select database() as it' },
  { name: 'a setting', does: ["set session sql_mode = 'ANSI_QUOTES'"], shows: 'select @@sql_mode as it' },
  { name: 'a character set', does: ['set names latin1'], shows: 'select @@character_set_client as it' },
  {
    name: 'the isolation of later transactions',
    does: ['set session transaction isolation level read uncommitted'],
    shows: 'select @@tx_isolation as it',
  },
  { name: 'autocommit', does: ['set autocommit = 0'], shows: 'select @@autocommit as it' },
  { name: 'a variable', does: ["set @tenant = 'first'"], shows: 'select @tenant as it' },
  {
    name: 'a temporary table',
    does: ['create temporary table scratch (n int)'],
    shows: 'select count(*) as n from scratch',
  },
  { name: 'a lock', does: ["select get_lock('mine', 0)"], shows: "select is_used_lock('mine') is null as free" },
  { name: 'a prepared statement', does: ["prepare mine from 'select 1 as n'"], shows: 'execute mine' },
  {
    name: 'the last generated number',
    does: ['select last_insert_id(77)'],
    shows: 'select last_insert_id() as it',
  },
];

if (hasMariaDb) {
  conformsAsTransactionalResource<MariaDbSession>(
    'MariaDB',
    async () => {
      const server = await startMariaDb();
      await server.query('create table items (name varchar(100) primary key, value text) engine = InnoDB');
      await server.query('create procedure ends() begin commit; end');
      await server.query('create database elsewhere');
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
        sql: {
          // What the URL asks for is refused to applications.
          open: () => mariadb(`${server.url()}?multipleStatements=true`, { maxSessions: 1 }),
          async run(session, text, values) {
            const { rows } = await Reflect.apply(session.query, session, [text, values]);
            return rows;
          },
          insert: (key) => `insert into items (name) values ('${key}')`,
          async keys(prefix) {
            const rows = await server.query('select name from items where name like ? order by name', [`${prefix}%`]);
            return rows.map((row) => row.name);
          },
          control: (at) => controlStatements(`'${at.manager}:${at.transaction}','${at.branch}',1364545362`),
          traces,
        },
      };
    },
    true,
  );
} else {
  console.warn('MariaDB is not installed here: its tests are skipped. Install the package mariadb-server to run them.');
  describe('MariaDB as a transactional resource', () => {
    test.skip('needs mariadbd and mariadb-install-db on the path', () => undefined);
  });
}
