/** The example of an outbox, over two databases of one real server. */

import { createServer } from 'node:http';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { orderDesk, relay, tellBy } from '../../examples/outbox.ts';
import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { createNode } from '../../src/host/node.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { postgres } from '../../src/resources/postgres.ts';
import { createTransactionManager, transactionDefinitions } from '../../src/services/transactions.ts';
import { patientTimes } from '../fixtures/patience.ts';
import { startPostgres, type TestPostgres } from '../fixtures/postgres.ts';
import { until } from '../fixtures/until.ts';

let server: TestPostgres;
let pool: pg.Pool;
let url: string;
let isOver = (): boolean => true;
const ends: (() => unknown)[] = [];

async function listening(handler: Parameters<typeof createServer>[1]): Promise<{ url: string; close: () => void }> {
  const http = createServer(handler);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return { url: `http://127.0.0.1:${address.port}`, close: () => http.close() };
}

beforeAll(async () => {
  server = await startPostgres();
  await server.createDatabase('orders');
  await server.createDatabase('stock');
  const orders = (text: string) => server.query(text, [], 'orders');
  await orders('create table orders (id serial primary key, item text not null, amount int not null)');
  await orders('create table outbox (id bigserial primary key, event json not null)');
  const items = 'create table items (name text primary key, amount int not null check (amount >= 0))';
  await server.query(items, [], 'stock');
  const environment = systemEnvironment();
  const node = createNode({
    id: 'n1',
    bus: createMemoryNetwork(environment).join('n1'),
    journal: createMemoryJournal({ node: 'n1', ...environment }),
    environment,
    resources: {
      orders: postgres(server.url('orders'), { name: 'orders' }),
      stock: postgres(server.url('stock'), { name: 'stock' }),
    },
    definitions: transactionDefinitions,
  });
  const manager = await createTransactionManager({ node, environment, times: patientTimes });
  isOver = () => manager.list().length === 0;
  pool = new pg.Pool({ connectionString: server.url('orders'), max: 1 });
  const desk = await listening(orderDesk(manager).set('env', 'test'));
  url = desk.url;
  ends.push(
    desk.close,
    () => manager.close(),
    () => node.stop(),
    () => pool.end(),
  );
});
afterAll(async () => {
  for (const end of ends) await end();
  await server?.remove();
});
beforeEach(async () => {
  await server.query('truncate orders, outbox restart identity', [], 'orders');
  await server.query('truncate items', [], 'stock');
  await server.query("insert into items values ('chair', 2)", [], 'stock');
});

const order = async (key: string, amount: number) => {
  const response = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ item: 'chair', amount }),
  });
  return { status: response.status, body: await response.json() };
};
const left = () => server.query('select amount from items', [], 'stock');
const waiting = async () => (await server.query('select event from outbox order by id', [], 'orders')).length;

test('an order and what is told of it happen together, once, and not at all where the stock does not reach', async () => {
  const key = 'asked twice';
  expect(await order(key, 2)).toEqual({ status: 201, body: { order: 1 } });
  expect(await order(key, 2)).toEqual({ status: 201, body: { order: 1 } });
  expect((await order(key, 1)).status).toBe(422);
  expect((await order('one more', 1)).status).toBe(409);
  expect((await order('nonsense', 0)).status).toBe(400);
  await until('all transactions to be over', isOver);
  expect(await left()).toEqual([{ amount: 0 }]);
  expect(await waiting()).toBe(1);
});

test('a hearer that did not answer hears the same event again, under the same id, and in order', async () => {
  await order('first', 1);
  await order('second', 1);
  await until('all transactions to be over', isOver);
  const heard: (readonly [string | string[] | undefined, unknown])[] = [];
  let answers = 0;
  const hearer = await listening(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    heard.push([request.headers['idempotency-key'], JSON.parse(body).ordered.order]);
    answers += 1;
    response.writeHead(answers === 1 ? 500 : 204).end();
  });
  onTestFinished(hearer.close);
  await expect(relay(pool, tellBy(hearer.url))).rejects.toThrow(/expected .* to take 'outbox 1', got status 500/);
  expect(await waiting()).toBe(2);
  expect(await relay(pool, tellBy(hearer.url))).toBe(2);
  expect(heard.map(([id]) => id)).toEqual(['outbox 1', 'outbox 1', 'outbox 2']);
  expect(heard[1]).toEqual(heard[0]);
  expect(await waiting()).toBe(0);
});
