/**
 * Drizzle within atomic transactions over two databases: orders in PostgreSQL, stock in MariaDB.
 *
 *     ORDERS_URL=postgres://... STOCK_URL=mysql://... node dist/examples/transaction-drizzle.js
 *
 * The tables, with something in stock:
 *
 *     create table orders (id serial primary key, item text not null, amount int not null, at timestamptz not null default now());
 *     create table items (name varchar(100) primary key, amount int not null); insert into items values ('chair', 2);
 */

import { and, eq, gte, sql } from 'drizzle-orm';
import { int, mysqlTable, varchar } from 'drizzle-orm/mysql-core';
import { drizzle as drizzleMysql } from 'drizzle-orm/mysql-proxy';
import { drizzle as drizzlePostgres } from 'drizzle-orm/node-postgres';
import { integer, pgTable, serial, text, timestamp } from 'drizzle-orm/pg-core';
import { mariadb } from '../src/resources/mariadb.ts';
import { postgres } from '../src/resources/postgres.ts';
import { startNode } from '../src/services/start-node.ts';
import { type MariaDbWork, mysqlCallback } from '../src/services/transactions/drivers/mysql2.ts';
import { type PostgresWork, pgClient } from '../src/services/transactions/drivers/pg.ts';
import { createTransactionManager } from '../src/services/transactions.ts';

export const orders = pgTable('orders', {
  id: serial().primaryKey(),
  item: text().notNull(),
  amount: integer().notNull(),
  at: timestamp({ withTimezone: true }).notNull().defaultNow(),
});
export const items = mysqlTable('items', {
  name: varchar({ length: 100 }).primaryKey(),
  amount: int().notNull(),
});

/** The sessions of a transaction. */
export interface Sessions {
  readonly orders: PostgresWork;
  readonly stock: MariaDbWork;
}

/** Takes what was ordered from the stock, and writes the order down. @returns its number, and when it was made */
export async function placeOrder(sessions: Sessions, item: string, amount: number) {
  const stock = drizzleMysql(mysqlCallback(sessions.stock));
  const [taken] = await stock
    .update(items)
    .set({ amount: sql`${items.amount} - ${amount}` })
    .where(and(eq(items.name, item), gte(items.amount, amount)));
  if (taken.affectedRows !== 1) throw new Error(`there are no ${amount} of ${item}`);
  const [placed] = await drizzlePostgres(pgClient(sessions.orders))
    .insert(orders)
    .values({ item, amount })
    .returning({ id: orders.id, at: orders.at });
  return placed;
}

async function main(ordersUrl: string, stockUrl: string): Promise<void> {
  const { node } = await startNode({
    id: 'n1',
    directory: './data/transaction-drizzle',
    resources: { orders: postgres(ordersUrl, { name: 'orders' }), stock: mariadb(stockUrl, { name: 'stock' }) },
  });
  const manager = await createTransactionManager({ node });
  const { value } = await manager.transact((sessions) => placeOrder(sessions, 'chair', 1));
  console.log(value);
  manager.close();
  await node.stop();
}

const { ORDERS_URL: ordersUrl, STOCK_URL: stockUrl } = process.env;
if (process.argv[1] === import.meta.filename) {
  if (ordersUrl === undefined || stockUrl === undefined) throw new Error('set ORDERS_URL and STOCK_URL');
  await main(ordersUrl, stockUrl);
}
