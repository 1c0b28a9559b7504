import { afterEach, expect, test } from 'vitest';
import type { Envelope } from '../../src/bus/bus.ts';
import { createTcpClient, type TcpClient, type TcpClientOptions } from '../../src/bus/tcp.ts';
import { record } from './conformance.ts';
import { helloOf, listenRaw, type RawPeer } from './raw-peer.ts';
import { startTcpCluster, type TcpCluster, timing, until } from './tcp-cluster.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const it of opened.splice(0).reverse()) await it.close();
});

async function startCluster(nodes: readonly string[]): Promise<TcpCluster> {
  const cluster = await startTcpCluster(nodes);
  opened.push(cluster);
  return cluster;
}
function startClient(options: TcpClientOptions): TcpClient {
  const client = createTcpClient({ timing, ...options });
  opened.push(client);
  return client;
}
const from = (client: TcpClient, node: string, number: number): Envelope => ({
  from: `${client.node}/caller/`,
  to: `${node}/store/`,
  message: Object.assign({ type: 'request' }, { number }),
});
/** Makes a node answer whatever it is sent. */
function answer(cluster: TcpCluster, node: string): void {
  cluster
    .bus(node)
    .envelopes()
    .subscribe(({ from, to, message }) => cluster.bus(node).send({ from: to, to: from, message }));
}

test('a client learns which nodes answer, calls each, and is answered over its own connections', async () => {
  const cluster = await startCluster(['n1', 'n2', 'n3']);
  for (const node of ['n1', 'n2', 'n3']) answer(cluster, node);
  const client = startClient({ addresses: ['n1', 'n2', 'n3'].map((node) => cluster.bus(node).address()) });
  const called = record(client);
  await until(() => ['n1', 'n2', 'n3'].every((node) => called.present(node) === 'connected'));
  for (const node of ['n1', 'n2', 'n3']) {
    for (let number = 0; number < 100; number += 1) client.send(from(client, node, number));
  }
  await until(() => called.envelopes.length === 300);
  for (const node of ['n1', 'n2', 'n3']) {
    expect(called.numbersFrom(node)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  }
});

test("two clients do not see each other's answers, and have ids of their own", async () => {
  const cluster = await startCluster(['n1']);
  answer(cluster, 'n1');
  const clients = [1, 2].map(() => startClient({ addresses: [cluster.bus('n1').address()] }));
  const called = clients.map((client) => record(client));
  await until(() => called.every(({ present }) => present('n1') === 'connected'));
  for (const [index, client] of clients.entries()) client.send(from(client, 'n1', index));
  await until(() => called.every(({ envelopes }) => envelopes.length > 0));
  expect(called.map(({ numbersFrom }) => numbersFrom('n1'))).toEqual([[0], [1]]);
  expect(new Set(clients.map(({ node }) => node)).size).toBe(2);
});

test('a node sees clients come and go, and is told what it sends to one that is gone', async () => {
  const cluster = await startCluster(['n1']);
  const node = record(cluster.bus('n1'));
  const client = startClient({ addresses: [cluster.bus('n1').address()] });
  await until(() => node.present(client.node) === 'connected');
  await client.close();
  await until(() => node.present(client.node) === 'disconnected');
  cluster.bus('n1').send({ from: 'n1/store/', to: `${client.node}/caller/`, message: { type: 'answer' } });
  await until(() => node.lost(client.node, 'disconnected') === 1);
  const later = record(cluster.bus('n1'));
  expect(later.statuses).toEqual([]);
});

test('a client that begins before its node does is connected later, and again after a restart', async () => {
  const cluster = await startCluster(['n1']);
  const address = cluster.bus('n1').address();
  await cluster.bus('n1').close();
  const client = startClient({ addresses: [address] });
  const called = record(client);
  await until(() => called.statuses.at(-1)?.reason?.includes('ECONNREFUSED') === true);
  expect(called.statuses.at(-1)?.node).toBe(`127.0.0.1:${address.port}`);
  await cluster.restart('n1');
  await until(() => called.present('n1') === 'connected');
  await cluster.bus('n1').close();
  await until(() => called.present('n1') === 'disconnected');
  await cluster.restart('n1');
  answer(cluster, 'n1');
  await until(() => called.present('n1') === 'connected');
  client.send(from(client, 'n1', 7));
  await until(() => called.envelopes.length === 1);
});

test('one node behind two addresses is called once', async () => {
  const cluster = await startCluster(['n1']);
  answer(cluster, 'n1');
  const { port } = cluster.bus('n1').address();
  const client = startClient({
    addresses: [
      { host: '127.0.0.1', port },
      { host: 'localhost', port },
    ],
  });
  const called = record(client);
  await until(() => called.present('n1') === 'connected');
  client.send(from(client, 'n1', 1));
  await until(() => called.envelopes.length > 0);
  client.send(from(client, 'n1', 2));
  await until(() => called.numbersFrom('n1').includes(2));
  expect(called.numbersFrom('n1')).toEqual([1, 2]);
  expect(called.losses).toEqual([]);
  expect(called.statuses.filter(({ status }) => status !== 'disconnected')).toEqual([
    { node: 'n1', status: 'connected' },
  ]);
});

test('one node behind two addresses stays connected while one of them leads to it', async () => {
  const peers: RawPeer[] = [];
  const ways = await Promise.all(
    [0, 1].map((way) =>
      listenRaw((peer) => {
        peers[way] = peer;
        peer.send(helloOf('n1', { proof: 'none' }));
      }),
    ),
  );
  const client = startClient({ addresses: ways.map(({ address }) => address) });
  const called = record(client);
  await until(() => called.present('n1') === 'connected' && peers[0] !== undefined && peers[1] !== undefined);
  await Promise.all(peers.map((peer) => peer.first(1)));
  peers[0]?.send([0, 'n1/store/', `${client.node}/caller/`, { type: 'number', number: 1 }]);
  peers[1]?.send([0, 'n1/store/', `${client.node}/caller/`, { type: 'number', number: 2 }]);
  await until(() => called.envelopes.length === 2);
  ways[0]?.close();
  await until(() => peers[0]?.closed === true);
  await until(() => {
    client.send(from(client, 'n1', 3));
    return peers[1]?.payloads.some((it) => Array.isArray(it) && it[0] === 0) === true;
  });
  expect(called.present('n1')).toBe('connected');
  ways[1]?.close();
  await until(() => called.present('n1') === 'disconnected');
});

test('a client that names its cluster is refused by another one', async () => {
  const cluster = await startCluster(['n1']);
  const client = startClient({ addresses: [cluster.bus('n1').address()], cluster: 'other' });
  const called = record(client);
  await until(() => called.statuses.some(({ refusal }) => refusal?.code === 'other-cluster'));
});

test('a client without an address is refused', () => {
  expect(() => createTcpClient({ addresses: [] })).toThrow(expect.objectContaining({ code: 'BUS_OPTIONS' }));
});
