/** The examples of query builders within transactions, over real databases. */

import { drizzle as drizzleMysql } from 'drizzle-orm/mysql-proxy';
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { placeOrder as placeByDrizzle } from '../../examples/transaction-drizzle.ts';
import { orderedOf, ordersIn, placeOrder as placeByKysely, stockIn } from '../../examples/transaction-kysely.ts';
import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { createNode, type Node } from '../../src/host/node.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import type { EnlistedResource } from '../../src/resources/adapter.ts';
import { type MariaDbSession, mariadb } from '../../src/resources/mariadb.ts';
import { type PostgresSession, postgres } from '../../src/resources/postgres.ts';
import { mysqlCallback, mysqlPool } from '../../src/services/transactions/drivers/mysql2.ts';
import { pgClient, pgPool } from '../../src/services/transactions/drivers/pg.ts';
import type { WorkOf } from '../../src/services/transactions/work.ts';
import {
  createTransactionManager,
  type TransactionManager,
  transactionDefinitions,
} from '../../src/services/transactions.ts';
import { hasMariaDb, startMariaDb, type TestMariaDb } from '../fixtures/mariadb.ts';
import { patientTimes } from '../fixtures/patience.ts';
import { startPostgres, type TestPostgres } from '../fixtures/postgres.ts';
import { until } from '../fixtures/until.ts';

type Databases = {
  readonly orders: EnlistedResource<PostgresSession>;
  readonly stock: EnlistedResource<MariaDbSession>;
};

describe.skipIf(!hasMariaDb)('within a transaction over PostgreSQL and MariaDB', () => {
  let ordersServer: TestPostgres;
  let stockServer: TestMariaDb;
  let node: Node<Databases>;
  let manager: TransactionManager<Databases>;
  const kysely = (work: WorkOf<Databases>) => [ordersIn(pgPool(work.orders)), stockIn(mysqlPool(work.stock))] as const;
  const left = async () => (await stockServer.query('select amount from items'))[0]?.amount;
  /** What is decided is carried out a little later. */
  const ended = () => until('all transactions to be over', () => manager.list().length === 0);
  const placed = async () => await ordersServer.query('select item, amount from orders order by id');

  beforeAll(async () => {
    [ordersServer, stockServer] = await Promise.all([startPostgres(), startMariaDb()]);
    await ordersServer.query(
      'create table orders (id serial primary key, item text not null, amount int not null, at timestamptz not null default now())',
    );
    await stockServer.query('create table items (name varchar(100) primary key, amount int not null)');
    await stockServer.query("insert into items values ('chair', 0)");
    const environment = systemEnvironment();
    node = createNode({
      id: 'n1',
      bus: createMemoryNetwork(environment).join('n1'),
      journal: createMemoryJournal({ node: 'n1', ...environment }),
      environment,
      resources: {
        orders: postgres(ordersServer.url(), { name: 'orders' }),
        stock: mariadb(stockServer.url(), { name: 'stock' }),
      },
      definitions: transactionDefinitions,
    });
    manager = await createTransactionManager({ node, environment, times: patientTimes });
  });
  beforeEach(async () => {
    await ordersServer.query('delete from orders');
    await stockServer.query('update items set amount = 10');
  });
  afterAll(async () => {
    manager?.close();
    await node?.stop();
    await Promise.all([ordersServer?.remove(), stockServer?.remove()]);
  });

  const ways = [
    [
      'Kysely',
      async (work: WorkOf<Databases>, amount: number) => void (await placeByKysely(...kysely(work), 'chair', amount)),
    ],
    ['Drizzle', async (work: WorkOf<Databases>, amount: number) => void (await placeByDrizzle(work, 'chair', amount))],
  ] as const;

  test.each(ways)('%s writes at both, or at none of them', async (_name, place) => {
    await manager.transact((work) => place(work, 3));
    await ended();
    expect(await placed()).toEqual([{ item: 'chair', amount: 3 }]);
    expect(await left()).toBe(7);
    const greedy = manager.transact(async (work) => {
      await work.orders.query("insert into orders (item, amount) values ('chair', 100)");
      return place(work, 100);
    });
    await expect(greedy).rejects.toMatchObject({
      code: 'TRANSACTION_ABORTED',
      cause: expect.objectContaining({ message: 'there are no 100 of chair' }),
    });
    expect([await placed(), await left()]).toEqual([[{ item: 'chair', amount: 3 }], 7]);
  });

  test('Drizzle reads dates as it does elsewhere', async () => {
    const { value } = await manager.transact((work) => placeByDrizzle(work, 'chair', 1));
    await ended();
    expect(value?.at.getTime()).toBe((await ordersServer.query('select at from orders'))[0]?.at.getTime());
  });

  test('Kysely reads rows as a stream, in PostgreSQL', async () => {
    await ordersServer.query("insert into orders (item, amount) select 'chair', n from generate_series(1, 250) n");
    const { value } = await manager.transact((work) => orderedOf(ordersIn(pgPool(work.orders)), 'chair'));
    expect(value).toBe(31_375);
    const stream = manager.transact(async (work) => {
      for await (const _row of stockIn(mysqlPool(work.stock)).selectFrom('items').selectAll().stream());
    });
    await expect(stream).rejects.toMatchObject({ cause: expect.objectContaining({ code: 'STATEMENT_TEXT' }) });
  });

  test('savepoints are the way to take back a part', async () => {
    await manager.transact(async (work) => {
      const [orders, stock] = kysely(work);
      await placeByKysely(orders, stock, 'chair', 1);
      for (const db of [orders, stock]) await sql`savepoint second`.execute(db);
      await expect(placeByKysely(orders, stock, 'chair', 100)).rejects.toThrow('there are no');
      await expect(sql`select * from nowhere`.execute(stock)).rejects.toMatchObject({ code: 'STATEMENT' });
      for (const db of [orders, stock]) await sql`rollback to savepoint second`.execute(db);
    });
    await ended();
    expect(await placed()).toEqual([{ item: 'chair', amount: 1 }]);
    expect(await left()).toBe(9);
  });

  test('what would commit by itself is refused, and nothing of it stays unless the whole commits', async () => {
    const refused = { code: 'BRANCH_CONTROL', message: expect.stringContaining('savepoint') };
    const aborted = manager.transact(async (work) => {
      const [orders, stock] = kysely(work);
      await placeByKysely(orders, stock, 'chair', 1);
      const nothing = async () => undefined;
      await expect(orders.transaction().execute(nothing)).rejects.toMatchObject(refused);
      await expect(stock.transaction().execute(nothing)).rejects.toMatchObject(refused);
      await expect(orders.startTransaction().execute()).rejects.toMatchObject(refused);
      await expect(orders.transaction().setIsolationLevel('serializable').execute(nothing)).rejects.toMatchObject(
        refused,
      );
      await expect(drizzlePostgres(pgClient(work.orders)).transaction(nothing)).rejects.toMatchObject({
        cause: refused,
      });
      await expect(drizzleMysql(mysqlCallback(work.stock)).transaction(nothing)).rejects.toThrow('not supported');
      for (const db of [orders, stock]) await expect(sql`commit`.execute(db)).rejects.toMatchObject(refused);
      throw new Error('no');
    });
    await expect(aborted).rejects.toMatchObject({ cause: expect.objectContaining({ message: 'no' }) });
    expect([await placed(), await left()]).toEqual([[], 10]);
  });
});
