/**
 * Kysely within atomic transactions over two databases: orders in PostgreSQL, stock in MariaDB.
 *
 *     ORDERS_URL=postgres://... STOCK_URL=mysql://... node dist/examples/transaction-kysely.js
 *
 * The tables, with something in stock:
 *
 *     create table orders (id serial primary key, item text not null, amount int not null, at timestamptz not null default now());
 *     create table items (name varchar(100) primary key, amount int not null); insert into items values ('chair', 2);
 */

import { type Generated, Kysely, MysqlDialect, PostgresDialect } from 'kysely';
import { mariadb } from '../src/resources/mariadb.ts';
import { postgres } from '../src/resources/postgres.ts';
import { startNode } from '../src/services/start-node.ts';
import { type MysqlPool, mysqlPool } from '../src/services/transactions/drivers/mysql2.ts';
import { PgCursor, type PgPool, pgPool } from '../src/services/transactions/drivers/pg.ts';
import { createTransactionManager } from '../src/services/transactions.ts';

interface Orders {
  readonly orders: { readonly id: Generated<number>; readonly item: string; readonly amount: number };
}

interface Stock {
  readonly items: { readonly name: string; readonly amount: number };
}

/** As cheap as an object of Kysely is: one for each session. */
export const ordersIn = (pool: PgPool) =>
  new Kysely<Orders>({ dialect: new PostgresDialect({ pool, cursor: PgCursor }) });
export const stockIn = (pool: MysqlPool) => new Kysely<Stock>({ dialect: new MysqlDialect({ pool }) });

/** Takes what was ordered from the stock, and writes the order down. @returns its number */
export async function placeOrder(orders: Kysely<Orders>, stock: Kysely<Stock>, item: string, amount: number) {
  const { numUpdatedRows } = await stock
    .updateTable('items')
    .set(({ eb }) => ({ amount: eb('amount', '-', amount) }))
    .where('name', '=', item)
    .where('amount', '>=', amount)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new Error(`there are no ${amount} of ${item}`);
  const { id } = await orders.insertInto('orders').values({ item, amount }).returning('id').executeTakeFirstOrThrow();
  return id;
}

/** What was ordered of an item in all, read a few orders at a time. */
export async function orderedOf(orders: Kysely<Orders>, item: string): Promise<number> {
  let sum = 0;
  for await (const { amount } of orders.selectFrom('orders').select('amount').where('item', '=', item).stream(100)) {
    sum += amount;
  }
  return sum;
}

async function main(ordersUrl: string, stockUrl: string): Promise<void> {
  const { node } = await startNode({
    id: 'n1',
    directory: './data/transaction-kysely',
    resources: { orders: postgres(ordersUrl, { name: 'orders' }), stock: mariadb(stockUrl, { name: 'stock' }) },
  });
  const manager = await createTransactionManager({ node });
  const { value } = await manager.transact(async (work) => {
    const [orders, stock] = [ordersIn(pgPool(work.orders)), stockIn(mysqlPool(work.stock))];
    const id = await placeOrder(orders, stock, 'chair', 1);
    return { id, ordered: await orderedOf(orders, 'chair') };
  });
  console.log(value);
  manager.close();
  await node.stop();
}

const { ORDERS_URL: ordersUrl, STOCK_URL: stockUrl } = process.env;
if (process.argv[1] === import.meta.filename) {
  if (ordersUrl === undefined || stockUrl === undefined) throw new Error('set ORDERS_URL and STOCK_URL');
  await main(ordersUrl, stockUrl);
}
