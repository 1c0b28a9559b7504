/** Over what nodes on several hosts reach each other, and what can go wrong with that besides. */

import { createNatsClient } from '../../src/bus/nats.ts';
import { createStoreClient } from '../../src/services/store/client.ts';
import type { Heal, Host } from '../fixtures/hosts.ts';
import { startNatsAt } from '../fixtures/nats.ts';
import type { ClusterOptions } from '../fixtures/processes.ts';
import type { Link, NetworkOptions } from './network.ts';

export interface Transport {
  readonly name: string;
  /** Hosts besides those of the nodes. */
  readonly furtherHosts: number;
  prepare(hosts: readonly Host[], further: readonly Host[]): Promise<Prepared>;
}

export interface Prepared
  extends Pick<NetworkOptions, 'links' | 'faults'>,
    Pick<ClusterOptions, 'arguments' | 'connect' | 'mayEnd'> {
  close(): Promise<void>;
}

const pairsOf = (hosts: readonly Host[]): readonly Link[] =>
  hosts.flatMap((one, index) => hosts.slice(index + 1).map((other) => [one, other] as const));

export const overTcp: Transport = {
  name: 'tcp',
  furtherHosts: 0,
  prepare: async (hosts) => ({ links: pairsOf(hosts), faults: {}, close: async () => {} }),
};

const natsPort = 4_222;

/** The server has a host of its own, to which each node has a link, and is killed and paused, too. */
export const overNats: Transport = {
  name: 'nats',
  furtherHosts: 1,
  async prepare(hosts, [middle]) {
    if (middle === undefined) throw new Error('expected a host for the NATS server');
    const server = await startNatsAt({ address: middle.address, port: natsPort, prefix: middle.prefix });
    return {
      links: hosts.map((host) => [host, middle] as const),
      arguments: ['--nats', server.url],
      async connect(nodes, secret, connectMs) {
        const ids = nodes.map(({ id }) => id);
        const bus = await createNatsClient({ server: server.url, cluster: 'quorate', nodes: ids, secret });
        const client = createStoreClient(bus);
        try {
          await client.connected(connectMs);
          return client;
        } catch (error) {
          await client.close();
          throw error;
        }
      },
      // One that is started while it does not reach the server.
      mayEnd: /\bCONNECTION: expected a NATS server/,
      faults: {
        async 'server-killed'(): Promise<Heal> {
          await server.kill();
          return () => server.start();
        },
        async 'server-paused'(): Promise<Heal> {
          server.pause();
          return async () => server.resume();
        },
      },
      close: () => server.kill(),
    };
  },
};
