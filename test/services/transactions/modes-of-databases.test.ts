/** Isolation and read-only transactions at real databases, in one phase and in two, and what is repeated of them. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode, type Resources } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { mariadb } from '../../../src/resources/mariadb.ts';
import { postgres } from '../../../src/resources/postgres.ts';
import { createTransactionManager, retry, transactionDefinitions } from '../../../src/services/transactions.ts';
import { hasMariaDb, startMariaDb, type TestMariaDb } from '../../fixtures/mariadb.ts';
import { patientTimes } from '../../fixtures/patience.ts';
import { startPostgres, type TestPostgres } from '../../fixtures/postgres.ts';
import { until } from '../../fixtures/until.ts';

const environment = systemEnvironment();
const { clock, ids } = environment;
const isolations = ['read committed', 'repeatable read', 'serializable'] as const;
const closing: (() => Promise<void>)[] = [];

async function managed<Owned extends Resources>(resources: Owned) {
  const node = createNode({
    id: 'n1',
    bus: createMemoryNetwork({ clock }).join('n1'),
    journal: createMemoryStorage({ node: 'n1', clock, ids }).open(),
    environment,
    resources,
    definitions: transactionDefinitions,
  });
  const manager = await createTransactionManager({ node, environment, times: patientTimes });
  closing.push(async () => {
    manager.close();
    await node.stop();
  });
  return manager;
}

/** Resolves for all once so many have come. */
function meeting(size: number): () => Promise<void> {
  const waiting: (() => void)[] = [];
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length >= size) for (const go of waiting) go();
    });
}

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe('at PostgreSQL', () => {
  let server: TestPostgres;
  const start = () =>
    managed({
      orders: postgres(server.url('orders'), { name: 'orders', isolationLevel: 'repeatable read' }),
      stock: postgres(server.url('stock'), { name: 'stock' }),
    });
  const remembered = async (): Promise<number> => {
    const counts = ['orders', 'stock'].map((name) =>
      server.query('select count(*)::int as n from quorate.branches', [], name),
    );
    return (await Promise.all(counts)).reduce((total, [row]) => total + Number(row?.n), 0);
  };

  beforeAll(async () => {
    server = await startPostgres();
    for (const name of ['orders', 'stock']) {
      await server.createDatabase(name);
      await server.query('create table account (id int primary key, amount int not null)', [], name);
    }
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    for (const name of ['orders', 'stock']) {
      await server.query('truncate account', [], name);
      await server.query('insert into account values (1, 100), (2, 100)', [], name);
    }
  });

  test('every branch runs by the isolation asked for, and otherwise by that of its resource or of its database', async () => {
    const manager = await start();
    const levels = async (how: Parameters<typeof manager.transact>[1]) => {
      const { value } = await manager.transact(async ({ orders, stock }) => {
        const show = 'show transaction_isolation';
        const all = [await orders.query(show), await stock.query(show)];
        return all.map(({ rows }) => rows[0]?.transaction_isolation);
      }, how);
      return value;
    };
    for (const isolation of isolations) {
      expect(await levels({ isolation })).toEqual([isolation, isolation]);
      expect(await levels({ isolation, readOnly: true })).toEqual([isolation, isolation]);
    }
    expect(await levels({})).toEqual(['repeatable read', 'read committed']);
  });

  test.each(['one', 'two'])('what only reads %s writes nothing down, and prepares nothing', async (databases) => {
    const manager = await start();
    const before = await remembered();
    const { value } = await manager.transact(
      async ({ orders, stock }) => {
        const { rows } = await orders.lastQuery('select sum(amount)::int as sum from account');
        if (databases === 'two') await stock.lastQuery('select 1');
        return rows[0]?.sum;
      },
      { readOnly: true, isolation: 'serializable' },
    );
    expect(value).toBe(200);
    await until('the transaction to be over', () => manager.list().length === 0);
    expect(await remembered()).toBe(before);
    expect(await server.query('select gid from pg_prepared_xacts')).toEqual([]);
  });

  test.each(['one', 'two'])(
    'a write in what only reads %s aborts it with the code of the database',
    async (databases) => {
      const manager = await start();
      const backend = async () => {
        const { value } = await manager.transact(({ orders }) => orders.query('select pg_backend_pid() as pid'));
        return value?.rows[0]?.pid;
      };
      const before = await backend();
      const writing = manager.transact(
        async ({ orders, stock }) => {
          if (databases === 'two') await stock.query('select 1');
          await orders.query('update account set amount = 0').catch(() => undefined);
        },
        { readOnly: true },
      );
      await expect(writing).rejects.toMatchObject({
        code: 'TRANSACTION_ABORTED',
        resource: 'orders',
        resourceCode: '25006',
        isRetryable: false,
      });
      // The server is none that takes no writes: its connection serves again.
      expect(await backend()).toBe(before);
    },
  );

  test('a statement that makes it one that writes does not get what it wrote committed', async () => {
    const manager = await start();
    const escaping = (both: boolean) =>
      manager.transact(
        async ({ orders, stock }) => {
          if (both) await stock.query('select 1');
          await orders.query('set transaction read write');
          await orders.query('update account set amount = 0');
        },
        { readOnly: true },
      );
    for (const both of [false, true]) {
      await expect(escaping(both)).rejects.toMatchObject({
        code: 'TRANSACTION_ABORTED',
        resource: 'orders',
        detail: expect.stringMatching(/was to be read only/),
      });
    }
    expect(await server.query('select amount from account', [], 'orders')).toEqual([{ amount: 100 }, { amount: 100 }]);
  });

  test.each(['one', 'two'])('a conflict of serialization over %s is repeated, and then commits', async (databases) => {
    const manager = await start();
    const bothHaveRead = meeting(2);
    const codes: unknown[] = [];
    /** Takes 60 where both accounts have 150 together: both may not. */
    const withdraw = (id: number) =>
      retry(async () => {
        try {
          return await manager.transact(
            async ({ orders, stock }) => {
              const { rows } = await orders.query('select sum(amount)::int as sum from account');
              await bothHaveRead();
              if (Number(rows[0]?.sum) < 150) return 'refused';
              await orders.query('update account set amount = amount - 60 where id = $1', [id]);
              if (databases === 'two') await stock.query('update account set amount = amount + 60 where id = $1', [id]);
              return 'withdrawn';
            },
            { isolation: 'serializable' },
          );
        } catch (error) {
          codes.push(Reflect.get(Object(error), 'resourceCode'));
          throw error;
        }
      });
    const ends = await Promise.all([withdraw(1), withdraw(2)]);
    expect(ends.map(({ value }) => value).sort()).toEqual(['refused', 'withdrawn']);
    expect(new Set(codes)).toEqual(new Set(['40001']));
  });
});

describe.skipIf(!hasMariaDb)('at MariaDB', () => {
  let [first, second]: TestMariaDb[] = [];
  const servers = (): readonly TestMariaDb[] => [first, second].flatMap((it) => it ?? []);
  const start = () =>
    managed({
      orders: mariadb(first?.url() ?? '', { name: 'orders' }),
      stock: mariadb(second?.url() ?? '', { name: 'stock' }),
    });

  beforeAll(async () => {
    [first, second] = await Promise.all([startMariaDb(), startMariaDb()]);
    for (const server of servers()) {
      await server.query('create table account (id int primary key, amount int not null) engine = InnoDB');
      await server.query('insert into account values (1, 100), (2, 100)');
    }
  });
  afterAll(() => Promise.all(servers().map((it) => it.remove())));

  test.each(['one', 'two'])(
    'what only reads %s writes nothing down, and a write in it aborts it by code',
    async (databases) => {
      const manager = await start();
      const remembered = async (): Promise<unknown> =>
        // Not what recovery writes of a branch that must not commit any more, which it may of one that was aborted.
        Promise.all(
          servers().map((it) => it.query("select count(*) as n from quorate_branches where state = 'committed'")),
        );
      const before = await remembered();
      const act = (text: string) =>
        manager.transact(
          async ({ orders, stock }) => {
            if (databases === 'two') await stock.query('select 1');
            return orders.query(text).catch(() => undefined);
          },
          { readOnly: true },
        );
      expect((await act('select amount from account where id = 1')).value).toEqual({ rows: [{ amount: 100 }] });
      await expect(act('update account set amount = 0')).rejects.toMatchObject({
        code: 'TRANSACTION_ABORTED',
        resource: 'orders',
        resourceCode: '1792',
        isRetryable: false,
      });
      await until('the transactions to be over', () => manager.list().length === 0);
      expect(await remembered()).toEqual(before);
    },
  );

  test.each(['one', 'two'])('a deadlock over %s is repeated, and then commits', async (databases) => {
    const manager = await start();
    const bothHaveOne = meeting(2);
    const codes: unknown[] = [];
    const crossing = (ids: readonly number[]) =>
      retry(async () => {
        try {
          return await manager.transact(
            async ({ orders, stock }) => {
              if (databases === 'two') await stock.query('select amount from account where id = ?', [ids[0] ?? 0]);
              for (const id of ids) {
                await orders.query('update account set amount = amount + 1 where id = ?', [id]);
                await bothHaveOne();
              }
            },
            { isolation: 'serializable' },
          );
        } catch (error) {
          codes.push(Reflect.get(Object(error), 'resourceCode'));
          throw error;
        }
      });
    await Promise.all([crossing([1, 2]), crossing([2, 1])]);
    expect(codes).toEqual(['1213']);
  });
});
