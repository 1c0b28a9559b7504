/**
 * A replicated store inside an application: each process of it runs a node, and uses the store as if it were its own.
 * What is acknowledged is on the disks of a majority. Other programs reach the same store as clients.
 */

import { join } from 'node:path';
import { type ClusterSecret, openSecretFile } from '../src/bus/tcp.ts';
import { type KeyValueNode, startKeyValueNode } from '../src/services/kv-node.ts';
import { connect } from '../src/services/store/tcp-client.ts';
import { type KeyValueStore, keyValueStore, OutcomeUnknownError, UnavailableError } from '../src/services/store.ts';

const host = '127.0.0.1';
/** Nodes that have just started elect a leader first. */
const patienceMs = 30_000;

/** Starts node `id` of the cluster whose nodes listen at `ports`. An application does this once per process. */
export function startMember(
  id: string,
  ports: Readonly<Record<string, number>>,
  directory: string,
  secret: ClusterSecret,
) {
  const { [id]: port = 0, ...others } = ports;
  return startKeyValueNode({
    id,
    secret,
    dataDirectory: join(directory, id),
    listen: { host, port },
    peers: Object.fromEntries(Object.entries(others).map(([peer, port]) => [peer, { host, port }])),
    http: { host, port: 0 },
    pid: process.pid,
  });
}

/**
 * Adds one to a counter that everybody shares, and says what it came to. It reads, and writes only if nobody else has
 * written meanwhile. A request that fails says whether it happened:
 */
export async function increment(store: KeyValueStore, key: string): Promise<number | 'not now' | 'nobody knows'> {
  try {
    for (;;) {
      const found = await store.get(key, { deadlineMs: patienceMs });
      const count = Number(found === undefined ? 0 : new TextDecoder().decode(found.value)) + 1;
      const value = new TextEncoder().encode(String(count));
      const { swapped } = await store.compareAndSet(key, found?.version, value, { deadlineMs: patienceMs });
      if (swapped) return count;
    }
  } catch (error) {
    // No majority answered, and nothing was changed: try again later.
    if (error instanceof UnavailableError) return 'not now';
    // The answer was lost: one may have been added, or not.
    if (error instanceof OutcomeUnknownError) return 'nobody knows';
    throw error;
  }
}

/** Three nodes, here in one process, and a client. */
export async function countTogether(ports: Readonly<Record<string, number>>, directory: string, print = console.log) {
  const ids = Object.keys(ports);
  // On several machines each has the same file, made once by: quorate secret new --secret-file FILE
  const secret = openSecretFile(join(directory, 'secret'));
  const nodes: KeyValueNode[] = await Promise.all(ids.map((id) => startMember(id, ports, directory, secret)));
  for (const { node, store } of nodes) {
    print(`${node.id} counts ${await increment(keyValueStore(store), 'visits')}`);
  }
  const places = Object.values(ports).map((port) => `${host}:${port}`);
  const client = await connect(places, { connectMs: patienceMs });
  print(`a client counts ${await increment(client, 'visits')}`);
  await client.close();
  await Promise.all(nodes.map((node) => node.stop()));
}

if (process.argv[1] === import.meta.filename) {
  await countTogether({ n1: 4_801, n2: 4_802, n3: 4_803 }, './quorate-data/replicated-store-example');
}
