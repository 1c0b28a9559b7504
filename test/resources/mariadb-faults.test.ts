import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EnlistedResource } from '../../src/resources/adapter.ts';
import { type Branch, globalIdOf } from '../../src/resources/branch.ts';
import { parseXid } from '../../src/resources/mariadb/endings.ts';
import { xidOf } from '../../src/resources/mariadb/memory.ts';
import { type MariaDbOptions, type MariaDbSession, mariadb } from '../../src/resources/mariadb.ts';
import { hasMariaDb, startMariaDb, type TestMariaDb } from '../fixtures/mariadb.ts';
import { startTcpProxy, type TcpProxy } from '../fixtures/tcp-proxy.ts';
import { until } from '../fixtures/until.ts';

const timeoutMs = 60_000;

describe('the names of XA branches', () => {
  const branch: Branch = { manager: 'm1', transaction: 't~1', branch: 'a.b' };

  test('are read as XA RECOVER prints them', () => {
    expect(parseXid("X'6d313a747e31',X'612e62',1364545362")).toEqual(branch);
    expect(parseXid("'m1:t~1','a.b',1364545362")).toEqual(branch);
    for (const foreign of ["'x','y',1", "X'6d31',X'61',1364545362", 'nonsense', ''])
      expect(parseXid(foreign)).toBeUndefined();
  });
});

describe.skipIf(!hasMariaDb)('a MariaDB resource in trouble', () => {
  let server: TestMariaDb;
  let proxy: TcpProxy;
  let count = 0;
  const opened: EnlistedResource<MariaDbSession>[] = [];
  const branch = (): Branch => {
    count += 1;
    return { manager: 'm1', transaction: `t${count}`, branch: 'part' };
  };
  const open = (url = server.url(), options: MariaDbOptions = {}): EnlistedResource<MariaDbSession> => {
    const resource = mariadb(url, { name: 'stock', ...options });
    opened.push(resource);
    return resource;
  };
  const proxied = (): EnlistedResource<MariaDbSession> => open(server.url('test', proxy.port));
  const working = async (
    resource: EnlistedResource<MariaDbSession>,
    at: Branch,
    key: string,
  ): Promise<MariaDbSession> => {
    const session = await resource.begin(at, { timeoutMs });
    await session.query('insert into items values (?, ?)', [key, 'x']);
    return session;
  };
  const exists = async (key: string): Promise<boolean> =>
    (await server.query('select 1 from items where name = ?', [key])).length === 1;
  const preparedCount = async (): Promise<number> => (await server.query('xa recover')).length;

  beforeAll(async () => {
    server = await startMariaDb();
    proxy = await startTcpProxy(() => server.port);
    await server.query('create table items (name varchar(100) primary key, value text) engine = InnoDB');
    await open().setup({ timeoutMs });
  });
  /** An XA statement that no text shows. */
  const hidden = (text: string): string => `execute immediate concat('x', ${JSON.stringify(text.slice(1))})`;
  const sneaking = async (at: Branch, key: string) => {
    const resource = open();
    return { resource, session: await working(resource, at, key), xid: xidOf(at) };
  };
  const expectBroken = async (resource: EnlistedResource<MariaDbSession>, at: Branch): Promise<void> => {
    expect(await resource.rollback(at, { timeoutMs })).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('has ended its transaction'),
    });
    // Also for a process that knows nothing of it.
    await until(
      'it to be known as committed',
      async () => (await open().outcomeOf(at, { timeoutMs })).type === 'committed',
    );
    expect(await open().rollback(at, { timeoutMs })).toMatchObject({ type: 'refused' });
  };

  test('calls nothing rolled back that a hidden statement has committed', async () => {
    const at = branch();
    const { resource, session, xid } = await sneaking(at, 'sneaked-1');
    await session.query(hidden(`xa end ${xid}`));
    await expect(session.query(hidden(`xa commit ${xid} one phase`))).rejects.toMatchObject({ code: 'BRANCH_BROKEN' });
    expect(session.brokenBecause).toContain('has ended its transaction');
    expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'unknown' });
    await expectBroken(resource, at);
    expect(await exists('sneaked-1')).toBe(true);
  });

  test.each(['prepare', 'commitDirectly', 'rollback'] as const)(
    'finds out at %s that a hidden statement has committed and begun anew under the same name',
    async (how) => {
      const at = branch();
      const key = `sneaked-2-${how}`;
      const { resource, session, xid } = await sneaking(at, key);
      const all = [`xa end ${xid}`, `xa commit ${xid} one phase`, `xa start ${xid}`].map(hidden);
      await session.query(`begin not atomic ${all.join('; ')}; end`);
      await session.query('insert into items values (?, ?)', [`${key}-later`, 'x']);
      if (how === 'rollback') await session.rollback();
      else expect(await session[how]({ timeoutMs })).toMatchObject({ type: 'unknown' });
      expect(session.brokenBecause).toContain('has ended its transaction');
      await expectBroken(resource, at);
      expect([await exists(key), await exists(`${key}-later`)]).toEqual([true, false]);
      expect(await preparedCount()).toBe(0);
    },
  );

  test('votes no when a procedure went on after a deadlock had rolled the transaction back', async () => {
    await server.query("insert into items values ('deadlock-1', ''), ('deadlock-2', '')");
    await server.query(`create procedure goes_on() begin
      declare continue handler for sqlexception begin end;
      update items set value = 'x' where name = 'deadlock-1';
    end`);
    const [resource, one, two] = [open(), branch(), branch()];
    const first = await resource.begin(one, { timeoutMs });
    const second = await resource.begin(two, { timeoutMs });
    // The one that has changed less is rolled back.
    for (const name of ['a', 'b', 'c']) await first.query('insert into items values (?, ?)', [`deadlock-${name}`, '']);
    await first.query("update items set value = 'x' where name = 'deadlock-1'");
    await second.query("update items set value = 'x' where name = 'deadlock-2'");
    const waiting = first.query("update items set value = 'x' where name = 'deadlock-2'");
    await expect(second.query('call goes_on()')).rejects.toMatchObject({ code: 'STATEMENT' });
    await waiting;
    expect(await second.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
    expect(second.brokenBecause).toBeUndefined();
    expect(await resource.rollback(two, { timeoutMs })).toEqual({ type: 'done' });
    await first.rollback();
  });

  test('has no savepoint to go back to after a deadlock, and has one after a wait for a lock', async () => {
    await server.query("insert into items values ('deadlock-3', ''), ('deadlock-4', '')");
    const set = (session: MariaDbSession, name: string) =>
      session.query("update items set value = 'x' where name = ?", [name]);
    const at = [branch(), branch()];
    const [one, two] = await Promise.all(at.map((it) => open().begin(it, { timeoutMs })));
    if (one === undefined || two === undefined) throw new Error('expected two sessions');
    for (const session of [one, two]) await session.query('savepoint here');
    await Promise.all([set(one, 'deadlock-3'), set(two, 'deadlock-4')]);
    const [first, second] = await Promise.allSettled([set(one, 'deadlock-4'), set(two, 'deadlock-3')]);
    expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected']);
    const [survivor, victim] = first.status === 'fulfilled' ? [one, two] : [two, one];
    await expect(victim.query('rollback to savepoint here')).rejects.toMatchObject({ resourceCode: '1305' });
    expect(await victim.prepare({ timeoutMs })).toMatchObject({
      type: 'no',
      reason: expect.stringMatching(/deadlock/i),
    });

    const late = await working(open(), branch(), 'waited');
    await late.query('set innodb_lock_wait_timeout = 1');
    await late.query('savepoint here');
    await expect(set(late, 'deadlock-3')).rejects.toMatchObject({ resourceCode: '1205', isTransient: true });
    await late.query('rollback to savepoint here');
    expect(await late.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
    expect(await exists('waited')).toBe(true);
    await survivor.rollback();
  });

  test('remembers a branch in its own database, wherever the application has gone', async () => {
    await server.query('create database elsewhere');
    const [resource, at] = [open(), branch()];
    const session = await working(resource, at, 'gone-elsewhere');
    await session.query('use elsewhere');
    expect(await session.prepare({ timeoutMs })).toEqual({ type: 'yes' });
    expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
    expect(await resource.outcomeOf(at, { timeoutMs })).toEqual({ type: 'committed' });
  });

  test.each(["'NO_BACKSLASH_ESCAPES'", "'ANSI_QUOTES'", "''", 'default'])(
    'takes no parameter for a part of a statement, and none for another value, with sql_mode %s',
    async (mode) => {
      const session = await open().begin(branch(), { timeoutMs });
      await session.query(`set session sql_mode = ${mode}`);
      const texts = [
        "x' or 1 = 1 -- ",
        "\\' or 1 = 1 -- ",
        '\\',
        "it's",
        'a"b',
        '%_\\%',
        'Grüße, 世界 🙂',
        '',
        'two\nlines\0',
      ];
      for (const text of texts) {
        const { rows } = await session.query('select ? as it, ? = ? as same, char_length(?) as length', [
          text,
          text,
          text,
          text,
        ]);
        expect(rows).toEqual([{ it: text, same: 1, length: [...text].length }]);
        const joined = await session.query("select concat(?, 'x') = 'x' as same", [text]);
        expect(joined.rows).toEqual([{ same: text === '' ? 1 : 0 }]);
      }
      const bytes = Buffer.from([0, 39, 92, 255]);
      const { rows } = await session.query('select ? as a, ? as b, ? as c, ? as d, hex(?) as e, ? as f', [
        7,
        -1.5,
        true,
        null,
        bytes,
        12345678901234567890n,
      ]);
      expect(rows).toMatchObject([{ a: 7, b: '-1.5', c: 1, d: null, e: '00275CFF' }]);
      const at = new Date(86_400_000);
      const asked = await session.query<{ at: Date }>('select cast(? as datetime(3)) as at', [at]);
      expect(asked.rows[0]?.at.getTime()).toBe(at.getTime());
      await session.rollback();
    },
  );

  test('refuses parameters of which the driver would make other statements', async () => {
    const session = await open().begin(branch(), { timeoutMs });
    const wrong: readonly unknown[] = [
      { name: 1 },
      ['a', 'b'],
      Number.NaN,
      Symbol('x'),
      () => 'x',
      { toSqlString: () => '1' },
    ];
    for (const value of wrong) {
      const asked = Reflect.apply(session.query, session, ['select * from items where name = ?', [value]]);
      await expect(asked).rejects.toMatchObject({ code: 'STATEMENT_TEXT' });
    }
    await session.rollback();
  });

  afterAll(async () => {
    for (const each of opened) await each.close();
    await proxy.close();
    await server.remove();
  });

  test('finds a branch prepared whose answer was lost, and commits it by its name', async () => {
    const [resource, at] = [proxied(), branch()];
    const session = await working(resource, at, 'lost-prepare');
    void proxy.loseAnswerTo('xa prepare');
    expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'unknown' });
    expect(await resource.outcomeOf(at, { timeoutMs })).toEqual({ type: 'prepared' });
    expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
    expect(await exists('lost-prepare')).toBe(true);
  });

  test('rolls back for good what it was about to prepare when the request was lost', async () => {
    const [resource, at] = [proxied(), branch()];
    const session = await working(resource, at, 'lost-request');
    void proxy.loseRequest('xa prepare');
    expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'unknown' });
    expect(await resource.rollback(at, { timeoutMs })).toEqual({ type: 'done' });
    expect(await resource.outcomeOf(at, { timeoutMs })).toEqual({ type: 'aborted' });
    expect([await exists('lost-request'), await preparedCount()]).toEqual([false, 0]);
  });

  test('finds a commit whose answer was lost done, and never undoes it', async () => {
    const [resource, at] = [proxied(), branch()];
    expect(await (await working(resource, at, 'lost-commit')).prepare({ timeoutMs })).toEqual({ type: 'yes' });
    void proxy.loseAnswerTo('xa commit');
    // The answer is lost on the branch's own connection; from another one the row tells.
    expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
    expect(await resource.rollback(at, { timeoutMs })).toMatchObject({ type: 'refused' });
    expect(await exists('lost-commit')).toBe(true);
  });

  test('learns what became of a direct commit whose answer or request was lost', async () => {
    const [resource, first, second] = [proxied(), branch(), branch()];
    const one = await working(resource, first, 'direct-1');
    void proxy.loseAnswerTo('one phase');
    expect(await one.commitDirectly({ timeoutMs })).toMatchObject({ type: 'unknown' });
    expect(await resource.writeAbsence(first, { timeoutMs })).toEqual({ type: 'committed' });
    const two = await working(resource, second, 'direct-2');
    void proxy.loseRequest('one phase');
    expect(await two.commitDirectly({ timeoutMs })).toMatchObject({ type: 'unknown' });
    expect(await resource.writeAbsence(second, { timeoutMs })).toEqual({ type: 'absent' });
    expect([await exists('direct-1'), await exists('direct-2')]).toEqual([true, false]);
  });

  test('refuses the key of a branch whose absence was written, from a session that was not found', async () => {
    const [old, recovering, at] = [proxied(), open(), branch()];
    const session = await working(old, at, 'late');
    // Without its lock recovery cannot find the session, and only the key stops it.
    await session.query('do release_all_locks()');
    const late = proxy.holdRequest('quorate_branches');
    const vote = session.prepare({ timeoutMs });
    await late.held;
    expect(await recovering.writeAbsence(at, { timeoutMs })).toEqual({ type: 'absent' });
    late.letGo();
    expect(await vote).toMatchObject({ type: 'no', reason: expect.stringContaining('declared aborted') });
    expect([await exists('late'), await preparedCount()]).toEqual([false, 0]);
  });

  test('says that a branch is still there when its key is written and its session cannot be found', async () => {
    const [resource, at] = [open(), branch()];
    const blocker = await resource.begin(branch(), { timeoutMs });
    await blocker.query("insert into quorate_branches (global_id, state) values (?, 'committed')", [globalIdOf(at)]);
    // It waits for the key for three quarters of its time; where the rest is too short, it does not know.
    await until(
      'it to be said to be there',
      async () => (await resource.writeAbsence(at, { timeoutMs: 2_000 })).type === 'present',
    );
    await blocker.rollback();
    expect(await resource.writeAbsence(at, { timeoutMs })).toEqual({ type: 'absent' });
  });

  test('is not misled by a session that was ended: the branch is gone, or prepared as before', async () => {
    const [resource, active, ready] = [open(), branch(), branch()];
    const session = await working(resource, active, 'ended-1');
    expect(await (await working(resource, ready, 'ended-2')).prepare({ timeoutMs })).toEqual({ type: 'yes' });
    const sessions = await server.query(
      "select id from information_schema.processlist where user = 'root' and id <> connection_id()",
    );
    for (const { id } of sessions) await server.query(`kill ${Number(id)}`).catch(() => undefined);
    expect((await session.prepare({ timeoutMs })).type).not.toBe('yes');
    expect(await resource.rollback(active, { timeoutMs })).toEqual({ type: 'done' });
    expect(await resource.commit(ready, { timeoutMs })).toEqual({ type: 'done' });
    expect([await exists('ended-1'), await exists('ended-2')]).toEqual([false, true]);
  });

  test('survives SIGKILL of the server in every phase', async () => {
    const [resource, active, lost, ready, done] = [proxied(), branch(), branch(), branch(), branch()];
    const prepare = async (at: Branch, key: string) => (await working(resource, at, key)).prepare({ timeoutMs });
    const session = await working(resource, active, 'killed-1');
    expect(await prepare(ready, 'killed-3')).toEqual({ type: 'yes' });
    expect(await prepare(done, 'killed-4')).toEqual({ type: 'yes' });
    expect(await resource.commit(done, { timeoutMs })).toEqual({ type: 'done' });
    const losing = await working(resource, lost, 'killed-2');
    const answer = proxy.loseAnswerTo('xa prepare');
    const vote = losing.prepare({ timeoutMs });
    await answer;
    await server.kill();
    expect(await vote).toMatchObject({ type: 'unknown' });
    expect((await session.prepare({ timeoutMs: 500 })).type).not.toBe('yes');
    expect(await resource.commit(ready, { timeoutMs: 500 })).toMatchObject({ type: 'unknown' });
    expect(await resource.rollback(active, { timeoutMs: 500 })).toMatchObject({ type: 'unknown' });
    await server.start();
    const listed = await resource.prepared('m1', { timeoutMs });
    expect(listed.map((it) => it.branch.transaction).sort()).toEqual([lost.transaction, ready.transaction].sort());
    expect(await resource.rollback(active, { timeoutMs })).toEqual({ type: 'done' });
    for (const at of [lost, ready, done]) expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
    const found = await Promise.all(['killed-1', 'killed-2', 'killed-3', 'killed-4'].map(exists));
    expect(found).toEqual([false, true, true, true]);
    expect(await preparedCount()).toBe(0);
  });

  test('votes no with the reason for what XA does not allow, and for a deadlock', async () => {
    const resource = open();
    for (const text of ['create table more (n int)', '/*! commit */', 'alter table items add column more int']) {
      const session = await resource.begin(branch(), { timeoutMs });
      await expect(session.query(text)).rejects.toMatchObject({ code: 'STATEMENT', resourceCode: '1399' });
      expect(await session.prepare({ timeoutMs })).toMatchObject({
        type: 'no',
        reason: expect.stringContaining('XAER_RMFAIL'),
      });
    }
    const session = await resource.begin(branch(), { timeoutMs });
    await expect(session.query("/* x */ XA END 'x'")).rejects.toMatchObject({ code: 'BRANCH_CONTROL' });
    await session.rollback();
    await server.query("insert into items values ('deadlock-a', ''), ('deadlock-b', '')");
    const [one, two] = [await resource.begin(branch(), { timeoutMs }), await resource.begin(branch(), { timeoutMs })];
    const change = (at: MariaDbSession, key: string) => at.query("update items set value = 'x' where name = ?", [key]);
    await change(one, 'deadlock-a');
    await change(two, 'deadlock-b');
    await Promise.allSettled([change(one, 'deadlock-b'), change(two, 'deadlock-a')]);
    const votes = [await one.prepare({ timeoutMs }), await two.prepare({ timeoutMs })];
    expect(votes.map((it) => it.type).sort()).toEqual(['no', 'yes']);
    for (const at of [one, two]) await resource.rollback(at.branch, { timeoutMs });
    expect(await preparedCount()).toBe(0);
  });

  test('names a wrong password, a missing database, an absent and a silent server, and a full pool', async () => {
    await expect(open(server.url().replace('tests', 'guests')).begin(branch(), { timeoutMs })).rejects.toMatchObject({
      code: 'RESOURCE_LOGIN',
    });
    await expect(open(server.url('nowhere')).begin(branch(), { timeoutMs })).rejects.toMatchObject({
      code: 'RESOURCE_LOGIN',
    });
    await expect(open(server.url('test', 1)).begin(branch(), { timeoutMs })).rejects.toMatchObject({
      code: 'RESOURCE_UNREACHABLE',
    });
    const silent = await startTcpProxy(() => server.port);
    const [resource, at] = [open(server.url('test', silent.port)), branch()];
    const session = await working(resource, at, 'silent');
    silent.stall();
    expect((await session.prepare({ timeoutMs: 200 })).type).not.toBe('yes');
    await expect(resource.begin(branch(), { timeoutMs: 200 })).rejects.toMatchObject({ code: 'RESOURCE_DEADLINE' });
    await silent.close();
    expect(await open().rollback(at, { timeoutMs })).toEqual({ type: 'done' });
    const narrow = open(server.url(), { maxSessions: 1 });
    const only = await working(narrow, branch(), 'pool');
    expect(await only.prepare({ timeoutMs })).toEqual({ type: 'yes' });
    await expect(narrow.begin(branch(), { timeoutMs: 200 })).rejects.toMatchObject({ code: 'RESOURCE_BUSY' });
    expect(await narrow.commit(only.branch, { timeoutMs })).toEqual({ type: 'done' });
    await (await narrow.begin(branch(), { timeoutMs })).rollback();
  });

  test('finds what is missing, and says what to do', async () => {
    await server.query('create database bare');
    const bare = open(server.url('bare'));
    const before = await bare.check({ timeoutMs });
    expect(before.findings.filter((it) => it.level === 'error').map((it) => it.subject)).toEqual(['quorate_branches']);
    await server.query('create user weak@127.0.0.1 identified by "weak"');
    await server.query('grant select on bare.* to weak@127.0.0.1');
    const url = new URL(server.url('bare'));
    url.username = 'weak';
    url.password = 'weak';
    await expect(open(url.href).setup({ timeoutMs })).rejects.toMatchObject({ code: 'RESOURCE_SETUP' });
    await bare.setup({ timeoutMs });
    expect((await bare.check({ timeoutMs })).findings.filter((it) => it.level === 'error')).toEqual([]);
  });
});
