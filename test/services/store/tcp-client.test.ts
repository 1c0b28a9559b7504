/** The client over TCP, against nodes on real sockets. */

import { afterEach, expect, test } from 'vitest';
import { createTcpBus } from '../../../src/bus/tcp.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import type { Client } from '../../../src/services/store/client.ts';
import { MalformedRequestError, UnavailableError } from '../../../src/services/store/errors.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import { raft } from '../../../src/services/store/log/raft.ts';
import { startReplicatedStore } from '../../../src/services/store/replicated-store.ts';
import { connect } from '../../../src/services/store/tcp-client.ts';
import { testSecret } from '../../fixtures/secret.ts';

/** How long anything may take on a machine that is busy with other things. */
const patienceMs = 60_000;
const nodes: Node[] = [];
const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

/** Starts a cluster. @returns where its nodes listen, by id */
async function startCluster(ids: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const environment = systemEnvironment();
  const buses = await Promise.all(
    ids.map((node) => createTcpBus({ node, cluster: 'test', secret: testSecret, environment })),
  );
  const addresses = Object.fromEntries(buses.map((bus) => [bus.node, bus.address()]));
  for (const bus of buses) {
    bus.setPeers(Object.fromEntries(Object.entries(addresses).filter(([id]) => id !== bus.node)));
    const journal = createMemoryStorage({ node: bus.node, clock: environment.clock, ids: environment.ids }).open();
    const node = createNode({ id: bus.node, bus, journal, environment });
    nodes.push(node);
    startReplicatedStore({ node, machine: createKeyValueMachine(), log: raft({ voters: ids }), environment });
  }
  return Object.fromEntries(Object.entries(addresses).map(([id, { host, port }]) => [id, `${host}:${port}`]));
}
const join = async (...args: Parameters<typeof connect>): Promise<Client> => {
  const [addresses, options] = args;
  const client = await connect(addresses, { connectMs: patienceMs, ...options });
  clients.push(client);
  return client;
};

test('a client stores and reads, whichever nodes it was told of', async () => {
  const addresses = await startCluster(['n1', 'n2', 'n3']);
  const everywhere = await join(Object.values(addresses), { cluster: 'test' });
  const value = new Uint8Array(1_000_000).fill(7);
  const { version } = await everywhere.put('large', value, { deadlineMs: patienceMs });
  const many = await Promise.all(
    Array.from({ length: 500 }, (_, place) =>
      everywhere.put(`k${place}`, value.slice(0, 256), { deadlineMs: patienceMs }),
    ),
  );
  expect(new Set(many.map((it) => it.version)).size).toBe(500);
  for (const address of Object.values(addresses)) {
    const client = await join([address]);
    expect(client.nodes()).toHaveLength(1);
    const answer = await client.get('large', { deadlineMs: patienceMs });
    expect(answer?.version).toBe(version);
    expect(Buffer.compare(answer?.value ?? new Uint8Array(), value)).toBe(0);
    await client.put(`from ${address}`, new Uint8Array([1]), { deadlineMs: patienceMs });
  }
});

test('a client of another cluster, or of nobody, is told so in time', async () => {
  const addresses = await startCluster(['n1']);
  const options = { cluster: 'another', connectMs: 300 };
  await expect(connect(Object.values(addresses), options)).rejects.toBeInstanceOf(UnavailableError);
});

test.each([
  'localhost',
  ':4801',
  'localhost:',
  'localhost:0',
  'localhost:65536',
  'localhost:x',
  '::1:4801',
  '[n1]:4801',
])('the address %j is refused by name', async (address) => {
  await expect(connect([address])).rejects.toBeInstanceOf(MalformedRequestError);
});
