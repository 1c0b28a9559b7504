import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/environment/clock.ts';
import type { EnlistedResource } from '../../src/resources/adapter.ts';
import type { Branch } from '../../src/resources/branch.ts';
import { createLocator } from '../../src/resources/place.ts';
import { type PostgresSession, postgres } from '../../src/resources/postgres.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { startPostgres, type TestPostgres } from '../fixtures/postgres.ts';
import { until } from '../fixtures/until.ts';

const timeoutMs = 60_000;

describe('the function that says where a resource is', () => {
  const protocols = ['postgres:', 'postgresql:'];
  const clock = systemClock();
  const locate = (find: () => unknown): Promise<string> =>
    createLocator({ name: 'orders', clock, protocols, find }).locate(timeoutMs);

  test('may answer at once or later', async () => {
    expect(await locate(() => 'postgres://one/db')).toBe('postgres://one/db');
    expect(await locate(async () => 'postgresql://two/db')).toBe('postgresql://two/db');
  });

  test.each([
    ['no text', () => undefined, /got a undefined/],
    ['no URL', () => 'two', /got text that is no URL/],
    ['a URL of something else', () => 'mysql://user:secret@one/db', /got a URL with mysql:$/],
    [
      'an error',
      () => {
        throw new Error('no leader');
      },
      /failed: no leader/,
    ],
    ['a rejection', () => Promise.reject(new Error('no leader')), /failed: no leader/],
  ])('is named when it answers with %s, and passwords are not shown', async (_what, find, message) => {
    await expect(locate(find)).rejects.toMatchObject({
      code: 'RESOURCE_ADDRESS',
      message: expect.stringMatching(message),
    });
    await expect(locate(find)).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
  });

  test('is named when it does not answer in time', async () => {
    const virtual = createVirtualClock();
    const locator = createLocator({ name: 'orders', clock: virtual, protocols, find: () => new Promise(() => {}) });
    const refused = expect(locator.locate(1_000)).rejects.toMatchObject({ code: 'RESOURCE_ADDRESS' });
    virtual.advance(1_000);
    await refused;
  });

  test('counts by what it was asked last, although answers overtake one another', async () => {
    const answers: ((url: string) => void)[] = [];
    const locator = createLocator({
      name: 'orders',
      clock,
      protocols,
      find: () => new Promise<string>((resolve) => answers.push(resolve)),
    });
    const [first, second] = [locator.locate(timeoutMs), locator.locate(timeoutMs)];
    await until('both to be asked', () => answers.length === 2);
    answers[1]?.('postgres://new/db');
    await second;
    answers[0]?.('postgres://old/db');
    await first;
    expect([locator.isCurrent('postgres://new/db'), locator.isCurrent('postgres://old/db')]).toEqual([true, false]);
  });
});

describe('a PostgreSQL resource whose place changes', () => {
  let server: TestPostgres;
  let count = 0;
  let place: () => string;
  const opened: EnlistedResource<PostgresSession>[] = [];
  const open = (): EnlistedResource<PostgresSession> => {
    const resource = postgres(() => place(), { name: 'orders' });
    opened.push(resource);
    return resource;
  };
  const branch = (): Branch => {
    count += 1;
    return { manager: 'm1', transaction: `t${count}`, branch: 'part' };
  };
  const where = async (session: PostgresSession): Promise<unknown> =>
    (await session.query('select current_database() as place')).rows[0]?.place;
  /** Where sessions that are begun at the same time are, so that every idle connection is looked at. */
  const places = async (resource: EnlistedResource<PostgresSession>, sessions: number): Promise<readonly unknown[]> => {
    const begun = await Promise.all(Array.from({ length: sessions }, () => resource.begin(branch(), { timeoutMs })));
    const found = await Promise.all(begun.map(where));
    for (const session of begun) await session.rollback();
    return found;
  };

  beforeAll(async () => {
    server = await startPostgres();
    for (const name of ['old', 'new']) {
      await server.createDatabase(name);
      await server.query('create table items (id int primary key)', [], name);
      place = () => server.url(name);
      await open().setup({ timeoutMs });
    }
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });
  afterAll(() => server.remove());

  test('leaves all its connections to the earlier place when one of them is lost', async () => {
    place = () => server.url('old');
    const resource = open();
    expect(await places(resource, 3)).toEqual(['old', 'old', 'old']);
    const working = await resource.begin(branch(), { timeoutMs });
    await working.query('insert into items values (1)');
    const losing = await resource.begin(branch(), { timeoutMs });
    await losing.query('select 1');
    place = () => server.url('new');
    await expect(losing.query('select pg_terminate_backend(pg_backend_pid())')).rejects.toMatchObject({
      code: 'STATEMENT',
    });
    await until('the resource to be found at its new place', async () => {
      const [found] = await places(resource, 1);
      return found === 'new';
    });
    expect(await places(resource, 3)).toEqual(['new', 'new', 'new']);
    // What it did was done at the earlier place, where nobody would commit it.
    expect(await working.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
  });

  test('leaves them when the earlier place takes no writes any more', async () => {
    place = () => server.url('old');
    const resource = open();
    await server.query('alter database old set default_transaction_read_only = on');
    const at = branch();
    const session = await resource.begin(at, { timeoutMs });
    place = () => server.url('new');
    await expect(session.query('insert into items values (2)')).rejects.toMatchObject({ resourceCode: '25006' });
    expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
    await until('the resource to be found at its new place', async () => (await places(resource, 1))[0] === 'new');
    await server.query('alter database old reset default_transaction_read_only');
  });

  test('works on when the function fails while nothing is wrong, and says why when something is', async () => {
    place = () => server.url('old');
    const resource = open();
    expect(await places(resource, 1)).toEqual(['old']);
    place = () => {
      throw new Error('nobody knows');
    };
    expect(await places(resource, 1)).toEqual(['old']);
    const at = branch();
    const first = await resource.begin(branch(), { timeoutMs });
    await expect(resource.begin(at, { timeoutMs })).rejects.toMatchObject({
      code: 'RESOURCE_ADDRESS',
      message: expect.stringContaining('nobody knows'),
    });
    await first.rollback();
  });
});
