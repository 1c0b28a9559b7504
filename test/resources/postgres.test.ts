import { type PostgresSession, postgres } from '../../src/resources/postgres.ts';
import { startPostgres } from '../fixtures/postgres.ts';
import { conformsAsTransactionalResource } from './conformance.ts';
import type { Trace } from './sql-conformance.ts';

conformsAsTransactionalResource<PostgresSession>(
  'PostgreSQL',
  async () => {
    const server = await startPostgres();
    await server.query('create table items (key text primary key, value text)');
    await server.query('create role weak');
    await server.query('create sequence numbers');
    await server.query("create procedure ends() language plpgsql as 'begin commit; end'");
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
      sql: {
        open: () => postgres(server.url(), { maxSessions: 1 }),
        async run(session, text, values) {
          const { rows } = await Reflect.apply(session.query, session, [text, values]);
          return rows;
        },
        insert: (key) => `insert into items (key) values ('${key}')`,
        async keys(prefix) {
          const rows = await server.query('select key from items where starts_with(key, $1) order by key', [prefix]);
          return rows.map((row) => row.key);
        },
        control: (at) => controlStatements(`quorate:${at.manager}:${at.transaction}:${at.branch}`),
        traces,
      },
    };
  },
  true,
);

const controlStatements = (globalId: string): readonly string[] => [
  'commit',
  'rollback',
  'rollback and chain',
  'commit and chain',
  'end',
  'abort work',
  'begin',
  'start transaction',
  `prepare transaction '${globalId}'`,
  `commit prepared '${globalId}'`,
  '; commit',
  '  -- a comment\r commit',
  '/* a /* nested */ comment */ rollback',
  'ROLLBACK/**/WORK',
  'do $$ begin commit; end $$',
  'do $$ begin rollback; end $$',
  'call ends()',
];

const traces: readonly Trace[] = [
  { name: 'a setting', does: ["set work_mem = '7MB'"], shows: 'show work_mem' },
  {
    name: 'a setting of the application, made by a function',
    does: ["do $$ begin perform set_config('app.tenant', 'first', false); end $$"],
    shows: "select nullif(current_setting('app.tenant', true), '') as tenant",
  },
  { name: 'where names are looked up', does: ['set search_path = elsewhere'], shows: 'show search_path' },
  {
    name: 'the isolation of later transactions',
    does: ['set session characteristics as transaction isolation level serializable'],
    shows: 'show default_transaction_isolation',
  },
  { name: 'a role', does: ['set role weak'], shows: 'select current_user' },
  { name: 'another user', does: ['set session authorization weak'], shows: 'select session_user' },
  {
    name: 'a temporary table',
    does: ['create temp table scratch as select 1 as n'],
    shows: "select to_regclass('pg_temp.scratch') as it",
  },
  {
    name: 'an advisory lock',
    does: ['select pg_advisory_lock(7)'],
    shows: "select count(*)::int as n from pg_locks where locktype = 'advisory'",
  },
  {
    name: 'a prepared statement',
    does: ['prepare mine as select 1'],
    shows: 'select count(*)::int as n from pg_prepared_statements where from_sql',
  },
  {
    name: 'a cursor',
    does: ['declare mine cursor with hold for select 1'],
    shows: "select count(*)::int as n from pg_cursors where name = 'mine'",
  },
  {
    name: 'a channel',
    does: ['listen news'],
    shows: 'select count(*)::int as n from pg_listening_channels()',
    atCommit: true,
  },
  { name: 'the last value of a sequence', does: ["select nextval('numbers')"], shows: 'select lastval() > 0 as known' },
];
