/** Two-phase commit of nodes that reach each other over NATS: acceptors decide. */

import { expect, onTestFinished, test } from 'vitest';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createMemoryJournal } from '../../../src/journal/memory.ts';
import { openEmbeddedStore } from '../../../src/resources/embedded/store.ts';
import { startNode } from '../../../src/services/start-node.ts';
import { createTransactionManager, paxosCommit, transactionDefinitions } from '../../../src/services/transactions.ts';
import { hasNats, startNats } from '../../fixtures/nats.ts';
import { testSecret } from '../../fixtures/secret.ts';
import { until } from '../../fixtures/until.ts';
import { at, temporaryDirectory } from '../kv-nodes.ts';
import { balance } from './bank.ts';

const acceptors = ['n1', 'n2', 'n3'];

test.skipIf(!hasNats)(
  'transactions commit over NATS while one acceptor is gone, and again when the server was gone',
  async () => {
    const server = await startNats();
    onTestFinished(() => server.kill());
    const directory = temporaryDirectory();
    const environment = systemEnvironment();
    const journal = createMemoryJournal({ node: 'databases', ...environment });
    const checking = openEmbeddedStore({ journal, clock: environment.clock, name: 'checking' });
    const savings = openEmbeddedStore({ journal, clock: environment.clock, name: 'savings' });
    const optionsOf = (id: string) => ({
      id,
      directory: `${directory}/${id}`,
      secret: testSecret,
      nats: server.url,
      peers: Object.fromEntries(acceptors.filter((other) => other !== id).map((other) => [other, at(1)])),
      definitions: transactionDefinitions,
    });
    const [coordinator, second, third] = await Promise.all([
      startNode({ ...optionsOf('n1'), resources: { checking, savings } }),
      startNode(optionsOf('n2')),
      startNode(optionsOf('n3')),
    ]);
    onTestFinished(async () => {
      await Promise.all([coordinator, second, third].map((running) => running.stop()));
    });
    const manager = await createTransactionManager({
      node: coordinator.node,
      decisions: paxosCommit({ acceptors }),
      environment,
    });
    const transfer = () =>
      manager.transact(async (work) => {
        await work.checking.put('balance', balance(await work.checking.get('balance')) - 10);
        await work.savings.put('balance', balance(await work.savings.get('balance')) + 10);
      });
    const transferred = (when: string) => until(`a transaction ${when}`, async () => (await transfer()) !== undefined);
    await transferred('of three acceptors');
    await third.stop();
    await transferred('of two acceptors');
    await server.kill();
    await server.start();
    await transferred('after the server was gone');
    await until('all transactions to end', () => manager.list().length === 0);
    const { value } = await until('what there is', () =>
      manager.transact(async (work) => ({
        taken: balance(await work.checking.get('balance')),
        given: balance(await work.savings.get('balance')),
      })),
    );
    const { taken = 0, given = 0 } = value ?? {};
    expect(taken).toBeLessThanOrEqual(-30);
    expect(given).toBe(-taken);
  },
  600_000,
);
