import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EnlistedResource } from '../../src/resources/adapter.ts';
import { type Branch, globalIdOf } from '../../src/resources/branch.ts';
import { isDefinite } from '../../src/resources/postgres/errors.ts';
import { type PostgresOptions, type PostgresSession, postgres } from '../../src/resources/postgres.ts';
import { startPostgres, type TestPostgres } from '../fixtures/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../fixtures/tcp-proxy.ts';
import { until } from '../fixtures/until.ts';

const timeoutMs = 60_000;

describe('a PostgreSQL resource in trouble', () => {
  let server: TestPostgres;
  let proxy: TcpProxy;
  let count = 0;
  const opened: EnlistedResource<PostgresSession>[] = [];
  const branch = (manager = 'm1'): Branch => {
    count += 1;
    return { manager, transaction: `t${count}`, branch: 'part' };
  };
  const open = (url = server.url(), options: PostgresOptions = {}): EnlistedResource<PostgresSession> => {
    const resource = postgres(url, { name: 'orders', ...options });
    opened.push(resource);
    return resource;
  };
  const insert = (session: PostgresSession, key: string) =>
    session.query('insert into items values ($1, $2)', [key, 'x']);
  const exists = async (key: string): Promise<boolean> =>
    (await server.query('select from items where key = $1', [key])).length === 1;
  const working = async (resource: EnlistedResource<PostgresSession>, at: Branch, key: string) => {
    const session = await resource.begin(at, { timeoutMs });
    await insert(session, key);
    return session;
  };
  const preparedIds = async (): Promise<string[]> =>
    (await server.query('select gid from pg_prepared_xacts')).map((row) => String(row.gid));

  beforeAll(async () => {
    server = await startPostgres({ max_prepared_transactions: '3' });
    proxy = await startTcpProxy(() => server.port);
    await server.query('create table items (key text primary key, value text)');
    await open().setup({ timeoutMs });
  });
  afterAll(async () => {
    for (const each of opened) await each.close();
    await proxy.close();
    await server.remove();
  });

  describe('when an answer or a request is lost', () => {
    test('does not know about a prepare whose answer is lost, finds it prepared, and commits it by its name', async () => {
      const [resource, at, key] = [open(server.url('postgres', proxy.port)), branch(), 'lost-prepare'];
      const session = await working(resource, at, key);
      const lost = proxy.loseAnswerTo('prepare transaction');
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'unknown' });
      await lost;
      expect(await resource.outcomeOf(at, { timeoutMs })).toEqual({ type: 'prepared' });
      expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
      expect(await exists(key)).toBe(true);
    });

    test('rolls back by its name what was prepared without anybody hearing of it', async () => {
      const [resource, at, key] = [open(server.url('postgres', proxy.port)), branch(), 'lost-prepare-2'];
      const session = await working(resource, at, key);
      void proxy.loseAnswerTo('prepare transaction');
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'unknown' });
      expect(await resource.rollback(at, { timeoutMs })).toEqual({ type: 'done' });
      expect(await preparedIds()).toEqual([]);
      expect(await exists(key)).toBe(false);
    });

    test('rolls back for good what it was about to prepare when the request was lost', async () => {
      const [resource, at, key] = [open(server.url('postgres', proxy.port)), branch(), 'lost-request'];
      const session = await working(resource, at, key);
      void proxy.loseRequest('prepare transaction');
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'unknown' });
      expect(await resource.rollback(at, { timeoutMs })).toEqual({ type: 'done' });
      expect(await resource.outcomeOf(at, { timeoutMs })).toEqual({ type: 'aborted' });
      expect(await exists(key)).toBe(false);
    });

    test('finds a commit whose answer was lost done, with and without the receipt', async () => {
      const [resource, at, key] = [open(server.url('postgres', proxy.port)), branch(), 'lost-commit'];
      const session = await working(resource, at, key);
      const vote = await session.prepare({ timeoutMs });
      const receipt = vote.type === 'yes' && vote.receipt !== undefined ? vote.receipt : 'none';
      void proxy.loseAnswerTo('commit prepared');
      expect(await resource.commit(at, { receipt, timeoutMs })).toMatchObject({ type: 'unknown' });
      expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
      expect(await resource.rollback(at, { receipt, timeoutMs })).toMatchObject({ type: 'refused' });
      expect(await exists(key)).toBe(true);
    });

    test('knows by the receipt alone what became of a branch whose row is gone', async () => {
      const [resource, done, undone] = [open(), branch(), branch()];
      const receiptOf = async (at: Branch, key: string): Promise<string> => {
        const vote = await (await working(resource, at, key)).prepare({ timeoutMs });
        return vote.type === 'yes' ? (vote.receipt ?? '') : '';
      };
      const [first, second] = [await receiptOf(done, 'receipt-1'), await receiptOf(undone, 'receipt-2')];
      await resource.commit(done, { timeoutMs });
      await resource.rollback(undone, { receipt: second, timeoutMs });
      await server.query('delete from quorate.branches');
      expect(await resource.commit(done, { receipt: first, timeoutMs })).toEqual({ type: 'done' });
      expect(await resource.commit(undone, { receipt: second, timeoutMs })).toMatchObject({ type: 'refused' });
      expect(await resource.commit(done, { timeoutMs })).toMatchObject({ type: 'unknown' });
      // A transaction id of the future, and one that another server or a promoted standby gave out.
      const [xid, history] = first.split('@');
      for (const receipt of [`18446744073709551000@${history}`, `${xid}@1/00000009`, `${xid}`]) {
        expect(await resource.commit(done, { receipt, timeoutMs })).toMatchObject({ type: 'unknown' });
      }
    });

    test('learns what became of a direct commit whose answer was lost', async () => {
      const [resource, first, second] = [open(server.url('postgres', proxy.port)), branch(), branch()];
      const one = await working(resource, first, 'direct-1');
      void proxy.loseAnswerTo('commit');
      expect(await one.commitDirectly({ timeoutMs })).toMatchObject({ type: 'unknown' });
      expect(await resource.writeAbsence(first, { timeoutMs })).toEqual({ type: 'committed' });
      const two = await working(resource, second, 'direct-2');
      void proxy.loseRequest('commit');
      expect(await two.commitDirectly({ timeoutMs })).toMatchObject({ type: 'unknown' });
      expect(await resource.writeAbsence(second, { timeoutMs })).toEqual({ type: 'absent' });
      expect([await exists('direct-1'), await exists('direct-2')]).toEqual([true, false]);
    });

    test('refuses a prepare that arrives after absence was written, from a session that was not found', async () => {
      const [old, recovering, at, key] = [open(server.url('postgres', proxy.port)), open(), branch(), 'late'];
      const session = await working(old, at, key);
      // Under another name recovery cannot find the session, and only the key stops it.
      await session.query("set application_name = 'somebody else'");
      const late = proxy.holdRequest('prepare transaction');
      const vote = session.prepare({ timeoutMs });
      await late.held;
      expect(await recovering.writeAbsence(at, { timeoutMs })).toEqual({ type: 'absent' });
      late.letGo();
      expect(await vote).toMatchObject({ type: 'no', reason: expect.stringContaining('declared aborted') });
      expect(await preparedIds()).toEqual([]);
      expect(await exists(key)).toBe(false);
    });

    test('ends a session that holds its request back, and the request comes to nothing', async () => {
      const [old, recovering, at, key] = [open(server.url('postgres', proxy.port)), open(), branch(), 'held'];
      const session = await working(old, at, key);
      const late = proxy.holdRequest('prepare transaction');
      const vote = session.prepare({ timeoutMs });
      await late.held;
      expect(await recovering.rollback(at, { timeoutMs })).toEqual({ type: 'done' });
      late.letGo();
      expect((await vote).type).toBe('unknown');
      expect(await preparedIds()).toEqual([]);
      // The lock on the row is gone with the session.
      await server.query("insert into items values ($1, 'next')", [key]);
    });

    test('says that a branch is still there when its key is written and its session cannot be ended', async () => {
      const [resource, at] = [open(), branch()];
      const blocker = `begin; insert into quorate.branches (global_id, state) values ('${globalIdOf(at)}', 'committed'); prepare transaction 'foreign'`;
      await server.query(blocker);
      // It waits for the key for half of its time; where the rest is too short, it does not know.
      await until(
        'it to be said to be there',
        async () => (await resource.writeAbsence(at, { timeoutMs: 1_000 })).type === 'present',
      );
      await server.query("rollback prepared 'foreign'");
      expect(await resource.writeAbsence(at, { timeoutMs })).toEqual({ type: 'absent' });
    });
  });

  describe('when its sessions are ended', () => {
    const terminate = (): Promise<unknown> =>
      server.query(
        "select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name like 'quorate/%'",
      );

    test('votes no when the session ended before it was asked to prepare', async () => {
      const [resource, at, key] = [open(), branch(), 'terminated'];
      const session = await working(resource, at, key);
      await terminate();
      expect((await session.prepare({ timeoutMs })).type).not.toBe('yes');
      expect(await resource.rollback(at, { timeoutMs })).toEqual({ type: 'done' });
      expect(await exists(key)).toBe(false);
    });

    test('does not know whether a statement happened that was under way, and votes no', async () => {
      const [resource, at] = [open(), branch()];
      const session = await resource.begin(at, { timeoutMs });
      const statement = session.query('select pg_sleep(600)');
      const ended = expect(statement).rejects.toMatchObject({ code: 'STATEMENT', resourceCode: '57P01' });
      await until('the statement to run', async () => {
        const rows = await server.query(
          "select from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'",
        );
        return rows.length > 0 ? true : undefined;
      });
      await terminate();
      await ended;
      await expect(session.query('select 1')).rejects.toMatchObject({ code: 'BRANCH_CLOSED' });
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
    });

    test('goes on with a prepared branch, and with new ones, as if nothing had happened', async () => {
      const [resource, at, key] = [open(), branch(), 'survives'];
      await (await working(resource, at, key)).prepare({ timeoutMs });
      await terminate();
      await until('the resource to be there again', async () =>
        (await resource.commit(at, { timeoutMs })).type === 'done' ? true : undefined,
      );
      expect(await exists(key)).toBe(true);
    });
  });

  describe('when the server is killed', () => {
    test('before prepare: the branch is gone, and its rollback certain', async () => {
      const [resource, at, key] = [open(), branch(), 'killed-1'];
      const session = await working(resource, at, key);
      await server.kill();
      expect((await session.prepare({ timeoutMs: 1_000 })).type).not.toBe('yes');
      expect(await resource.rollback(at, { timeoutMs: 500 })).toMatchObject({ type: 'unknown' });
      expect(await resource.outcomeOf(at, { timeoutMs: 500 })).toMatchObject({ type: 'unknown' });
      await server.start();
      expect(await resource.rollback(at, { timeoutMs })).toEqual({ type: 'done' });
      expect(await exists(key)).toBe(false);
    });

    test('between prepare and its answer: it is prepared, and commits after the restart', async () => {
      const [resource, at, key] = [open(server.url('postgres', proxy.port)), branch(), 'killed-2'];
      const session = await working(resource, at, key);
      const lost = proxy.loseAnswerTo('prepare transaction');
      const vote = session.prepare({ timeoutMs });
      await lost;
      await server.kill();
      expect(await vote).toMatchObject({ type: 'unknown' });
      await server.start();
      expect(await resource.prepared(at.manager, { timeoutMs })).toMatchObject([{ branch: at }]);
      expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
      expect(await exists(key)).toBe(true);
    });

    test('before commit, and after a commit whose answer was lost: once and for all committed', async () => {
      const [resource, first, second] = [open(server.url('postgres', proxy.port)), branch(), branch()];
      for (const [at, key] of [
        [first, 'killed-3'],
        [second, 'killed-4'],
      ] as const) {
        expect(await (await working(resource, at, key)).prepare({ timeoutMs })).toMatchObject({ type: 'yes' });
      }
      const lost = proxy.loseAnswerTo('commit prepared');
      const commit = resource.commit(first, { timeoutMs });
      await lost;
      await server.kill();
      expect(await commit).toMatchObject({ type: 'unknown' });
      expect(await resource.commit(second, { timeoutMs: 500 })).toMatchObject({ type: 'unknown' });
      await server.start();
      expect(await resource.commit(first, { timeoutMs })).toEqual({ type: 'done' });
      expect(await resource.commit(second, { timeoutMs })).toEqual({ type: 'done' });
      expect([await exists('killed-3'), await exists('killed-4')]).toEqual([true, true]);
      expect(await preparedIds()).toEqual([]);
    });
  });

  describe('when something cannot be prepared', () => {
    const vote = async (resource: EnlistedResource<PostgresSession>, ...statements: readonly string[]) => {
      const session = await resource.begin(branch(), { timeoutMs });
      for (const statement of statements) await session.query(statement);
      return session.prepare({ timeoutMs });
    };

    test('votes no with the reason: temporary tables, notifications, listening', async () => {
      const resource = open();
      const temporary = ['create temp table scratch (n int)', 'insert into scratch values (1)'];
      expect(await vote(resource, ...temporary)).toMatchObject({
        type: 'no',
        reason: expect.stringContaining('temporary'),
      });
      for (const statement of ['notify news', "select pg_notify('news', 'x')", 'listen news']) {
        expect(await vote(resource, statement)).toMatchObject({
          type: 'no',
          reason: expect.stringContaining('NOTIFY'),
        });
      }
    });

    test('votes no for a constraint that is checked at the end', async () => {
      await server.query('create table parents (id int primary key)');
      await server.query('create table children (parent int references parents deferrable initially deferred)');
      expect(await vote(open(), 'insert into children values (1)')).toMatchObject({
        type: 'no',
        reason: expect.stringContaining('foreign key'),
      });
    });

    test('refuses statements that would end the branch, wherever they hide', async () => {
      const resource = open();
      for (const text of ['commit', ' /* x */ BEGIN', '-- x\nrollback', "prepare transaction 'x'", 'end']) {
        const session = await resource.begin(branch(), { timeoutMs });
        await expect(session.query(text)).rejects.toMatchObject({ code: 'BRANCH_CONTROL' });
        await session.rollback();
      }
      const session = await resource.begin(branch(), { timeoutMs });
      await expect(session.query('select 1; commit; select 2')).rejects.toMatchObject({ resourceCode: '42601' });
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
      const [hiding, hidden] = [open(), branch()];
      const last = await working(hiding, hidden, 'hidden');
      const { vote } = await last.queryAndPrepare('select 1; commit', [], { timeoutMs });
      expect(vote).toMatchObject({ type: 'no', reason: expect.stringContaining('multiple commands') });
      expect(await hiding.rollback(hidden, { timeoutMs })).toEqual({ type: 'done' });
      expect(await exists('hidden')).toBe(false);
    });

    test('commits what was done in another role, and whatever role the branch ended in', async () => {
      await server.query('create role clerk; grant insert on items to clerk');
      const resource = open();
      for (const set of ['set local role clerk', 'set role clerk', 'set session authorization clerk']) {
        for (const how of ['prepare', 'queryAndPrepare', 'commitDirectly'] as const) {
          const [at, key] = [branch(), `${set}, ${how}`];
          const session = await resource.begin(at, { timeoutMs });
          await session.query(set);
          const insert = ['insert into items values ($1, $2)', [key, 'x']] as const;
          if (how !== 'queryAndPrepare') await session.query(...insert);
          if (how === 'commitDirectly') {
            expect(await session.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
          } else {
            if (how === 'queryAndPrepare') await session.queryAndPrepare(...insert, { timeoutMs });
            expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'yes' });
            expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
          }
          expect(await exists(key)).toBe(true);
        }
      }
    });

    test('refuses input for a COPY, and gives the branch up', async () => {
      const session = await open().begin(branch(), { timeoutMs });
      await expect(session.query('copy items from stdin')).rejects.toMatchObject({
        code: 'STATEMENT',
        message: expect.stringContaining('COPY FROM STDIN'),
      });
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
    });

    test('refuses an isolation level that there is not', () => {
      const options: PostgresOptions = JSON.parse('{ "isolationLevel": "serializable; commit" }');
      expect(() => postgres(server.url(), options)).toThrow(expect.objectContaining({ code: 'ISOLATION_LEVEL' }));
    });

    test('sends no notification of a function for a branch that changes nothing else', async () => {
      await server.query(`create function tell() returns void language plpgsql as
        $$ begin execute 'not' || 'ify news'; end $$`);
      const listener = new pg.Client({ connectionString: server.url() });
      await listener.connect();
      const heard: unknown[] = [];
      listener.on('notification', ({ channel }) => heard.push(channel));
      await listener.query('listen news');
      const resource = open();
      const session = await resource.begin(branch(), { timeoutMs });
      await session.query('select tell()');
      expect(await session.prepare({ timeoutMs })).toEqual({ type: 'read-only' });
      await server.query('notify news');
      await until('the notification that came later', () => heard.length > 0 || undefined);
      expect(heard).toEqual(['news']);
      await listener.end();
    });

    test('lets the application go back to a savepoint, and then votes yes', async () => {
      const [resource, at] = [open(), branch()];
      const session = await working(resource, at, 'savepoint');
      await session.query('savepoint here');
      await expect(session.query('select * from nowhere')).rejects.toMatchObject({ resourceCode: '42P01' });
      await session.query('rollback to savepoint here');
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'yes' });
      expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
    });

    test('votes no for a transaction that failed without an error, and begins none that it cannot parse', async () => {
      const session = await open().begin(branch(), { timeoutMs });
      await expect(session.query('this is not SQL')).rejects.toMatchObject({
        code: 'STATEMENT',
        resourceCode: '42601',
      });
      await expect(session.query("insert into items values ('escaped', 'x')")).rejects.toMatchObject({
        resourceCode: '25P02',
      });
      expect(await session.prepare({ timeoutMs })).toMatchObject({
        type: 'no',
        reason: expect.stringContaining('syntax'),
      });
      expect(await exists('escaped')).toBe(false);
    });

    test('prepares with the last statement in one round trip, and votes no when that fails', async () => {
      const [resource, good, bad] = [open(), branch(), branch()];
      const first = await working(resource, good, 'with-last-1');
      const answered = await first.queryAndPrepare("update items set value = $1 where key = 'with-last-1'", ['y'], {
        timeoutMs,
      });
      expect(answered).toMatchObject({ vote: { type: 'yes' }, result: { rowCount: 1 } });
      expect(await first.prepare({ timeoutMs })).toEqual(answered.vote);
      expect(await resource.commit(good, { timeoutMs })).toEqual({ type: 'done' });
      const second = await working(resource, bad, 'with-last-2');
      const refused = await second.queryAndPrepare('insert into items values ($1, $2)', ['with-last-2', 'again'], {
        timeoutMs,
      });
      expect(refused).toMatchObject({ vote: { type: 'no', reason: expect.stringContaining('duplicate key') } });
      expect(await preparedIds()).toEqual([]);
    });

    test('votes no when the server has no room for another prepared transaction', async () => {
      const [resource, all] = [open(), [branch(), branch(), branch()]];
      for (const at of all) await (await working(resource, at, `full-${at.transaction}`)).prepare({ timeoutMs });
      const fourth = await working(resource, branch(), 'full-4');
      expect(await fourth.prepare({ timeoutMs })).toMatchObject({
        type: 'no',
        reason: expect.stringContaining('max_prepared_transactions'),
      });
      for (const at of all) await resource.rollback(at, { timeoutMs });
    });

    test('serializable branches that contradict each other do not both prepare', async () => {
      const resource = open(server.url(), { isolationLevel: 'serializable' });
      const [one, two] = [branch(), branch()];
      const first = await resource.begin(one, { timeoutMs });
      const second = await resource.begin(two, { timeoutMs });
      await first.query('select count(*) from items');
      await second.query('select count(*) from items');
      await insert(first, 'serializable-1');
      await insert(second, 'serializable-2').catch(() => undefined);
      const votes = [await first.prepare({ timeoutMs }), await second.prepare({ timeoutMs })];
      expect(votes.filter((it) => it.type === 'yes')).toHaveLength(1);
      for (const at of [one, two]) await resource.rollback(at, { timeoutMs });
    });
  });

  describe('when it cannot be reached or used', () => {
    test('names a wrong password, a database that does not exist, and a server that is not there', async () => {
      const wrong = server.url().replace('tests', 'guests');
      await expect(open(wrong).begin(branch(), { timeoutMs })).rejects.toMatchObject({ code: 'RESOURCE_LOGIN' });
      await expect(open(server.url('nowhere')).begin(branch(), { timeoutMs })).rejects.toMatchObject({
        code: 'RESOURCE_LOGIN',
      });
      await expect(open(server.url('postgres', 1)).begin(branch(), { timeoutMs })).rejects.toMatchObject({
        code: 'RESOURCE_UNREACHABLE',
      });
    });

    test('gives up a server that accepts connections and never answers', async () => {
      const silent = await startTcpProxy(() => server.port);
      const resource = open(server.url('postgres', silent.port));
      const at = branch();
      const session = await working(resource, at, 'silent');
      silent.stall();
      expect(await session.prepare({ timeoutMs: 200 })).toMatchObject({ type: 'unknown' });
      await expect(resource.begin(branch(), { timeoutMs: 200 })).rejects.toMatchObject({ code: 'RESOURCE_DEADLINE' });
      expect(await resource.commit(at, { timeoutMs: 200 })).toMatchObject({ type: 'unknown' });
      await silent.close();
      expect(await open().rollback(at, { timeoutMs })).toEqual({ type: 'done' });
    });

    test('bounds statements in time, and gives up their locks then', async () => {
      const [resource, at] = [open(), branch()];
      await server.query("insert into items values ('waited-for', 'x')");
      const holder = await working(resource, at, 'bounded');
      await holder.query("update items set value = 'y' where key = 'waited-for'");
      // To connect may take longer than that.
      const waiting = await until('a session', () => resource.begin(branch(), { timeoutMs: 300 }));
      await expect(waiting.query("update items set value = 'z' where key = 'waited-for'")).rejects.toMatchObject({
        code: 'RESOURCE_DEADLINE',
      });
      await until('the waiting server process to be ended', async () =>
        (await server.query('select from pg_locks where not granted')).length === 0 ? true : undefined,
      );
      await holder.rollback();
    });

    test('bounds the wait for a connection, and ends branches nevertheless', async () => {
      const resource = open(server.url(), { maxSessions: 1, reservedForControl: 1, maxWaiting: 1 });
      const [at, other] = [branch(), branch()];
      await (await working(resource, at, 'pool-1')).prepare({ timeoutMs });
      const holding = await working(resource, other, 'pool-2');
      const waiting = resource.begin(branch(), { timeoutMs: 200 });
      const refused = expect(waiting).rejects.toMatchObject({
        code: 'RESOURCE_BUSY',
        message: expect.stringContaining('maxSessions'),
      });
      await expect(resource.begin(branch(), { timeoutMs: 200 })).rejects.toMatchObject({ code: 'RESOURCE_BUSY' });
      expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
      await refused;
      await holding.rollback();
    });

    test('refuses work after it was closed', async () => {
      const resource = open();
      await resource.close();
      await resource.close();
      await expect(resource.begin(branch(), { timeoutMs })).rejects.toMatchObject({ code: 'RESOURCE_CLOSED' });
    });

    test('says what to run when it may not create its table, and finds what is missing', async () => {
      await server.createDatabase('bare');
      await server.query("create role weak login password 'weak'");
      const url = new URL(server.url('bare'));
      url.username = 'weak';
      url.password = 'weak';
      const weak = open(url.href);
      await expect(weak.setup({ timeoutMs })).rejects.toMatchObject({ code: 'RESOURCE_SETUP' });
      const { findings } = await weak.check({ timeoutMs });
      expect(findings.filter((it) => it.level === 'error').map((it) => it.subject)).toEqual(['quorate.branches']);
      const session = await weak.begin(branch(), { timeoutMs });
      await session.query('create temp table t (n int)');
      expect(await session.prepare({ timeoutMs })).toMatchObject({
        type: 'no',
        reason: expect.stringContaining('setup()'),
      });
    });
  });
});

describe('errors of PostgreSQL', () => {
  test.each([
    [{ code: '23505', severity: 'ERROR' }, true],
    [{ code: '40001', severity: 'ERROR' }, true],
    [{ code: '57014', severity: 'ERROR' }, true],
    [{ code: '57P01', severity: 'ERROR' }, false],
    [{ code: '57P03', severity: 'FEHLER' }, false],
    [{ code: '08006', severity: 'ERROR' }, false],
    [{ code: '40003', severity: 'ERROR' }, false],
    [{ code: '58030', severity: 'ERROR' }, false],
    [{ code: '53300', severity: 'FATAL' }, false],
    [{ code: 'XX000', severity: 'PANIC' }, false],
    [{ code: 'ECONNRESET' }, false],
    [{ code: 'EPIPE' }, false],
    [new Error('Connection terminated unexpectedly'), false],
    [undefined, false],
  ])('%o is certain: %s', (error, expected) => {
    expect(isDefinite(error)).toBe(expected);
  });
});

describe('a PostgreSQL server that prepares nothing', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres({ max_prepared_transactions: '0', fsync: 'off', synchronous_commit: 'off' });
    await server.query('create table items (key text primary key)');
  });
  afterAll(() => server.remove());

  test('is named with what to set; it can still be the last resource', async () => {
    const resource = postgres(server.url(), { name: 'orders' });
    await resource.setup({ timeoutMs });
    const at = { manager: 'm1', transaction: 't1', branch: 'part' };
    const first = await resource.begin(at, { timeoutMs });
    await first.query("insert into items values ('x')");
    expect(await first.prepare({ timeoutMs })).toMatchObject({
      type: 'no',
      reason: expect.stringContaining('set max_prepared_transactions'),
    });
    const second = await resource.begin({ ...at, transaction: 't2' }, { timeoutMs });
    await second.query("insert into items values ('y')");
    expect(await second.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
    const { findings } = await resource.check({ timeoutMs });
    expect(findings.filter((it) => it.level === 'error').map((it) => it.subject)).toEqual([
      'max_prepared_transactions',
      'fsync',
    ]);
    await resource.close();
  });
});
