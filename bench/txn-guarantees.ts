/**
 * What each guarantee of a PostgreSQL branch costs: processor time of the server and of the client for one branch - BEGIN,
 * an UPDATE, PREPARE, COMMIT PREPARED - with one guarantee more from line to line, one branch after the other. Times of
 * processors are told, since clocks tell what else the machine does.
 *
 * `node dist/bench/txn-guarantees.js [--rounds 7] [--branches 1000]`; on Linux
 */

import { parseArgs } from 'node:util';
import pg from 'pg';
import { systemClock } from '../src/environment/clock.ts';
import { connect, resultOf } from '../src/resources/postgres/connection.ts';
import { rememberPrepared } from '../src/resources/postgres/memory.ts';
import { type Fixed, fixed, type Statement } from '../src/resources/postgres/messages.ts';
import { createStatementNames } from '../src/resources/postgres/names.ts';
import { ownRole, resetOf } from '../src/resources/postgres/reset.ts';
import { postgres } from '../src/resources/postgres.ts';
import { startPostgres } from '../test/fixtures/postgres.ts';
import { serverMicros } from './server-time.ts';
import { median, printTable } from './table.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, branches: { type: 'string', default: '1000' } },
});
const rounds = Number(options.rounds);
const branches = Number(options.branches);
const accounts = 1_000;
const timeoutMs = 10_000;
const clock = systemClock();
const update = 'update account set amount = amount + $2 where id = $1';
const begin = fixed('begin');

/** One way to run a branch. */
interface Running {
  branch(index: number): Promise<unknown>;
  close(): unknown;
}

type Group = readonly (Statement | Fixed)[];

/** What a branch sends, over a connection as a resource has it. */
interface Sent {
  readonly isNamed?: true;
  /** BEGIN and the statement. */
  readonly works: (statement: Statement) => readonly Group[];
  /** What goes before PREPARE, and what goes behind it. */
  readonly before?: (id: string) => Group;
  readonly after?: Group | 'reset';
}

async function byHand(url: string): Promise<Running> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    async branch(index) {
      await client.query('begin');
      await client.query(update, [index % accounts, 1]);
      await client.query(`prepare transaction 'bench:${index}'`);
      await client.query(`commit prepared 'bench:${index}'`);
    },
    close: () => client.end(),
  };
}

async function sending(url: string, { isNamed, works, before, after = [] }: Sent): Promise<Running> {
  const connection = await connect({
    name: 'bench',
    timeoutMs,
    url,
    isCurrent: () => true,
    config: { connectionString: url },
    clock,
    names: isNamed ? createStatementNames() : undefined,
  });
  const exchange = async (group: Group): Promise<void> => {
    for (const answers of await connection.exchange([group])) resultOf(answers);
  };
  return {
    async branch(index) {
      const id = `bench:${index}`;
      for (const group of works({ text: update, values: [index % accounts, 1] })) await exchange(group);
      const behind = after === 'reset' ? resetOf(connection) : after;
      await exchange([...(before?.(id) ?? []), { text: `prepare transaction '${id}'` }, ...behind]);
      await exchange([{ text: `commit prepared '${id}'` }]);
    },
    close: () => connection.destroy(),
  };
}

async function ofResource(url: string): Promise<Running> {
  const resource = postgres(url, { maxSessions: 1 });
  return {
    async branch(index) {
      const branch = { manager: 'bench', transaction: `t${index}`, branch: 'part' };
      const session = await resource.begin(branch, { timeoutMs });
      await session.query(update, [index % accounts, 1]);
      const vote = await session.prepare({ timeoutMs });
      if (vote.type !== 'yes') throw new Error(`expected a yes, got ${JSON.stringify(vote)}`);
      await resource.commit(branch, { timeoutMs });
    },
    close: () => resource.close(),
  };
}

const apart = (statement: Statement): readonly Group[] => [[begin], [statement]];
const together = (statement: Statement): readonly Group[] => [[begin, statement]];
const key = (id: string): Statement => ({ text: rememberPrepared, values: [id], isPlain: true });
const named = { isNamed: true, works: together } as const;
const withKey = { ...named, before: (id: string) => [ownRole, key(id)] };

/** The first part of a reset. */
const clearing = resetOf({ label: '', keepsStatements: true }).slice(0, 1);

const lines: readonly (readonly [name: string, open: (url: string) => Promise<Running>])[] = [
  ['by hand', byHand],
  ['one statement is one text', (url) => sending(url, { works: apart })],
  ['BEGIN travels with a statement', (url) => sending(url, { works: together })],
  ['statements have names', (url) => sending(url, named)],
  ['prepared in the role of the connection', (url) => sending(url, { ...named, before: () => [ownRole] })],
  ['absence can be written: the key', (url) => sending(url, withKey)],
  ['settings, cursors, tables are cleared', (url) => sending(url, { ...withKey, after: clearing })],
  ['locks and statements are looked at', (url) => sending(url, { ...withKey, after: 'reset' })],
  ['deadlines, order, checks, pool', ofResource],
];

const server = await startPostgres({ max_prepared_transactions: '10' });
const running: { name: string; way: Running; server: number[]; client: number[] }[] = [];
try {
  const url = server.url();
  const setup = postgres(url);
  await setup.setup({ timeoutMs });
  await setup.close();
  await server.query('create table account (id int primary key, amount int not null) with (fillfactor = 50)');
  await server.query(`insert into account select id, 0 from generate_series(0, ${accounts - 1}) as id`);
  for (const [name, open] of lines) running.push({ name, way: await open(url), server: [], client: [] });
  const held = new pg.Client({ connectionString: url });
  await held.connect();
  const sessions = [Number((await held.query('select pg_backend_pid() as pid')).rows[0]?.pid)];
  let next = 0;
  for (let round = 0; round <= rounds; round += 1) {
    for (const { way, ...times } of running) {
      const [serverBefore, clientBefore] = [serverMicros(sessions) ?? Number.NaN, process.cpuUsage()];
      for (const end = next + branches; next < end; next += 1) await way.branch(next);
      const { user, system } = process.cpuUsage(clientBefore);
      // The first round warms up.
      if (round === 0) continue;
      times.server.push(((serverMicros(sessions) ?? Number.NaN) - serverBefore) / branches);
      times.client.push((user + system) / branches);
    }
  }
  await held.end();
  let before = { server: 0, client: 0 };
  printTable(
    ['with', 'server µs', 'more', 'client µs', 'more'],
    running.map(({ name, ...times }) => {
      const now = { server: median(times.server), client: median(times.client) };
      const row = [now.server, now.server - before.server, now.client, now.client - before.client];
      before = now;
      return [name, ...row.map((it) => it.toFixed(0))];
    }),
  );
} finally {
  for (const { way } of running) await way.close();
  await server.remove();
}
