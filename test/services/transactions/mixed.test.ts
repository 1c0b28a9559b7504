/**
 * The manager over PostgreSQL and an embedded store, whose votes and whose coordinator share one journal: commit, abort,
 * and a crash of the coordinating node before and after its decision.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { type Environment, systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage, type MemoryStorage } from '../../../src/journal/memory.ts';
import type { EnlistedResource } from '../../../src/resources/adapter.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../../src/resources/embedded/store.ts';
import { type PostgresSession, postgres } from '../../../src/resources/postgres.ts';
import {
  createTransactionManager,
  type ManagerNotice,
  type TransactionManager,
  transactionDefinitions,
} from '../../../src/services/transactions.ts';
import { createMachineClock, type MachineClock } from '../../../src/simulator/machine-clock.ts';
import { patientTimes } from '../../fixtures/patience.ts';
import { startPostgres, type TestPostgres } from '../../fixtures/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../../fixtures/tcp-proxy.ts';
import { until } from '../../fixtures/until.ts';

type Stores = { readonly database: EnlistedResource<PostgresSession>; readonly store: EmbeddedStore };

/** One life of the coordinating node. */
interface Life {
  readonly node: Node<Stores>;
  readonly manager: TransactionManager<Stores>;
  readonly store: EmbeddedStore;
  readonly clock: MachineClock;
}

const system = systemEnvironment();
let server: TestPostgres;
let proxy: TcpProxy;
let storage: MemoryStorage;
let lives: Life[] = [];

const boot = async (port = server.port): Promise<Life> => {
  const clock = createMachineClock(system.clock);
  const environment: Environment = { ...system, clock };
  const journal = storage.open();
  const store = openEmbeddedStore({ journal, clock });
  const node = createNode({
    id: 'n1',
    bus: createMemoryNetwork({ clock }).join('n1'),
    journal,
    environment,
    resources: { database: postgres(server.url('postgres', port), { name: 'database', environment }), store },
    definitions: transactionDefinitions,
  });
  const manager = await createTransactionManager({ node, environment, times: patientTimes });
  const life = { node, manager, store, clock };
  lives.push(life);
  return life;
};
/** Nothing of this life runs any more, and what it had not flushed is lost. Its connections stay as they are. */
const crash = ({ clock }: Life): void => {
  clock.kill();
  storage.crash();
};
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
const take = ({ manager }: Life, amount: number, how: { idempotencyKey?: string } = {}) =>
  manager.transact(async ({ database, store }) => {
    await database.query('update account set amount = amount - $1', [amount]);
    await store.put('amount', numberOf(await store.get('amount')) + amount);
  }, how);
const amounts = async ({ store }: Life): Promise<readonly number[]> => {
  const [row] = await server.query('select amount from account');
  return [Number(row?.amount), numberOf(store.peek('amount'))];
};
const preparedCount = async (): Promise<number> => (await server.query('select gid from pg_prepared_xacts')).length;
const settled = async ({ manager, store }: Life): Promise<void> => {
  await until('nothing to be open or prepared', async () => {
    return manager.list().length === 0 && (await preparedCount()) === 0;
  });
  expect(await store.prepared('n1', { timeoutMs: 60_000 })).toEqual([]);
};

beforeAll(async () => {
  server = await startPostgres();
  proxy = await startTcpProxy(() => server.port);
  await server.query('create table account (amount int not null check (amount >= 0))');
});
afterAll(async () => {
  await proxy.close();
  await server.remove();
});
beforeEach(async () => {
  // A flush takes long enough for a crash to come before it is done.
  storage = createMemoryStorage({ node: 'n1', clock: system.clock, ids: system.ids, flushDelayMs: 100 });
  await server.query('delete from account');
  await server.query('insert into account values (1000)');
});
afterEach(async () => {
  const last = lives.at(-1);
  lives = [];
  last?.manager.close();
  await last?.node.stop();
});

describe('transactions over PostgreSQL and an embedded store', () => {
  test('commit at both, and remember it in the next life', async () => {
    const first = await boot();
    const { transaction } = await take(first, 10, { idempotencyKey: 'order 1' });
    await settled(first);
    expect(await amounts(first)).toEqual([990, 10]);
    crash(first);
    const second = await boot();
    expect(await second.manager.outcome(transaction)).toMatchObject({ outcome: 'committed' });
    expect(await take(second, 10, { idempotencyKey: 'order 1' })).toMatchObject({ isRepeated: true });
    expect(await amounts(second)).toEqual([990, 10]);
  });

  test('abort at both when the database refuses, and when the function throws', async () => {
    const life = await boot();
    await expect(take(life, 1_001)).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED', resource: 'database' });
    const changedMind = life.manager.transact(async ({ database, store }) => {
      await store.put('amount', 1);
      await database.query('update account set amount = 1');
      throw new Error('changed my mind');
    });
    await expect(changedMind).rejects.toMatchObject({ reason: 'requested', cause: { message: 'changed my mind' } });
    await settled(life);
    expect(await amounts(life)).toEqual([1_000, 0]);
  });

  test('commit at both after a crash of the node that had decided, and had committed neither', async () => {
    const first = await boot(proxy.port);
    const { held, letGo } = proxy.holdRequest('commit prepared');
    const { transaction } = await take(first, 10);
    // The caller knows, so the decision is durable; the store's commit waits for its flush, the database's at the proxy.
    crash(first);
    expect(await amounts(first)).toEqual([1_000, 0]);
    expect(await preparedCount()).toBe(1);
    const second = await boot();
    await settled(second);
    expect(await amounts(second)).toEqual([990, 10]);
    expect(await second.manager.outcome(transaction)).toMatchObject({ outcome: 'committed' });
    // What the dead node had sent arrives late, and finds nothing to do.
    await held;
    letGo();
    await settled(second);
    expect(await amounts(second)).toEqual([990, 10]);
  });

  test.each([
    { verb: 'rollback', isHazard: true },
    { verb: 'commit', isHazard: false },
  ])('commit, and are a hazard ($isHazard) after a $verb by hand while the node was down', async (by) => {
    const first = await boot(proxy.port);
    const { letGo } = proxy.holdRequest('commit prepared');
    const { transaction } = await take(first, 10);
    crash(first);
    for (const { gid } of await server.query('select gid from pg_prepared_xacts')) {
      await server.query(`${by.verb} prepared '${gid}'`);
    }
    const second = await boot();
    await settled(second);
    const hazards: ManagerNotice[] = [];
    second.manager.notices.subscribe((notice) => hazards.push(notice));
    const found = { type: 'hazard', transaction, branch: 'database', found: 'aborted' };
    expect(hazards).toEqual(by.isHazard ? [found] : []);
    expect(await amounts(second)).toEqual([by.isHazard ? 1_000 : 990, 10]);
    letGo();
  });

  test('abort, and are no hazard, after a person rolled one back while the node was down that had not decided', async () => {
    const first = await boot(proxy.port);
    const { letGo } = proxy.holdAnswer('PREPARE TRANSACTION');
    take(first, 10).catch(() => undefined);
    await until('the vote of the database', async () => (await preparedCount()) === 1);
    crash(first);
    for (const { gid } of await server.query('select gid from pg_prepared_xacts')) {
      await server.query(`rollback prepared '${gid}'`);
    }
    const second = await boot();
    await settled(second);
    const hazards: ManagerNotice[] = [];
    second.manager.notices.subscribe((notice) => hazards.push(notice));
    expect(hazards).toEqual([]);
    expect(await amounts(second)).toEqual([1_000, 0]);
    letGo();
  });

  test('abort at both after a crash of the node that had not decided, also when its PREPARE arrives late', async () => {
    const first = await boot(proxy.port);
    const { held, letGo } = proxy.holdRequest('prepare transaction');
    take(first, 10, { idempotencyKey: 'order 2' }).catch(() => undefined);
    await held;
    await until(
      'the vote of the store',
      async () => (await first.store.prepared('n1', { timeoutMs: 60_000 })).length === 1,
    );
    const [open] = first.manager.list();
    crash(first);
    const second = await boot();
    letGo();
    await settled(second);
    expect(await second.manager.outcome(open?.transaction ?? '')).toMatchObject({ outcome: 'aborted' });
    expect(await amounts(second)).toEqual([1_000, 0]);
    expect(await take(second, 10, { idempotencyKey: 'order 2' })).toMatchObject({ isRepeated: false });
    await settled(second);
    expect(await amounts(second)).toEqual([990, 10]);
  });
});
