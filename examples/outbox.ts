/**
 * A service over two databases that tells others what it has done: an order takes from the stock, is written down, and lays what
 * is to be told into an outbox, all in one atomic transaction. A relay tells what lies there, oldest first, and removes what was
 * told. One that dies in between tells it again, under the same id, by which its hearers know it.
 *
 *     ORDERS_URL=postgres://... STOCK_URL=postgres://... HEARER_URL=http://... node dist/examples/outbox.js [--dashboard PORT]
 *
 * The tables, with something in stock:
 *
 *     create table orders (id serial primary key, item text not null, amount int not null);
 *     create table outbox (id bigserial primary key, event json not null);
 *     create table items (name text primary key, amount int not null check (amount >= 0)); insert into items values ('chair', 2);
 */

import { setTimeout } from 'node:timers/promises';
import express, { type Express } from 'express';
import pg from 'pg';
import { type PostgresSession, postgres } from '../src/resources/postgres.ts';
import type { EnlistedResource } from '../src/resources.ts';
import { startNode } from '../src/services/start-node.ts';
import {
  createTransactionManager,
  IdempotencyMismatchError,
  TransactionAbortedError,
  type TransactionManager,
  TransactionOutcomeUnknownError,
  type WorkOf,
} from '../src/services/transactions.ts';
import { host } from './box-office.ts';
import { askedPort, showing } from './dashboard.ts';

/** Why an order is not taken. */
class SoldOutError extends Error {}

type Databases = {
  readonly orders: EnlistedResource<PostgresSession>;
  readonly stock: EnlistedResource<PostgresSession>;
};

/** All of an order, or nothing of it. @returns its number */
export async function placeOrder({ orders, stock }: WorkOf<Databases>, item: string, amount: number): Promise<number> {
  const { rowCount } = await stock.query('update items set amount = amount - $2 where name = $1 and amount >= $2', [
    item,
    amount,
  ]);
  if (rowCount !== 1) throw new SoldOutError(`there are no ${amount} of ${item}`);
  const { rows } = await orders.query('insert into orders (item, amount) values ($1, $2) returning id', [item, amount]);
  const order = Number(rows[0]?.id);
  await orders.query('insert into outbox (event) values ($1)', [JSON.stringify({ ordered: { order, item, amount } })]);
  return order;
}

/** Takes orders, each once however often its client repeats it under its `Idempotency-Key`. */
export function orderDesk(manager: Pick<TransactionManager<Databases>, 'transact'>): Express {
  const app = express();
  app.post('/orders', express.json(), async (request, response) => {
    const key = request.get('idempotency-key');
    const { item, amount }: { readonly item?: unknown; readonly amount?: unknown } = Object(request.body);
    const isKey = key !== undefined && key.length <= 100;
    if (!isKey || typeof item !== 'string' || !Number.isSafeInteger(amount) || Number(amount) < 1) {
      return void response.status(400).json({ code: 'ORDER_MALFORMED' });
    }
    const asked = { item, amount: Number(amount) };
    try {
      const { value } = await manager.transact((work) => placeOrder(work, asked.item, asked.amount), {
        idempotencyKey: `order ${key}`,
        request: asked,
      });
      response.status(201).json({ order: value });
    } catch (error) {
      const known = failed(error);
      if (known === undefined) throw error;
      response.status(known).json({ code: error instanceof Error ? error.message : String(error) });
    }
  });
  return app;
}

/** The status for what is known of an order that failed. */
function failed(error: unknown): number | undefined {
  if (error instanceof IdempotencyMismatchError) return 422;
  if (error instanceof TransactionOutcomeUnknownError) return 504;
  if (!(error instanceof TransactionAbortedError)) return undefined;
  return error.cause instanceof SoldOutError ? 409 : 503;
}

/** Tells a hearer one event; rejects where that may not have been heard. */
export type Tell = (id: string, event: unknown) => Promise<void>;

/** Tells up to a hundred events that lie in the outbox. Two relays at once would tell some twice. @returns how many */
export async function relay(orders: Pick<pg.Pool, 'query'>, tell: Tell): Promise<number> {
  // By number, and not beyond the last one told: transactions do not commit in the order of their numbers.
  const { rows } = await orders.query('select id, event from outbox order by id limit 100');
  for (const { id, event } of rows) {
    await tell(`outbox ${id}`, event);
    await orders.query('delete from outbox where id = $1', [id]);
  }
  return rows.length;
}

/** Tells by HTTP: a hearer that answers 2xx has heard, and drops an id that it has heard before. */
export const tellBy =
  (url: string): Tell =>
  async (id, event) => {
    const { ok, status } = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': id },
      body: JSON.stringify(event),
      signal: AbortSignal.timeout(5_000),
    });
    if (!ok) throw new Error(`expected ${url} to take '${id}', got status ${status}`);
  };

async function main(ordersUrl: string, stockUrl: string, hearerUrl: string): Promise<void> {
  const { node } = await startNode({
    id: 'n1',
    directory: './data/outbox',
    resources: { orders: postgres(ordersUrl), stock: postgres(stockUrl) },
  });
  const dashboard = await showing([node], askedPort());
  const manager = await createTransactionManager({ node });
  const server = orderDesk(manager).listen(8_080, host);
  const pool = new pg.Pool({ connectionString: ordersUrl, max: 1 });
  console.log(`try: curl localhost:8080/orders -H 'idempotency-key: 1' --json '{"item": "chair", "amount": 1}'`);
  process.once('SIGINT', async () => {
    server.close();
    manager.close();
    await Promise.all([dashboard.close(), node.stop()]);
    process.exit();
  });
  for (;;) {
    const told = await relay(pool, tellBy(hearerUrl)).catch((error: unknown) => console.error(error));
    if (!told) await setTimeout(1_000);
  }
}

if (process.argv[1] === import.meta.filename) {
  const { ORDERS_URL, STOCK_URL, HEARER_URL } = process.env;
  if (!ORDERS_URL || !STOCK_URL || !HEARER_URL) throw new Error('expected ORDERS_URL, STOCK_URL and HEARER_URL');
  await main(ORDERS_URL, STOCK_URL, HEARER_URL);
}
