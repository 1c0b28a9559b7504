/** A replicated store of three nodes within this process, for examples: on memory, and on whatever time it is given. */

import { createMemoryJournal, createMemoryNetwork, createNode, type Environment } from '../src/index.ts';
import {
  type Client,
  createKeyValueMachine,
  createStoreClient,
  raft,
  startReplicatedStore,
} from '../src/services/store.ts';

/** Clients of the store, and its end. */
export interface MemoryCluster {
  client(id: string): Client;
  stop(): Promise<void>;
}

export function memoryCluster(environment: Environment): MemoryCluster {
  const network = createMemoryNetwork(environment);
  const voters = ['n1', 'n2', 'n3'];
  const nodes = voters.map((id) => {
    const node = createNode({
      id,
      bus: network.join(id),
      journal: createMemoryJournal({ node: id, ...environment }),
      environment,
    });
    startReplicatedStore({ node, machine: createKeyValueMachine(), log: raft({ voters }), environment });
    return node;
  });
  return {
    client: (id) => createStoreClient(network.join(id, { kind: 'client' }), { environment }),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}
