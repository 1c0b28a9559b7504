import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { EnlistedResource } from '../../src/resources/adapter.ts';
import type { Branch } from '../../src/resources/branch.ts';
import { createStatementNames, nameLimits } from '../../src/resources/postgres/names.ts';
import { type PostgresOptions, type PostgresSession, postgres } from '../../src/resources/postgres.ts';
import { startPostgres, type TestPostgres } from '../fixtures/postgres.ts';
import { startTcpProxy } from '../fixtures/tcp-proxy.ts';

const timeoutMs = 60_000;
const misfit = { code: '0A000', severity: 'ERROR' };

describe('names of statements', () => {
  test('are given to what comes again, the same one each time', () => {
    const names = createStatementNames();
    expect(names.nameOf('select $1')).toBeUndefined();
    expect(names.nameOf('select $2')).toBeUndefined();
    const name = names.nameOf('select $1');
    expect(name).toBeDefined();
    expect(names.nameOf('select $1')).toBe(name);
    expect(names.nameOf('select $2')).not.toBe(name);
  });

  test('are given anew, once, when the server has something else under them', () => {
    const names = createStatementNames();
    names.nameOf('select $1');
    const first = names.nameOf('select $1') ?? '';
    names.refused('select $1', first, { code: '23505', severity: 'ERROR' });
    expect(names.nameOf('select $1')).toBe(first);
    names.refused('select $1', first, misfit);
    const second = names.nameOf('select $1');
    expect(second).not.toBe(first);
    names.refused('select $1', first, misfit);
    expect(names.nameOf('select $1')).toBe(second);
  });

  test('are bounded: in number, in the length of texts, and in what is remembered of texts that came once', () => {
    const names = createStatementNames();
    const long = 'x'.repeat(nameLimits.textLength + 1);
    for (let turn = 0; turn < 3; turn += 1) expect(names.nameOf(long)).toBeUndefined();
    names.nameOf('forgotten');
    for (let index = 0; index < nameLimits.seenOnce; index += 1) names.nameOf(`once ${index}`);
    expect(names.nameOf('forgotten')).toBeUndefined();
    const given = new Set<string | undefined>();
    for (let index = 0; index < nameLimits.names; index += 1) {
      names.nameOf(`text ${index}`);
      given.add(names.nameOf(`text ${index}`));
    }
    expect([given.size, given.has(undefined)]).toEqual([nameLimits.names, false]);
    names.nameOf('one more');
    expect(names.nameOf('one more')).toBeUndefined();
    const last = names.nameOf('text 0') ?? '';
    names.refused('text 0', last, misfit);
    expect(names.nameOf('text 0')).toBeUndefined();
  });
});

describe('statements that come again in PostgreSQL', () => {
  let server: TestPostgres;
  let count = 0;
  const opened: EnlistedResource<PostgresSession>[] = [];
  const open = async (
    options: PostgresOptions = {},
    url = server.url(),
  ): Promise<EnlistedResource<PostgresSession>> => {
    const resource = postgres(url, { maxSessions: 1, ...options });
    opened.push(resource);
    await resource.setup({ timeoutMs });
    return resource;
  };
  const branch = (): Branch => {
    count += 1;
    return { manager: 'm1', transaction: `t${count}`, branch: 'part' };
  };
  /** Runs statements in a branch of their own, prepares it, and commits it. */
  const commit = async (
    resource: EnlistedResource<PostgresSession>,
    ...statements: readonly (readonly [text: string, values?: readonly unknown[]])[]
  ): Promise<string> => {
    const at = branch();
    const session = await resource.begin(at, { timeoutMs });
    try {
      for (const [text, values] of statements) await session.query(text, values);
    } catch {
      return (await session.prepare({ timeoutMs })).type;
    }
    const vote = await session.prepare({ timeoutMs });
    if (vote.type === 'yes') expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
    return vote.type;
  };
  const keptTexts = async (resource: EnlistedResource<PostgresSession>): Promise<unknown[]> => {
    const session = await resource.begin(branch(), { timeoutMs });
    // Without the one of ours that looks what a session was left with.
    const { rows } = await session.query(
      "select statement from pg_prepared_statements where name <> 'session_reset' order by prepare_time",
    );
    await session.rollback();
    return rows.map((row) => row.statement);
  };

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    await server.query('drop table if exists items, late');
  });
  afterAll(() => server.remove());

  const insert = 'insert into items (id) values ($1) returning *';
  const createItems = () => server.query('create table items (id int primary key)');

  test('are kept by the server under a name from the second time on, and those without parameters are not', async () => {
    await createItems();
    const resource = await open();
    expect(await commit(resource, [insert, [1]], ['select 1'])).toBe('yes');
    expect(await keptTexts(resource)).toEqual([]);
    for (const id of [2, 3, 4]) expect(await commit(resource, [insert, [id]], ['select 1'])).toBe('yes');
    const kept = await keptTexts(resource);
    expect(kept).toContain(insert);
    expect(kept).toContainEqual(expect.stringContaining('insert into quorate.branches'));
    expect(kept).toHaveLength(2);
  });

  test('are not kept when the resource is told not to', async () => {
    await createItems();
    const resource = await open({ prepareStatements: false });
    for (const id of [1, 2, 3]) expect(await commit(resource, [insert, [id]])).toBe('yes');
    expect(await keptTexts(resource)).toEqual([]);
  });

  test('vote no once after an ALTER TABLE that changes their columns, on one connection for all, and then work', async () => {
    await createItems();
    const resource = await open({ maxSessions: 2 });
    // Both connections have it under its name.
    for (const id of [1, 3, 5]) {
      const [one, two] = [branch(), branch()];
      const [first, second] = [await resource.begin(one, { timeoutMs }), await resource.begin(two, { timeoutMs })];
      await first.query(insert, [id]);
      await second.query(insert, [id + 1]);
      expect(await first.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
      expect(await second.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
    }
    await server.query("alter table items add column note text default 'new'");
    const [one, two] = [branch(), branch()];
    const [first, second] = [await resource.begin(one, { timeoutMs }), await resource.begin(two, { timeoutMs })];
    await expect(first.query(insert, [7])).rejects.toMatchObject({ code: 'STATEMENT', resourceCode: '0A000' });
    expect(await first.prepare({ timeoutMs })).toMatchObject({
      type: 'no',
      reason: expect.stringContaining('cached plan'),
    });
    expect((await second.query(insert, [7])).rows).toEqual([{ id: 7, note: 'new' }]);
    expect(await second.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
    expect(await commit(resource, [insert, [8]])).toBe('yes');
    expect(await server.query('select count(*)::int as n from items')).toEqual([{ n: 8 }]);
  });

  test('are named anew once, however many connections an ALTER TABLE fails on at the same time', async () => {
    await createItems();
    const resource = await open({ maxSessions: 4 });
    /** Runs it on all connections at once. @returns the latest name at each */
    const latest = async (ids: readonly number[]): Promise<unknown[]> => {
      const sessions: PostgresSession[] = [];
      for (const _ of ids) sessions.push(await resource.begin(branch(), { timeoutMs }));
      await Promise.allSettled(ids.map((id, index) => sessions[index]?.query(insert, [id])));
      const text = "select max(substr(name, 3)::int) as name from pg_prepared_statements where name like 'q%'";
      const found = await Promise.allSettled(sessions.map((session) => session.query(text)));
      for (const session of sessions) await session.rollback();
      return found.map((it) => (it.status === 'fulfilled' ? it.value.rows[0]?.name : it.status));
    };
    for (const first of [1, 11, 21]) await latest([first, first + 1, first + 2, first + 3]);
    expect(await latest([31, 32, 33, 34])).toEqual([1, 1, 1, 1]);
    await server.query("alter table items add column note text default 'new'");
    expect(await latest([41, 42, 43, 44])).toEqual(Array(4).fill('rejected'));
    expect(await latest([51, 52, 53, 54])).toEqual([2, 2, 2, 2]);
  });

  test('are not taken for parsed when the server refused to parse them', async () => {
    const resource = await open();
    const early = 'insert into late (id) values ($1)';
    for (let turn = 0; turn < 3; turn += 1) expect(await commit(resource, [early, [1]])).toBe('no');
    await server.query('create table late (id int)');
    expect(await commit(resource, [early, [1]])).toBe('yes');
    expect(await commit(resource, [early, [2]])).toBe('yes');
    expect(await server.query('select id from late order by id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test('work again after the application had the server give up everything that it kept', async () => {
    await createItems();
    const resource = await open();
    for (const id of [1, 2, 3]) expect(await commit(resource, [insert, [id]])).toBe('yes');
    expect(await commit(resource, ['deallocate all'], [insert, [4]])).toBe('no');
    for (const id of [4, 5]) expect(await commit(resource, [insert, [id]])).toBe('yes');
  });

  test('prepare a branch together with it', async () => {
    await createItems();
    const resource = await open();
    for (const id of [1, 2, 3]) {
      const at = branch();
      const session = await resource.begin(at, { timeoutMs });
      const { vote, result } = await session.queryAndPrepare(insert, [id], { timeoutMs });
      expect([vote.type, result?.rows]).toEqual(['yes', [{ id }]]);
      expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
    }
    const session = await resource.begin(branch(), { timeoutMs });
    const { vote } = await session.queryAndPrepare(insert, [3], { timeoutMs });
    expect(vote).toMatchObject({ type: 'no', reason: expect.stringContaining('duplicate key') });
  });

  test('do not hide a last statement that ended the transaction, nor one that failed', async () => {
    await createItems();
    const resource = await open();
    for (const id of [1, 2, 3]) expect(await commit(resource, [insert, [id]])).toBe('yes');
    const hiding = branch();
    const session = await resource.begin(hiding, { timeoutMs });
    await session.query(insert, [4]);
    expect(await session.queryAndPrepare('select 1; commit', [], { timeoutMs })).toMatchObject({
      vote: { type: 'no' },
    });
    expect(await resource.rollback(hiding, { timeoutMs })).toEqual({ type: 'done' });
    for (const values of [[], [1]]) {
      const failing = await resource.begin(branch(), { timeoutMs });
      const text = values.length === 0 ? 'insert into items values (1)' : insert;
      const answer = await failing.queryAndPrepare(text, values, { timeoutMs });
      expect(answer).toEqual({ vote: { type: 'no', reason: expect.stringContaining('duplicate key') } });
    }
    expect(await server.query('select gid from pg_prepared_xacts')).toEqual([]);
    expect(await server.query('select count(*)::int as n from items')).toEqual([{ n: 3 }]);
  });

  test('refuse a key that is written already, and name who used an idempotency key', async () => {
    await createItems();
    const resource = await open();
    for (const id of [1, 2, 3]) {
      expect(await commit(resource, [insert, [id]])).toBe('yes');
      const direct = await resource.begin(branch(), { timeoutMs });
      await direct.query(insert, [id + 10]);
      expect(await direct.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
    }
    for (const how of ['prepare', 'commitDirectly'] as const) {
      const late = branch();
      expect(await resource.writeAbsence(late, { timeoutMs })).toEqual({ type: 'absent' });
      const session = await resource.begin(late, { timeoutMs });
      await session.query(insert, [20]);
      const reason = expect.stringContaining('its key is written already');
      expect(await session[how]({ timeoutMs })).toEqual({ type: 'no', reason });
    }
    const [holder, second] = [branch(), branch()];
    for (const at of [holder, second]) {
      const session = await resource.begin(at, { timeoutMs });
      await session.query(insert, [at === holder ? 30 : 31]);
      const ended = await session.commitDirectly({ timeoutMs, idempotencyKey: 'safe-literal' });
      expect(ended).toMatchObject(at === holder ? { type: 'committed' } : { type: 'no', committedBy: holder });
    }
    expect(await server.query('select id from items where id >= 20')).toEqual([{ id: 30 }]);
  });

  test('travel with BEGIN, and with PREPARE behind them, in one packet', async () => {
    await createItems();
    const proxy = await startTcpProxy(() => server.port);
    const resource = await open({}, server.url('postgres', proxy.port));
    for (const id of [1, 2]) {
      const at = branch();
      const session = await resource.begin(at, { timeoutMs });
      const { held, letGo } = proxy.holdRequest('prepare transaction');
      const voted = session.queryAndPrepare(insert, [id], { timeoutMs });
      await held;
      const begun = "select pid from pg_stat_activity where application_name like 'quorate/m1/%' and state <> 'idle'";
      expect(await server.query(begun)).toEqual([]);
      letGo();
      expect(await voted).toMatchObject({ vote: { type: 'yes' }, result: { rows: [{ id }] } });
      expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
    }
    await proxy.close();
  });

  test('mean the same with every kind of value, whether they travel alone or with BEGIN', async () => {
    const resource = await open();
    const values: readonly (readonly [type: string, value: unknown])[] = [
      ['text', "it's"],
      ['text', String.raw`back\slash \' and "quotes"`],
      ['text', 'two\nlines; commit --'],
      ['text', 'Grüße, 世界'],
      ['text', ''],
      ['text', 'plain $1 ? % :name; rollback'],
      ['text', 'x'.repeat(2_000)],
      ['text', null],
      ['text', undefined],
      ['int', -42],
      ['float8', 1.5e-300],
      ['float8', Number.NaN],
      ['int8', 9_007_199_254_740_993n],
      ['numeric', '12345678901234567890.123'],
      ['bool', true],
      ['bool', false],
      ['timestamptz', new Date(86_400_000)],
      ['bytea', Buffer.from([0, 39, 92, 255])],
      ['jsonb', { quote: "'", list: [1, null] }],
      ['text[]', ['a', "b'c", null]],
      ['int', '17'],
    ];
    for (const [type, value] of values) {
      const text = `select $1::${type} as value, pg_typeof($1::${type})::text as type`;
      const seen: unknown[] = [];
      for (let turn = 0; turn < 4; turn += 1) {
        const session = await resource.begin(branch(), { timeoutMs });
        const { rows, rowCount, command } = await session.query(text, [value]);
        seen.push({ rows, rowCount, command });
        await session.rollback();
      }
      expect(seen).toEqual(Array(4).fill(seen[0]));
    }
    const nul = await resource.begin(branch(), { timeoutMs });
    await expect(nul.query('select $1::text as value', ['a\0b'])).rejects.toMatchObject({ resourceCode: '22021' });
    expect(await nul.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
  });

  test('are answered only when the server has said how the transaction stands', async () => {
    await createItems();
    const proxy = await startTcpProxy(() => server.port);
    const resource = await open({}, server.url('postgres', proxy.port));
    for (const id of [1, 2, 3]) expect(await commit(resource, [insert, [id]])).toBe('yes');
    // ReadyForQuery in a failed transaction.
    const answer = proxy.holdAnswer('Z\0\0\0\x05E');
    const session = await resource.begin(branch(), { timeoutMs });
    const refused = expect(session.query(insert, [3])).rejects.toMatchObject({ resourceCode: '23505' });
    const vote = session.prepare({ timeoutMs });
    answer.letGo();
    await refused;
    expect(await vote).toMatchObject({ type: 'no', reason: expect.stringContaining('duplicate key') });
    expect(await commit(resource, [insert, [4]])).toBe('yes');
    await proxy.close();
  });

  test('leave the label of their session in place when what travelled with BEGIN is rolled back', async () => {
    const resource = await open();
    const text = "select current_setting('application_name') as label, $1::int as value";
    for (const value of [1, 2, 3]) await commit(resource, [text, [value]]);
    const labels: unknown[] = [];
    for (const turn of [1, 2]) {
      count += 1;
      const session = await resource.begin(
        { manager: 'm1', transaction: `t${count}`, branch: 'another' },
        { timeoutMs },
      );
      const { rows } = await session.query(text, [turn]);
      labels.push(rows[0]?.label);
      await session.rollback();
    }
    expect(labels[0]).toMatch(/^quorate\/m1\//);
    expect(labels[1]).toBe(labels[0]);
  });

  test('give back a connection on which the application reset the label of its session', async () => {
    await createItems();
    const resource = await open();
    expect(await commit(resource, [insert, [1]], ['reset all'])).toBe('yes');
    const session = await resource.begin(branch(), { timeoutMs });
    const { rows } = await session.query("select current_setting('application_name') as label");
    expect(rows).toEqual([{ label: expect.stringMatching(/^quorate\/m1\//) }]);
    await session.rollback();
  });
});

describe('durability on a server that does not wait for its disk', () => {
  test('is raised for every session, also where the application lowers it again in a direct commit', async () => {
    const server = await startPostgres({ synchronous_commit: 'off' });
    try {
      const resource = postgres(server.url());
      await resource.setup({ timeoutMs });
      const session = await resource.begin({ manager: 'm1', transaction: 't1', branch: 'part' }, { timeoutMs });
      const read = async () => (await session.query("select current_setting('synchronous_commit') as how")).rows;
      expect(await read()).toEqual([{ how: 'on' }]);
      // What was set at the commit is seen by a trigger that runs at its end.
      await server.query('create table seen (how text)');
      await server.query(`create function note() returns trigger language plpgsql as
        $$ begin insert into seen values (current_setting('synchronous_commit')); return null; end $$`);
      await server.query(`create constraint trigger last_of_all after insert on quorate.branches
        deferrable initially deferred for each row execute function note()`);
      await session.query('set local synchronous_commit = off');
      await session.query('create table made (id int)');
      expect(await session.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
      expect(await server.query('select how from seen')).toEqual([{ how: 'on' }]);
      await resource.close();
    } finally {
      await server.remove();
    }
  });
});
