/** The manager over MariaDB and PostgreSQL together: commit, refusals of either, and kill -9 of the MariaDB server. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import type { EnlistedResource } from '../../../src/resources/adapter.ts';
import { type MariaDbSession, mariadb } from '../../../src/resources/mariadb.ts';
import { type PostgresSession, postgres } from '../../../src/resources/postgres.ts';
import {
  createTransactionManager,
  type ManagerNotice,
  type TransactionManager,
  transactionDefinitions,
} from '../../../src/services/transactions.ts';
import { hasMariaDb, startMariaDb, type TestMariaDb } from '../../fixtures/mariadb.ts';
import { patientTimes } from '../../fixtures/patience.ts';
import { startPostgres, type TestPostgres } from '../../fixtures/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../../fixtures/tcp-proxy.ts';
import { until } from '../../fixtures/until.ts';

type Databases = {
  readonly orders: EnlistedResource<PostgresSession>;
  readonly stock: EnlistedResource<MariaDbSession>;
};

if (!hasMariaDb) {
  console.warn('MariaDB is not installed (mariadbd, mariadb-install-db): its tests with the manager are skipped');
}

describe.skipIf(!hasMariaDb)('transactions over PostgreSQL and MariaDB', () => {
  let orders: TestPostgres;
  let stock: TestMariaDb;
  let proxy: TcpProxy;
  const environment = systemEnvironment();
  const { clock } = environment;
  const running: { readonly node: Node; readonly manager: { close(): void } }[] = [];

  const start = async (
    storage = createMemoryStorage({ node: 'n1', clock, ids: environment.ids }),
  ): Promise<{ manager: TransactionManager<Databases>; storage: typeof storage }> => {
    const node = createNode({
      id: 'n1',
      bus: createMemoryNetwork({ clock }).join('n1'),
      journal: storage.open(),
      environment,
      resources: {
        orders: postgres(orders.url(), { name: 'orders' }),
        stock: mariadb(stock.url('test', proxy.port), { name: 'stock' }),
      },
      definitions: transactionDefinitions,
    });
    const manager = await createTransactionManager({ node, environment, times: patientTimes });
    running.push({ node, manager });
    return { manager, storage };
  };
  const stop = async (): Promise<void> => {
    for (const { node, manager } of running.splice(0)) {
      manager.close();
      await node.stop();
    }
  };
  const take = (manager: TransactionManager<Databases>, amount: number, how: { idempotencyKey?: string } = {}) =>
    manager.transact(async (work) => {
      await work.orders.query('update account set amount = amount - $1', [amount]);
      await work.stock.query('update account set amount = amount + ?', [amount]);
    }, how);
  const amounts = async (): Promise<readonly number[]> => {
    const [atOrders] = await orders.query('select amount from account');
    const [atStock] = await stock.query('select amount from account');
    return [Number(atOrders?.amount), Number(atStock?.amount)];
  };
  const settled = (manager: TransactionManager<Databases>): Promise<unknown> =>
    until('nothing to be prepared or open', async () => {
      if (manager.list().length > 0) return false;
      const prepared = await orders.query('select gid from pg_prepared_xacts');
      return prepared.length === 0 && (await stock.query('xa recover')).length === 0;
    });

  beforeAll(async () => {
    [orders, stock] = await Promise.all([startPostgres(), startMariaDb()]);
    proxy = await startTcpProxy(() => stock.port);
    await orders.query('create table account (amount int not null check (amount >= 0))');
    await stock.query('create table account (amount int not null check (amount <= 2000)) engine = InnoDB');
  });
  afterAll(async () => {
    await proxy.close();
    await Promise.all([orders.remove(), stock.remove()]);
  });
  /** Every test begins with the same amounts. */
  const endow = async (): Promise<void> => {
    for (const server of [orders, stock]) {
      await server.query('delete from account');
      await server.query('insert into account values (1000)');
    }
  };
  afterEach(stop);

  test('commit at both, once under a key, also in the next life of the manager', async () => {
    await endow();
    const first = await start();
    const { transaction } = await take(first.manager, 10, { idempotencyKey: 'order 1' });
    await settled(first.manager);
    expect(await amounts()).toEqual([990, 1_010]);
    await stop();
    const { manager } = await start(first.storage);
    expect(await manager.outcome(transaction)).toMatchObject({ outcome: 'committed' });
    expect(await take(manager, 10, { idempotencyKey: 'order 1' })).toMatchObject({ isRepeated: true, transaction });
    expect(await amounts()).toEqual([990, 1_010]);
  });

  test.each(['commit', 'rollback'] as const)(
    'commit, and say of a branch that a person ended by %s while the manager was down what can be known',
    async (verb) => {
      await endow();
      const first = await start();
      const lost = proxy.loseRequest('xa commit');
      const { transaction } = await take(first.manager, 10);
      await lost;
      await stop();
      const [prepared] = await until('the branch to be free', async () => {
        const rows = await stock.query("xa recover format = 'SQL'");
        return rows.length === 1 ? rows : undefined;
      });
      await stock.query(`xa ${verb} ${String(prepared?.data)}`);
      const { manager } = await start(first.storage);
      const notices: ManagerNotice[] = [];
      manager.notices.subscribe((notice) => notices.push(notice));
      if (verb === 'commit') {
        await settled(manager);
        expect(await amounts()).toEqual([990, 1_010]);
      } else {
        await until('the second phase elsewhere', async () => (await amounts())[0] === 990);
        expect(manager.list()).toMatchObject([{ transaction, state: 'committed' }]);
      }
      expect(notices).toEqual([]);
    },
  );

  test.each([
    ['in one phase', false],
    ['in two phases', true],
  ])('answer a request under its key as they did %s, and refuse another, in the next life too', async (_, isTwo) => {
    await endow();
    const idempotencyKey = `answered ${isTwo}`;
    const ask = (manager: TransactionManager<Databases>, request: number) =>
      manager.transact(
        async (work) => {
          await work.stock.query('update account set amount = amount + 1');
          if (isTwo) await work.orders.query('update account set amount = amount - 1');
          return { request };
        },
        { idempotencyKey, request },
      );
    const first = await start();
    const { transaction } = await ask(first.manager, 5);
    await settled(first.manager);
    await stop();
    const { manager } = await start(first.storage);
    expect(await ask(manager, 5)).toEqual({
      outcome: 'committed',
      transaction,
      isRepeated: true,
      value: { request: 5 },
    });
    await expect(ask(manager, 6)).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', transaction });
    expect(await amounts()).toEqual([isTwo ? 999 : 1_000, 1_001]);
  });

  test('abort at both when either refuses, and name it', async () => {
    await endow();
    const { manager } = await start();
    await manager.transact((work) => work.stock.query('update account set amount = 2000'));
    await expect(take(manager, 1)).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED', resource: 'stock' });
    await manager.transact((work) => work.stock.query('update account set amount = 0'));
    await expect(take(manager, 1_001)).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED', resource: 'orders' });
    await settled(manager);
    expect(await amounts()).toEqual([1_000, 0]);
  });

  test('abort when the function throws after both have worked', async () => {
    await endow();
    const { manager } = await start();
    const changedMind = manager.transact(async (work) => {
      await work.orders.query('update account set amount = 1');
      await work.stock.query('update account set amount = 1');
      throw new Error('changed my mind');
    });
    await expect(changedMind).rejects.toMatchObject({ reason: 'requested', cause: { message: 'changed my mind' } });
    await settled(manager);
    expect(await amounts()).toEqual([1_000, 1_000]);
  });

  test.each([
    ['before XA PREPARE reaches it', 'holdRequest', 'xa prepare', 'aborted'],
    ['between XA PREPARE and its answer', 'loseAnswerTo', 'xa prepare', undefined],
    ['before XA COMMIT reaches it', 'holdRequest', 'xa commit', 'committed'],
    ['between XA COMMIT and its answer', 'loseAnswerTo', 'xa commit', 'committed'],
  ] as const)('agree after kill -9 of MariaDB %s', { timeout: 600_000 }, async (_when, how, text, expected) => {
    await endow();
    const { manager } = await start();
    let happened: Promise<void>;
    let letGo = (): void => undefined;
    if (how === 'holdRequest') {
      const hold = proxy.holdRequest(text);
      happened = hold.held;
      letGo = () => hold.letGo();
    } else {
      happened = proxy.loseAnswerTo(text);
    }
    const answer = take(manager, 10).then(
      () => 'committed',
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'TRANSACTION_ABORTED', resource: 'stock' });
        return 'aborted';
      },
    );
    await happened;
    await stock.kill();
    letGo();
    await stock.start();
    await settled(manager);
    const said = await answer;
    if (expected !== undefined) expect(said).toBe(expected);
    expect(await amounts()).toEqual(said === 'committed' ? [990, 1_010] : [1_000, 1_000]);
    for (const report of await manager.recover()) {
      expect(report).toMatchObject({ state: 'ready', prepared: 0, orphans: [] });
    }
  });
});
