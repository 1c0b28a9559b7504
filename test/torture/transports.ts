/** Over what nodes on several hosts reach each other, and what can go wrong with that besides. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNatsClient } from '../../src/bus/nats.ts';
import { nodeUri } from '../../src/bus/tcp.ts';
import { issueAuthority, issueNode } from '../../src/cli/certs/issue.ts';
import { createStoreClient } from '../../src/services/store/client.ts';
import { connect } from '../../src/services/store/tcp-client.ts';
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
    Pick<ClusterOptions, 'argumentsOf' | 'ca' | 'connect' | 'mayEnd'> {
  close(): Promise<void>;
}

/** As nodes of the command line call it that are told no other name. */
const cluster = 'quorate';

const pairsOf = (hosts: readonly Host[]): readonly Link[] =>
  hosts.flatMap((one, index) => hosts.slice(index + 1).map((other) => [one, other] as const));

export const overTcp: Transport = {
  name: 'tcp',
  furtherHosts: 0,
  prepare: async (hosts) => ({ links: pairsOf(hosts), faults: {}, close: async () => {} }),
};

/** Each node has a certificate, without which its peers refuse it; the authority is of this run. */
export const overTls: Transport = {
  name: 'tls',
  furtherHosts: 0,
  async prepare(hosts) {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-certificates-'));
    const lifetime = { from: new Date(), days: 2 };
    const authority = issueAuthority('torture', lifetime);
    const keep = (name: string, text: string): string => {
      const file = join(directory, `${name}.pem`);
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    };
    const ca = keep('ca', authority.cert);
    const filesOf = new Map(
      hosts.map(({ address }, index) => {
        const id = `n${index + 1}`;
        const names = { id, uri: nodeUri(cluster, id), hosts: [address] };
        const { cert, key } = issueNode(authority, names, lifetime);
        return [id, ['--ca', ca, '--cert', keep(id, cert), '--key', keep(`${id}.key`, key)]];
      }),
    );
    return {
      links: pairsOf(hosts),
      faults: {},
      argumentsOf: (id) => filesOf.get(id) ?? [],
      ca: authority.cert,
      connect: (nodes, secret, connectMs) =>
        connect(
          nodes.map(({ tcp }) => tcp),
          { cluster, secret, connectMs, tls: { ca: authority.cert } },
        ),
      close: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
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
      argumentsOf: () => ['--nats', server.url],
      async connect(nodes, secret, connectMs) {
        const ids = nodes.map(({ id }) => id);
        const bus = await createNatsClient({ server: server.url, cluster, nodes: ids, secret });
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
