/** A node that has stopped, and has left a transaction that is not over. */

import { createMemoryNetwork } from '../../src/bus/memory.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { createNode } from '../../src/host/node.ts';
import { openFileJournal } from '../../src/journal/file-journal.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../src/resources/embedded/store.ts';
import { createTransactionManager } from '../../src/services/transactions.ts';
import { until } from '../fixtures/until.ts';

const environment = systemEnvironment();
const { clock, ids } = environment;

/** Leaves in the journal of node n1 a transaction that has committed at `orders`, and not at `stock`. @returns its id */
export async function leaveHalfFinished(dataDirectory: string): Promise<string> {
  const journal = await openFileJournal({ directory: dataDirectory, node: 'n1', clock, ids });
  const stock = openEmbeddedStore({ journal, clock, name: 'stock' });
  const forgetful: EmbeddedStore = {
    ...stock,
    perform(asked, answer) {
      if (asked.operation.type !== 'commit') stock.perform(asked, answer);
    },
  };
  const orders = openEmbeddedStore({ journal, clock, name: 'orders' });
  const bus = createMemoryNetwork({ clock }).join('n1');
  const node = createNode({ id: 'n1', bus, journal, environment, resources: { orders, stock: forgetful } });
  const manager = await createTransactionManager({ node, environment });
  const { transaction } = await manager.transact(async (work) => {
    await work.orders.put('a', 1);
    await work.stock.put('a', 1);
  });
  await until('the first branch', () => orders.peek('a') === 1);
  manager.close();
  await node.stop();
  return transaction;
}
