/**
 * kill -9 of a PostgreSQL server in every phase of a transaction over two servers: whatever the phase, the servers agree
 * soon after the restart, nothing stays prepared, and a repetition under the same key makes it happen once in all.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import type { EnlistedResource } from '../../../src/resources/adapter.ts';
import { type PostgresSession, postgres } from '../../../src/resources/postgres.ts';
import {
  createTransactionManager,
  TransactionAbortedError,
  type TransactionManager,
  TransactionOutcomeUnknownError,
  transactionDefinitions,
} from '../../../src/services/transactions.ts';
import { startPostgres, type TestPostgres } from '../../fixtures/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../../fixtures/tcp-proxy.ts';
import { until } from '../../fixtures/until.ts';

type Databases = {
  readonly orders: EnlistedResource<PostgresSession>;
  readonly stock: EnlistedResource<PostgresSession>;
};

/** Two servers, each behind a proxy: `stock` is the one that is killed. */
interface World {
  readonly manager: TransactionManager<Databases>;
  readonly orders: TcpProxy;
  readonly stock: TcpProxy;
  /** How many transactions are prepared at a server, as it says itself. */
  preparedAt(server: TestPostgres): Promise<number>;
  killStock(): Promise<void>;
}

interface Phase {
  readonly name: string;
  readonly last?: 'stock';
  /** What the application does in the transaction after its statements. */
  readonly atWork?: (world: World) => Promise<void>;
  /** Arranges the death of the server; resolves when it is dead. */
  readonly arrange?: (world: World) => Promise<void>;
  /** What the phase must end in; where it is absent, both are right. */
  readonly outcome?: 'committed' | 'aborted';
}

/** A second is the usual time; a machine that is busy with other things gets more. */
const resolveLimitMs = 100_000;
const environment = systemEnvironment();

let servers: { readonly orders: TestPostgres; readonly stock: TestPostgres };
const running: { readonly node: Node; readonly manager: { close(): void }; readonly proxies: readonly TcpProxy[] }[] =
  [];

const openWorld = async (last: 'stock' | undefined): Promise<World> => {
  const { clock } = environment;
  const orders = await startTcpProxy(() => servers.orders.port);
  const stock = await startTcpProxy(() => servers.stock.port);
  const node = createNode({
    id: 'n1',
    bus: createMemoryNetwork({ clock }).join('n1'),
    journal: createMemoryStorage({ node: 'n1', clock, ids: environment.ids }).open(),
    environment,
    resources: {
      orders: postgres(servers.orders.url('postgres', orders.port), { name: 'orders' }),
      stock: postgres(servers.stock.url('postgres', stock.port), { name: 'stock' }),
    },
    definitions: transactionDefinitions,
  });
  const manager = await createTransactionManager({ node, environment, ...(last === undefined ? {} : { last }) });
  running.push({ node, manager, proxies: [orders, stock] });
  return {
    manager,
    orders,
    stock,
    preparedAt: async (server) =>
      Number((await server.query('select count(*)::int as n from pg_prepared_xacts'))[0]?.n),
    killStock: () => servers.stock.kill(),
  };
};

const take = (world: World, idempotencyKey: string, atWork?: Phase['atWork']) =>
  world.manager.transact(
    async ({ orders, stock }) => {
      await orders.query('update account set amount = amount - 10');
      await stock.query('update account set amount = amount + 10');
      await atWork?.(world);
    },
    { idempotencyKey },
  );
const amounts = async (): Promise<{ readonly orders: number; readonly stock: number }> => {
  const at = async (server: TestPostgres): Promise<number> =>
    Number((await server.query('select amount from account'))[0]?.amount);
  return { orders: await at(servers.orders), stock: await at(servers.stock) };
};

const phases: readonly Phase[] = [
  {
    name: 'while statements are run',
    async atWork({ killStock }) {
      await killStock();
    },
    outcome: 'aborted',
  },
  {
    name: 'before PREPARE reaches it',
    async arrange({ stock, killStock }) {
      const { held, letGo } = stock.holdRequest('prepare transaction');
      await held;
      await killStock();
      letGo();
    },
    outcome: 'aborted',
  },
  {
    name: 'between PREPARE and its answer',
    async arrange({ stock, killStock }) {
      await stock.loseAnswerTo('prepare transaction');
      await killStock();
    },
  },
  {
    // It is in doubt while the other takes its time, and may ask it to give up: then that one never votes.
    name: 'when it is prepared, and the decision is not made',
    async arrange({ orders, manager, killStock }) {
      const { held, letGo } = orders.holdRequest('prepare transaction');
      await held;
      await until('the vote of the other', () => {
        const branches = manager.list().flatMap((it) => it.branches);
        return branches.some(({ resource, state }) => resource === 'stock' && state === 'yes');
      });
      await killStock();
      letGo();
    },
  },
  {
    name: 'when the decision is made, before COMMIT PREPARED reaches it',
    async arrange({ stock, killStock }) {
      const { held, letGo } = stock.holdRequest('commit prepared');
      await held;
      await killStock();
      letGo();
    },
    outcome: 'committed',
  },
  {
    name: 'between COMMIT PREPARED and its answer',
    async arrange({ stock, killStock }) {
      await stock.loseAnswerTo('commit prepared');
      await killStock();
    },
    outcome: 'committed',
  },
  {
    name: 'as the last resource, before its commit reaches it',
    last: 'stock',
    async arrange({ stock, killStock }) {
      const { held, letGo } = stock.holdRequest("'committed'");
      await held;
      await killStock();
      letGo();
    },
    outcome: 'aborted',
  },
  {
    name: 'as the last resource, between its commit and the answer',
    last: 'stock',
    async arrange({ stock, killStock }) {
      await stock.loseAnswerTo("'committed'");
      await killStock();
    },
  },
];

beforeAll(async () => {
  const [orders, stock] = await Promise.all([startPostgres(), startPostgres()]);
  servers = { orders, stock };
  for (const server of [orders, stock]) {
    await server.query('create table account (amount int not null)');
    await server.query('insert into account values (1000)');
  }
});
afterEach(async () => {
  for (const { node, manager, proxies } of running.splice(0)) {
    manager.close();
    await node.stop();
    for (const proxy of proxies) await proxy.close();
  }
});
afterAll(async () => {
  await Promise.all([servers.orders.remove(), servers.stock.remove()]);
});

describe('kill -9 of one of two PostgreSQL servers', () => {
  test.each(phases)('$name leaves both agreed and nothing prepared', { timeout: 600_000 }, async (phase) => {
    const world = await openWorld(phase.last);
    const before = await amounts();
    const dead = phase.arrange?.(world) ?? Promise.resolve();
    const key = `transfer: ${phase.name}`;
    const answer = take(world, key, phase.atWork).then(
      ({ transaction }) => ({ said: 'committed', transaction }),
      (error: unknown) => {
        if (error instanceof TransactionAbortedError) return { said: 'aborted', transaction: error.transaction };
        if (error instanceof TransactionOutcomeUnknownError) {
          return { said: 'unknown', transaction: error.transaction };
        }
        throw error;
      },
    );
    await dead;
    if (phase.atWork !== undefined) await answer;
    await servers.stock.start();
    const isResolved = async (): Promise<boolean> => {
      if (world.manager.list().length > 0) return false;
      return (await world.preparedAt(servers.orders)) + (await world.preparedAt(servers.stock)) === 0;
    };
    await until('everything to be resolved', isResolved, resolveLimitMs);
    const { said, transaction } = await answer;

    const after = await amounts();
    expect(after.orders + after.stock).toBe(2_000);
    const happened = before.orders - after.orders === 10;
    if (!happened) expect(after).toEqual(before);
    const { outcome } = await world.manager.outcome(transaction);
    expect(outcome).toBe(happened ? 'committed' : 'aborted');
    if (said !== 'unknown') expect(said).toBe(outcome);
    if (phase.outcome !== undefined) expect(outcome).toBe(phase.outcome);
    for (const report of await world.manager.recover()) {
      expect(report).toMatchObject({ state: 'ready', prepared: 0, orphans: [] });
    }

    expect(await take(world, key)).toMatchObject({ outcome: 'committed', isRepeated: happened });
    await until('the second phase', () => world.manager.list().length === 0);
    expect(await amounts()).toEqual({ orders: before.orders - 10, stock: before.stock + 10 });
  });
});
