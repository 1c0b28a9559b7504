/** Servers that come back somewhere else: the resource is told where by a function, and the manager lives on. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import type { EnlistedResource } from '../../../src/resources/adapter.ts';
import { mariadb } from '../../../src/resources/mariadb.ts';
import { postgres } from '../../../src/resources/postgres.ts';
import type { BranchSession } from '../../../src/resources/transactional.ts';
import { createTransactionManager, transactionDefinitions } from '../../../src/services/transactions.ts';
import { hasMariaDb, startMariaDb } from '../../fixtures/mariadb.ts';
import { startPostgres, type TestPostgres } from '../../fixtures/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../../fixtures/tcp-proxy.ts';
import { until } from '../../fixtures/until.ts';

/** A server that moves, as both fixtures offer it. */
interface Movable {
  readonly port: number;
  url(database?: string, port?: number): string;
  query(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  kill(): Promise<void>;
  startElsewhere(): Promise<void>;
  remove(): Promise<void>;
}
interface Querying extends BranchSession {
  query(text: string): Promise<unknown>;
}
interface Product {
  readonly name: string;
  readonly isHere: boolean;
  start(): Promise<Movable>;
  open(find: () => Promise<string>): EnlistedResource<Querying>;
  readonly commit: string;
  /** How many branches are prepared. */
  readonly listing: string;
}

const products: readonly Product[] = [
  {
    name: 'PostgreSQL',
    isHere: true,
    start: () => startPostgres(),
    open: (find) => postgres(find, { name: 'orders' }),
    commit: 'commit prepared',
    listing: 'select gid from pg_prepared_xacts',
  },
  {
    name: 'MariaDB',
    isHere: hasMariaDb,
    start: startMariaDb,
    open: (find) => mariadb(find, { name: 'orders' }),
    commit: 'xa commit',
    listing: 'xa recover',
  },
];

if (!hasMariaDb) {
  console.warn('MariaDB is not installed (mariadbd, mariadb-install-db): that it may move is not tested');
}

describe.each(products)('a $name server that comes back on another port', (product) => {
  const environment = systemEnvironment();
  const { clock } = environment;
  let orders: Movable;
  let stock: TestPostgres;
  const cleanups: (() => unknown)[] = [];

  beforeAll(async () => {
    if (!product.isHere) return;
    [orders, stock] = await Promise.all([product.start(), startPostgres()]);
    for (const server of [orders, stock]) {
      await server.query('create table account (id int primary key, amount int not null)');
      await server.query('insert into account values (1, 1000)');
    }
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  afterAll(async () => {
    if (!product.isHere) return;
    await Promise.all([orders.remove(), stock.remove()]);
  });

  /** The manager, with proxies in front of both servers; `orders` is looked for behind its proxy until it has moved. */
  const start = async () => {
    const [ordersProxy, stockProxy] = await Promise.all([
      startTcpProxy(() => orders.port),
      startTcpProxy(() => stock.port),
    ]);
    let place = orders.url(undefined, ordersProxy.port);
    let asked = 0;
    const node = createNode({
      id: 'n1',
      bus: createMemoryNetwork({ clock }).join('n1'),
      journal: createMemoryStorage({ node: 'n1', clock, ids: environment.ids }).open(),
      environment,
      resources: {
        orders: product.open(async () => {
          asked += 1;
          return place;
        }),
        stock: postgres(stock.url('postgres', stockProxy.port), { name: 'stock' }),
      },
      definitions: transactionDefinitions,
    });
    const times = { voteTimeoutMs: 10_000, resourceDeadlineMs: 10_000, retryIntervalMs: 100, inquiryIntervalMs: 5_000 };
    const manager = await createTransactionManager({ node, environment, times });
    const closing = new Set<TcpProxy>([ordersProxy, stockProxy]);
    cleanups.push(async () => {
      manager.close();
      await node.stop();
      for (const proxy of closing) await proxy.close();
    });
    const take = (amount: number) =>
      manager.transact(async (work) => {
        await work.orders.query(`update account set amount = amount - ${amount} where id = 1`);
        await work.stock.query(`update account set amount = amount + ${amount} where id = 1`);
      });
    /** @returns how many branches are prepared there before the resource is told where it is */
    const move = async (): Promise<number> => {
      await orders.kill();
      closing.delete(ordersProxy);
      await ordersProxy.close();
      await orders.startElsewhere();
      const { length } = await orders.query(product.listing);
      const before = asked;
      place = orders.url();
      cleanups.push(() => expect(asked).toBeGreaterThan(before));
      return length;
    };
    const settled = (): Promise<unknown> =>
      until('nothing to be prepared or open', async () => {
        if (manager.list().length > 0) return false;
        return (await orders.query(product.listing)).length === 0 && (await preparedAtStock()) === 0;
      });
    return { manager, take, move, settled, ordersProxy, stockProxy };
  };
  const preparedAtStock = async (): Promise<number> => (await stock.query('select gid from pg_prepared_xacts')).length;
  const amounts = async (): Promise<readonly number[]> =>
    Promise.all([orders, stock].map(async (it) => Number((await it.query('select amount from account'))[0]?.amount)));

  test.skipIf(!product.isHere)('gets the commit there that was decided before it moved', async () => {
    const { manager, take, move, settled, ordersProxy } = await start();
    const before = await amounts();
    const request = ordersProxy.holdRequest(product.commit);
    const committed = await take(10);
    await request.held;
    expect(await move()).toBe(1);
    await settled();
    expect(await amounts()).toEqual([Number(before[0]) - 10, Number(before[1]) + 10]);
    expect(await manager.outcome(committed.transaction)).toMatchObject({ outcome: 'committed' });
    await take(1);
    await settled();
    expect(await amounts()).toEqual([Number(before[0]) - 11, Number(before[1]) + 11]);
  });

  test.skipIf(!product.isHere)('gets the rollback there of what was prepared and not decided', async () => {
    const { take, move, settled, stockProxy } = await start();
    await take(1);
    await settled();
    const before = await amounts();
    const request = stockProxy.holdRequest('prepare transaction');
    const aborted = expect(take(10)).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' });
    await request.held;
    await until('the branch to be prepared', async () => (await orders.query(product.listing)).length === 1);
    expect(await move()).toBe(1);
    await aborted;
    request.letGo();
    await settled();
    expect(await amounts()).toEqual(before);
    await take(1);
    await settled();
    expect(await amounts()).toEqual([Number(before[0]) - 1, Number(before[1]) + 1]);
  });
});
