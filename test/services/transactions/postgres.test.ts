/** The manager over real PostgreSQL: the main path, the errors that an application meets, and kill -9. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import type { EnlistedResource } from '../../../src/resources/adapter.ts';
import { type PostgresSession, postgres } from '../../../src/resources/postgres.ts';
import {
  createTransactionManager,
  type TransactionManager,
  type TransactionTimes,
  transactionDefinitions,
} from '../../../src/services/transactions.ts';
import { patientTimes } from '../../fixtures/patience.ts';
import { startPostgres, type TestPostgres } from '../../fixtures/postgres.ts';
import { startTcpProxy } from '../../fixtures/tcp-proxy.ts';
import { until } from '../../fixtures/until.ts';

type Databases = {
  readonly orders: EnlistedResource<PostgresSession>;
  readonly stock: EnlistedResource<PostgresSession>;
};

let server: TestPostgres;
const environment = systemEnvironment();
const running: { node: Node; manager: { close(): void } }[] = [];

const start = async (
  urls: { readonly orders: string; readonly stock: string },
  storage = createMemoryStorage({ node: 'n1', clock: environment.clock, ids: environment.ids }),
  times: Partial<TransactionTimes> = patientTimes,
): Promise<{ node: Node<Databases>; manager: TransactionManager<Databases>; storage: typeof storage }> => {
  const { clock } = environment;
  const node = createNode({
    id: 'n1',
    bus: createMemoryNetwork({ clock }).join('n1'),
    journal: storage.open(),
    environment,
    resources: { orders: postgres(urls.orders, { name: 'orders' }), stock: postgres(urls.stock, { name: 'stock' }) },
    definitions: transactionDefinitions,
  });
  const manager = await createTransactionManager({ node, environment, times });
  running.push({ node, manager });
  return { node, manager, storage };
};
const stop = async (): Promise<void> => {
  for (const { node, manager } of running.splice(0)) {
    manager.close();
    await node.stop();
  }
};
const urls = () => ({ orders: server.url('orders'), stock: server.url('stock') });
const sum = async (): Promise<number> => {
  const amounts = await Promise.all(
    ['orders', 'stock'].map(
      async (name) => (await server.query('select sum(amount)::int as s from account', [], name))[0]?.s,
    ),
  );
  return amounts.reduce((total: number, amount) => total + Number(amount), 0);
};
const leftovers = async (): Promise<number> =>
  Number((await server.query('select count(*)::int as n from pg_prepared_xacts'))[0]?.n);
const take = (manager: TransactionManager<Databases>, amount: number, how: { idempotencyKey?: string } = {}) =>
  manager.transact(async ({ orders, stock }) => {
    await orders.query('update account set amount = amount - $1 where id = 1', [amount]);
    await stock.query('update account set amount = amount + $1 where id = 1', [amount]);
  }, how);

beforeAll(async () => {
  server = await startPostgres();
  for (const name of ['orders', 'stock']) {
    await server.createDatabase(name);
    await server.query('create table account (id int primary key, amount int not null check (amount >= 0))', [], name);
    await server.query('insert into account values (1, 1000), (2, 1000)', [], name);
  }
});
afterAll(async () => {
  await stop();
  await server.remove();
});

/** A test that failed must not make the next ones fail. */
afterEach(async () => {
  await stop();
  for (const { gid, database } of await server.query('select gid, database from pg_prepared_xacts')) {
    await server.query(`rollback prepared '${gid}'`, [], database);
  }
});

describe('transactions over two PostgreSQL databases', () => {
  test('commit at both, and leave nothing prepared', async () => {
    const { manager } = await start(urls());
    const committed = await take(manager, 10);
    expect(await manager.outcome(committed.transaction)).toMatchObject({ outcome: 'committed' });
    await until('the second phase', async () => (await leftovers()) === 0 && manager.list().length === 0);
    expect(await sum()).toBe(4_000);
    await stop();
  });

  test('say by which code a database refused, to prepare or a statement, and whether that may pass', async () => {
    const { manager } = await start(urls());
    const reads: (() => void)[] = [];
    const bothHaveRead = (): Promise<void> =>
      new Promise((resolve) => {
        reads.push(resolve);
        if (reads.length === 2) for (const go of reads) go();
      });
    const skewed = (id: number) =>
      manager.transact(async ({ orders, stock }) => {
        await orders.query('set transaction isolation level serializable');
        await orders.query('select sum(amount) from account');
        await bothHaveRead();
        await orders.query('update account set amount = amount where id = $1', [id]);
        await stock.query('select 1');
      });
    const ends = await Promise.allSettled([skewed(1), skewed(2)]);
    const failed = ends.flatMap((it) => (it.status === 'rejected' ? it.reason : []));
    expect(failed).toEqual([
      expect.objectContaining({ code: 'TRANSACTION_ABORTED', resourceCode: '40001', isRetryable: true }),
    ]);
    const broke = take(manager, 1_000_000);
    await expect(broke).rejects.toMatchObject({ resource: 'orders', resourceCode: '23514', isRetryable: false });
    await server.query(
      'create table invoice (account int references account deferrable initially deferred)',
      [],
      'orders',
    );
    const refusedToPrepare = manager.transact(async ({ orders, stock }) => {
      await orders.query('insert into invoice values (999)');
      await stock.query('update account set amount = amount where id = 1');
    });
    await expect(refusedToPrepare).rejects.toMatchObject({ resource: 'orders', resourceCode: '23503' });
    await until('the second phase', async () => (await leftovers()) === 0 && manager.list().length === 0);
  });

  test('prepare with the last statement of each database', async () => {
    const { manager } = await start(urls());
    await manager.transact(async ({ orders, stock }) => {
      await orders.query('select 1');
      await stock.query('update account set amount = amount + $1 where id = 1', [1]);
      const { rowCount } = await orders.lastQuery('update account set amount = amount - $1 where id = 1', [1]);
      expect(rowCount).toBe(1);
    });
    await until('the second phase', async () => (await leftovers()) === 0 && manager.list().length === 0);
    expect(await sum()).toBe(4_000);
    await stop();
  });

  test('read by a cursor as by any other statement: counted, blamed, and refused once the function has returned', async () => {
    const { manager } = await start(urls());
    const { value: kept } = await manager.transact(async ({ orders, stock }) => {
      const ids: number[] = [];
      const cursor = await orders.openCursor<[number]>('select id from account order by id', [], { rowMode: 'array' });
      for await (const [id] of cursor) ids.push(id);
      expect(ids).toEqual([1, 2]);
      await stock.query('update account set amount = amount + 0');
      return orders.openCursor('select id from account');
    });
    await expect(kept?.read()).rejects.toMatchObject({ code: 'TRANSACTION_USE' });
    const failing = manager.transact(async ({ orders }) => {
      const cursor = await orders.openCursor('select 1 / (id - 2) as it from account order by id');
      for await (const _row of cursor);
    });
    await expect(failing).rejects.toMatchObject({ resource: 'orders', resourceCode: '22012' });
    await until('the second phase', async () => (await leftovers()) === 0 && manager.list().length === 0);
  });

  test('abort at both when one refuses, and name it', async () => {
    const { manager } = await start(urls());
    await expect(take(manager, 100_000)).rejects.toMatchObject({ reason: 'requested', resource: 'orders' });
    const deferred = manager.transact(async ({ orders, stock }) => {
      await stock.query('update account set amount = amount + 1 where id = 1');
      await orders.query('create temporary table t (x int)');
      await orders.query('insert into t values (1)');
    });
    await expect(deferred).rejects.toMatchObject({
      reason: 'refused',
      resource: 'orders',
      detail: expect.stringMatching(/temporary/),
    });
    const notifying = manager.transact(async ({ orders, stock }) => {
      await stock.query('update account set amount = amount + 1 where id = 1');
      await orders.query("notify somebody, 'x'");
      await orders.query('update account set amount = amount - 1 where id = 1');
    });
    await expect(notifying).rejects.toMatchObject({
      reason: 'refused',
      resource: 'orders',
      detail: expect.stringMatching(/NOTIFY/i),
    });
    await until('the rollbacks', async () => (await leftovers()) === 0 && manager.list().length === 0);
    expect(await sum()).toBe(4_000);
    await stop();
  });

  test('abort, although the function swallows the failure of a statement', async () => {
    const { manager } = await start(urls());
    const stubborn = manager.transact(async ({ orders, stock }) => {
      await stock.query('update account set amount = amount + 1 where id = 1');
      await orders.query('select * from missing').catch(() => undefined);
    });
    await expect(stubborn).rejects.toMatchObject({ reason: 'refused', resource: 'orders' });
    await stop();
  });

  test('commit once under a key, in one phase as in two, across lives of the manager', async () => {
    const first = await start(urls());
    const two = await take(first.manager, 5, { idempotencyKey: 'order 1' });
    const one = await first.manager.transact(
      ({ orders }) => orders.query('update account set amount = amount + 0 where id = 2'),
      { idempotencyKey: 'order 2' },
    );
    await stop();
    const { manager } = await start(urls(), first.storage);
    expect(await take(manager, 5, { idempotencyKey: 'order 1' })).toMatchObject({ isRepeated: true });
    expect(await take(manager, 5, { idempotencyKey: 'order 2' })).toEqual({
      outcome: 'committed',
      transaction: one.transaction,
      isRepeated: true,
    });
    expect(await manager.outcome(two.transaction)).toMatchObject({ outcome: 'committed' });
    await stop();
    expect(await sum()).toBe(4_000);
  });

  test.each([
    ['in one phase', ['orders']],
    ['in two phases', ['orders', 'stock']],
  ] as const)(
    'answer a request under its key as they did %s, and refuse another, in the next life too',
    async (_, at) => {
      const idempotencyKey = `answered by ${at.join()}`;
      const ask = (manager: TransactionManager<Databases>, amount: number) =>
        manager.transact(
          async (work) => {
            const amounts: unknown[] = [];
            for (const name of at) {
              const { rows } = await work[name].query(
                'update account set amount = amount where id = 2 returning amount',
              );
              amounts.push(rows[0]?.amount);
            }
            return amounts;
          },
          { idempotencyKey, request: { amount } },
        );
      const first = await start(urls());
      const { transaction, value } = await ask(first.manager, 5);
      expect(value).toHaveLength(at.length);
      await stop();
      const { manager } = await start(urls(), first.storage);
      expect(await ask(manager, 5)).toEqual({ outcome: 'committed', transaction, isRepeated: true, value });
      await expect(ask(manager, 6)).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', transaction });
    },
  );

  test('roll back what an earlier life had prepared and never decided', async () => {
    const first = await start(urls());
    await stop();
    const before = await start(urls(), first.storage);
    const branch = { manager: 'n1', transaction: `j.${before.node.journal.id.slice(0, 12)}.1.zz`, branch: 'orders' };
    const session = await before.node.resources.orders.begin(branch, { timeoutMs: 60_000 });
    await session.query('update account set amount = amount + 1 where id = 1');
    expect(await session.prepare({ timeoutMs: 60_000 })).toMatchObject({ type: 'yes' });
    const foreign = { manager: 'n9', transaction: 'theirs', branch: 'orders' };
    const other = await before.node.resources.orders.begin(foreign, { timeoutMs: 60_000 });
    await other.query('update account set amount = amount + 1 where id = 2');
    expect(await other.prepare({ timeoutMs: 60_000 })).toMatchObject({ type: 'yes' });
    await stop();
    const { manager, node } = await start(urls(), first.storage);
    await until('the orphan to be rolled back', async () => (await leftovers()) === 1);
    // Another manager's branch is left alone.
    expect(await node.resources.orders.outcomeOf(foreign, { timeoutMs: 60_000 })).toEqual({ type: 'prepared' });
    await node.resources.orders.rollback(foreign, { timeoutMs: 60_000 });
    expect(manager.list()).toEqual([]);
    await stop();
    expect(await sum()).toBe(4_000);
  });

  test('report branches under their name that another journal gave out, and leave them alone', async () => {
    const first = await start(urls());
    const branch = { manager: 'n1', transaction: 'j.anotherone.1.1', branch: 'orders' };
    const session = await first.node.resources.orders.begin(branch, { timeoutMs: 60_000 });
    await session.query('update account set amount = amount + 1 where id = 1');
    await session.prepare({ timeoutMs: 60_000 });
    expect(await first.manager.recover()).toMatchObject([{ resource: 'orders', orphans: [branch] }, {}]);
    expect(await first.manager.outcome(branch.transaction)).toMatchObject({ outcome: 'unknown' });
    await first.node.resources.orders.rollback(branch, { timeoutMs: 60_000 });
    await stop();
  });
});

describe('a database out of reach', () => {
  const quick = { resourceDeadlineMs: 1_000, voteTimeoutMs: 1_500, retryIntervalMs: 100, timeoutMs: 2_000 };
  /** For what must succeed, or fails at once. */
  const patient = { ...patientTimes, retryIntervalMs: 100 };
  const through = async (times: Partial<TransactionTimes> = patient) => {
    const proxy = await startTcpProxy(() => server.port);
    const started = await start(
      { orders: server.url('orders', proxy.port), stock: server.url('stock') },
      undefined,
      times,
    );
    const end = async (): Promise<void> => {
      await until(
        'everything to be over',
        async () => (await leftovers()) === 0 && started.manager.list().length === 0,
      );
      await stop();
      await proxy.close();
      expect(await sum()).toBe(4_000);
    };
    return { ...started, proxy, end };
  };

  test('when the connection is lost at a statement aborts', async () => {
    const { manager, proxy, end } = await through();
    void proxy.loseRequest('update account');
    await expect(take(manager, 1)).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED', resource: 'orders' });
    await end();
  });

  test.each(['loseRequest', 'loseAnswerTo'] as const)('when %s happens to PREPARE aborts', async (how) => {
    const { manager, proxy, end } = await through();
    void proxy[how]('prepare transaction');
    await expect(take(manager, 1)).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED', resource: 'orders' });
    await end();
  });

  test.each(['loseRequest', 'loseAnswerTo'] as const)('when %s happens to COMMIT PREPARED commits', async (how) => {
    const { manager, proxy, end } = await through();
    const happened = proxy[how]('commit prepared');
    await expect(take(manager, 1)).resolves.toMatchObject({ outcome: 'committed' });
    await happened;
    await end();
  });

  test.each([
    ['loseRequest', 'aborted'],
    ['loseAnswerTo', 'committed'],
  ] as const)('when %s happens to a commit in one phase finds out that it is %s', async (how, outcome) => {
    const { manager, proxy, end } = await through();
    const [before] = await server.query('select amount from account where id = 2', [], 'orders');
    void proxy[how]("'committed'");
    const only = manager.transact(({ orders }) => orders.query('update account set amount = amount + 0 where id = 2'));
    if (outcome === 'committed') await expect(only).resolves.toMatchObject({ outcome });
    else await expect(only).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED', resource: 'orders' });
    expect(await server.query('select amount from account where id = 2', [], 'orders')).toEqual([before]);
    await end();
  });

  test('that never answers aborts within its time, and is reported', async () => {
    const { manager, proxy } = await through(quick);
    proxy.stall();
    await expect(take(manager, 1)).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' });
    expect(await manager.recover()).toMatchObject([{ resource: 'orders', state: 'unreachable' }, { state: 'ready' }]);
    await stop();
    await proxy.close();
    await until('the sessions to end', async () => (await leftovers()) === 0);
  });

  test('that takes no prepared transactions says what to set', async () => {
    const bare = await startPostgres({ max_prepared_transactions: '0' });
    try {
      await bare.query('create table account (id int primary key, amount int)');
      const { manager } = await start({ orders: bare.url(), stock: server.url('stock') });
      const refused = manager.transact(async ({ orders, stock }) => {
        await orders.query('insert into account values (1, 1)');
        await stock.query('update account set amount = amount + 1 where id = 1');
      });
      await expect(refused).rejects.toMatchObject({
        resource: 'orders',
        detail: expect.stringMatching(/max_prepared_transactions/),
      });
      await stop();
    } finally {
      await bare.remove();
    }
    expect(await sum()).toBe(4_000);
  });

  test('refuses wrong credentials by name', async () => {
    const wrong = server.url('orders').replace(/:[^:@/]+@/, ':wrong@');
    const { manager } = await start({ orders: wrong, stock: server.url('stock') });
    await expect(take(manager, 1)).rejects.toMatchObject({
      code: 'TRANSACTION_ABORTED',
      resource: 'orders',
      cause: { code: 'RESOURCE_LOGIN' },
    });
    expect(manager.status().resources[0]).toMatchObject({
      state: 'unreachable',
      problem: expect.stringMatching(/login/),
    });
    await stop();
  });
});
