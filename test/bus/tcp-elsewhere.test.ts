/** Clients on other machines, as far as one machine can show them: their sockets say that they come from elsewhere. */

import { createServer, type Server } from 'node:net';
import { afterEach, test } from 'vitest';
import { createEndpoint } from '../../src/bus/tcp/endpoint.ts';
import { provenanceOf } from '../../src/bus/tcp/guests/remote.ts';
import type { OpenClients } from '../../src/bus/tcp/guests.ts';
import { limitsOf, timingOf } from '../../src/bus/tcp/options.ts';
import { createPeerMemory, createTcpClient, type TcpClientOptions } from '../../src/bus/tcp.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { testSecret } from '../fixtures/secret.ts';
import { record } from './conformance.ts';
import { isConnected, timing, until } from './tcp-cluster.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of opened.splice(0).reverse()) await it.close();
});

/** A node whose accepted sockets all say that they come from `remoteAddress`. */
async function startNode(openClients: OpenClients, remoteAddress: string | undefined, connectionLimit = 9) {
  const server: Server = createServer();
  const { bus, guests } = createEndpoint(
    {
      mine: { protocol: 'quorate', kind: 'node', node: 'n1', cluster: 'test', versions: { min: 2, max: 2 } },
      keys: { peer: testSecret.peerKey(), client: testSecret.client().key() },
      credentials: () => ({}),
      environment: systemEnvironment(),
      limits: limitsOf({ connectionLimit }),
      timing: timingOf(timing),
      memory: createPeerMemory(),
    },
    openClients,
    () => new Promise((resolve) => server.close(() => resolve())),
  );
  let place = remoteAddress;
  server.on('connection', (socket) => {
    Object.defineProperty(socket, 'remoteAddress', { value: place });
    guests.accept(socket, provenanceOf(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(bus);
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  return {
    connect(options: Partial<TcpClientOptions> = {}, from = remoteAddress) {
      place = from;
      const client = createTcpClient({ addresses: [{ host: '127.0.0.1', port }], timing, ...options });
      opened.push(client);
      return client;
    },
  };
}

test.each(['10.0.0.9', '::ffff:10.0.0.9', '2001:db8::9', undefined])(
  'a client from %s needs the secret, unless the node is open',
  async (from) => {
    const { connect } = await startNode('loopback', from);
    const stranger = record(connect());
    await until(() => stranger.statuses.some(({ refusal }) => refusal?.code === 'secret-required'));
    const known = connect({ secret: testSecret.client() });
    await until(() => isConnected(known, ['n1']));
    const open = await startNode('all', from);
    const anyone = open.connect();
    await until(() => isConnected(anyone, ['n1']));
  },
);

test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('a client from %s needs none', async (from) => {
  const { connect } = await startNode('loopback', from);
  const client = connect();
  await until(() => isConnected(client, ['n1']));
});

test('one address does not keep others out, although it holds all slots', async () => {
  const { connect } = await startNode('all', '10.0.0.9', 3);
  const greedy = [connect(), connect(), connect()];
  await until(() => greedy.every((client) => isConnected(client, ['n1'])));
  const other = connect({}, '10.0.0.8');
  await until(() => isConnected(other, ['n1']));
});
