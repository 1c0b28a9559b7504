import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createTcpBus } from '../../src/bus/tcp.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { createNode } from '../../src/host/node.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import { openEmbeddedStore } from '../../src/resources/embedded/store.ts';
import { createTransactionManager, transactionDefinitions } from '../../src/services/transactions.ts';
import { startPostgres } from '../fixtures/postgres.ts';
import { until } from '../fixtures/until.ts';
import { configure, temporary, txn } from './txn-command.ts';

const environment = systemEnvironment();
const { clock, ids } = environment;

/** A manager over two embedded stores, as an application runs it. */
async function application(directory: string) {
  const journal = await openFileJournal({ directory, node: 'n1', clock, ids });
  const bus = await createTcpBus({ node: 'n1', cluster: 'test', environment });
  const resources = {
    orders: openEmbeddedStore({ journal, clock, name: 'orders' }),
    stock: openEmbeddedStore({ journal, clock, name: 'stock' }),
  };
  const node = createNode({ id: 'n1', bus, journal, environment, resources, definitions: transactionDefinitions });
  const manager = await createTransactionManager({ node, environment });
  const { host, port } = bus.address();
  return { node, manager, address: `${host}:${port}` };
}

describe('quorate txn', () => {
  test('lists what is open at the running manager, and asks it what became of a transaction', async () => {
    const directory = temporary();
    const { node, manager, address } = await application(join(directory, 'data'));
    const config = configure(directory, {
      address,
      dataDirectory: join(directory, 'data'),
      resources: { orders: { type: 'embedded' }, stock: { type: 'embedded' } },
    });
    expect(await txn('list', '--config', config)).toMatchObject({
      stdout: expect.stringMatching(/No transaction is open/),
      code: 0,
    });
    let release: () => void = () => undefined;
    const open = manager.transact(async ({ orders, stock }) => {
      await orders.put('a', 1);
      await stock.put('b', 1);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    await until('both branches', () => manager.list()[0]?.branches.length === 2);
    const listed = await txn('list', '--config', config);
    expect(listed.stdout).toMatch(/ {2}open {2}for [\d.]+ m?s {2}of n1 {2}\(orders awaited, stock awaited\)/);
    expect(listed.stderr).toMatch(/the manager of node 'n1' at/);
    release();
    const { transaction } = await open;
    const resolved = await txn('resolve', transaction, '--config', config);
    expect(resolved).toMatchObject({ stdout: expect.stringMatching(/: committed/), code: 0 });
    expect((await txn('list', '--config', config, '--dashboard')).stderr).toMatch(
      /No page: the manager of node 'n1' runs, and is seen on the dashboard of its application/,
    );
    manager.close();
    await node.stop();
  });

  test('opens the journal when no manager runs, and never while one does', async () => {
    const directory = temporary();
    const dataDirectory = join(directory, 'data');
    const { node, manager } = await application(dataDirectory);
    const config = configure(directory, {
      dataDirectory,
      resources: { orders: { type: 'embedded' }, stock: { type: 'embedded' } },
    });
    const { transaction } = await manager.transact(async ({ orders, stock }) => {
      await orders.put('a', 1);
      await stock.put('b', 1);
    });
    const refused = await txn('list', '--config', config);
    expect(refused).toMatchObject({ stderr: expect.stringMatching(/its journal is in use/), code: 1 });
    manager.close();
    await node.stop();
    const resolved = await txn('resolve', transaction, '--config', config);
    expect(resolved.stderr).toMatch(/the journal of node 'n1', which does not run/);
    expect(resolved).toMatchObject({ stdout: expect.stringMatching(/: committed/), code: 0 });
    expect(await txn('resolve', '--config', config)).toMatchObject({
      stdout: expect.stringMatching(/Nothing is left in doubt/),
      code: 0,
    });
  });

  test('refuses a configuration that is none', async () => {
    const directory = temporary();
    expect(await txn('list', '--config', join(directory, 'missing'))).toMatchObject({
      stderr: expect.stringMatching(/FILE/),
      code: 2,
    });
    const wrong = configure(directory, { resources: { orders: { type: 'sqlite' } } });
    expect(await txn('list', '--config', wrong)).toMatchObject({
      stderr: expect.stringMatching(/malformed at resources.orders/),
      code: 2,
    });
  });

  test('examines databases: settings, and prepared transactions that nobody ends', async () => {
    const server = await startPostgres();
    onTestFinished(() => server.remove());
    await server.query('create table item (id int primary key)');
    await server.query("begin; insert into item values (1); prepare transaction 'somebody else''s'");
    const config = configure(temporary(), { resources: { orders: { type: 'postgres', url: server.url() } } });
    const examined = await txn('doctor', '--config', config);
    expect(examined.stdout).toMatch(/ok +orders: .*PostgreSQL/);
    expect(examined.stdout).toMatch(/max_prepared_transactions/);
    expect(examined.stdout).toMatch(/warning orders: somebody else's \(not ours\) is prepared/);
    await server.query("rollback prepared 'somebody else''s'");
    const down = configure(temporary(), {
      resources: { orders: { type: 'postgres', url: 'postgres://u:p@127.0.0.1:1/x' } },
    });
    expect(await txn('doctor', '--config', down)).toMatchObject({
      stdout: expect.stringMatching(/error +orders: no connection/),
      code: 1,
    });
  });
});
