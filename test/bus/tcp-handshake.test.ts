import { afterEach, expect, test } from 'vitest';
import type { Bus, PeerStatus } from '../../src/bus/bus.ts';
import { HandshakeRefusedError } from '../../src/bus/errors.ts';
import { createPeerMemory, createTcpBus, type HostPort, type TcpBus, type TcpBusOptions } from '../../src/bus/tcp.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { freePort } from '../fixtures/ports.ts';
import { testSecret } from '../fixtures/secret.ts';
import { numbered, record } from './conformance.ts';
import { clientHelloOf, dialAs, dialRaw, helloOf, listenRaw } from './raw-peer.ts';
import { isConnected, timing, until } from './tcp-cluster.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of opened.splice(0).reverse()) await it.close();
});

async function startNode(node: string, options: Partial<TcpBusOptions> = {}): Promise<TcpBus> {
  const bus = await createTcpBus({ node, cluster: 'test', secret: testSecret, timing, ...options });
  opened.push(bus);
  return bus;
}

/** An address of a peer that is not meant to be reached. */
const nowhere: HostPort = { host: '127.0.0.1', port: 1 };

/** How `bus` stands with `node` now. */
function standing(bus: Bus, node: string): PeerStatus | undefined {
  let present: PeerStatus | undefined;
  bus.peers
    .subscribe((status) => {
      if (status.node === node) present = status;
    })
    .unsubscribe();
  return present;
}
/** The codes of what `bus` refused, or was refused for, from now on. */
function refusalsOf(bus: TcpBus): string[] {
  const codes: string[] = [];
  bus.notices.subscribe(({ error }) => void (error instanceof HandshakeRefusedError && codes.push(error.refusal)));
  return codes;
}
const refusedWith = (bus: Bus, node: string, code: string) => () => standing(bus, node)?.refusal?.code === code;

/** Two nodes that have each other as a peer. */
async function startPair(first: Partial<TcpBusOptions>, second: Partial<TcpBusOptions>): Promise<[TcpBus, TcpBus]> {
  const n1 = await startNode('n1', first);
  const n2 = await startNode('n2', { peers: { n1: n1.address() }, ...second });
  n1.setPeers({ n2: n2.address() });
  return [n1, n2];
}

test('nodes of different clusters refuse each other, by name, on both sides', async () => {
  const [n1, n2] = await startPair({ cluster: 'red' }, { cluster: 'blue' });
  await until(refusedWith(n1, 'n2', 'other-cluster'));
  await until(refusedWith(n2, 'n1', 'other-cluster'));
  for (const [bus, node] of [
    [n1, 'n2'],
    [n2, 'n1'],
  ] as const) {
    const { status, reason } = standing(bus, node) ?? {};
    expect(status).toBe('refused');
    expect(reason).toContain("'red'");
    expect(reason).toContain("'blue'");
  }
});

test('a refused node does not disturb the others, and is let in when its mistake is corrected', async () => {
  const [n1, n2] = await startPair({}, {});
  const stranger = await startNode('n3', { cluster: 'other', peers: { n1: n1.address(), n2: n2.address() } });
  const receiver = record(n2);
  await until(refusedWith(stranger, 'n1', 'other-cluster'));
  await until(() => isConnected(n1, ['n2']) && isConnected(n2, ['n1']));
  for (let number = 0; number < 100; number += 1) n1.send(numbered('n1', 'n2', number));
  await until(() => receiver.envelopes.length === 100);
  await stranger.close();
  const corrected = await startNode('n3', { peers: { n1: n1.address(), n2: n2.address() } });
  n1.setPeers({ n2: n2.address(), n3: corrected.address() });
  n2.setPeers({ n1: n1.address(), n3: corrected.address() });
  await until(() => isConnected(corrected, ['n1', 'n2']));
});

test('disjoint ranges of versions are refused on both sides, and say which', async () => {
  const [n1, n2] = await startPair({ versions: { min: 1, max: 2 } }, { versions: { min: 3, max: 4 } });
  await until(refusedWith(n1, 'n2', 'disjoint-versions'));
  await until(refusedWith(n2, 'n1', 'disjoint-versions'));
  expect(standing(n1, 'n2')?.reason).toContain('versions 1 to 2');
  expect(standing(n1, 'n2')?.reason).toContain('versions 3 to 4');
});

test('ranges of versions that overlap are accepted, so that nodes can be upgraded one by one', async () => {
  const [n1, n2] = await startPair({ versions: { min: 1, max: 2 } }, { versions: { min: 2, max: 3 } });
  await until(() => isConnected(n1, ['n2']) && isConnected(n2, ['n1']));
});

test('two nodes of one id refuse each other', async () => {
  const original = await startNode('n1');
  const codes = refusalsOf(original);
  const copy = await startNode('n1', { peers: { n2: original.address() } });
  await until(refusedWith(copy, 'n2', 'own-node-id'));
  expect(standing(copy, 'n2')?.refusal?.by).toBe('peer');
  await until(() => codes.includes('own-node-id'));
});

test('another node behind the address of a peer is refused, with the names of both', async () => {
  const n3 = await startNode('n3');
  const codes = refusalsOf(n3);
  const n1 = await startNode('n1', { peers: { n2: n3.address() } });
  await until(refusedWith(n1, 'n2', 'unexpected-node'));
  expect(standing(n1, 'n2')?.reason).toContain('node n2');
  expect(standing(n1, 'n2')?.reason).toContain('node n3');
  await until(() => codes.includes('unexpected-node'));
});

test('a peer that answers without having looked at whom it was asked for is refused by the side that asked', async () => {
  let told: unknown;
  const impostor = await listenRaw((peer) => {
    peer.send(helloOf('n3'));
    void peer.first(2).then((refusal) => {
      told = refusal;
    });
  });
  opened.push(impostor);
  const n1 = await startNode('n1', { peers: { n2: impostor.address } });
  await until(refusedWith(n1, 'n2', 'unexpected-node'));
  expect(standing(n1, 'n2')?.refusal?.by).toBe('this-node');
  await until(() => told !== undefined);
  expect(told).toMatchObject([2, { code: 'unexpected-node' }]);
});

test('a peer whose journal changed is refused as having lost it, gets to know it, and is let in with the old one', async () => {
  const [n1, n2] = await startPair({ journalId: 'journal-1' }, { journalId: 'journal-2' });
  await until(() => isConnected(n1, ['n2']) && isConnected(n2, ['n1']));
  const { port } = n2.address();
  await n2.close();
  const wiped = await startNode('n2', { journalId: 'journal-3', listen: { port }, peers: { n1: n1.address() } });
  await until(refusedWith(n1, 'n2', 'journal-lost'));
  await until(refusedWith(wiped, 'n1', 'journal-lost'));
  expect(standing(n1, 'n2')?.refusal?.by).toBe('this-node');
  expect(standing(wiped, 'n1')).toMatchObject({ status: 'refused', refusal: { by: 'peer' } });
  expect(standing(wiped, 'n1')?.reason).toContain('journal-2');
  await wiped.close();
  const restored = await startNode('n2', { journalId: 'journal-2', listen: { port }, peers: { n1: n1.address() } });
  await until(() => isConnected(n1, ['n2']) && isConnected(restored, ['n1']));
});

test('what a node remembers of its peers outlives it when its memory does', async () => {
  const peerMemory = createPeerMemory();
  const [n1, n2] = await startPair({ peerMemory, journalId: 'journal-1' }, { journalId: 'journal-2' });
  await until(() => isConnected(n2, ['n1']));
  expect(peerMemory.recall('n2')).toBe('journal-2');
  await Promise.all([n1.close(), n2.close()]);
  const peers = { n2: n2.address() };
  const successor = await startNode('n1', { peerMemory, journalId: 'journal-1', peers });
  const wiped = await startNode('n2', { journalId: 'journal-3', peers: { n1: successor.address() } });
  await until(refusedWith(wiped, 'n1', 'journal-lost'));
  const forgetful = await startNode('n2', { peers: { n1: successor.address() } });
  await until(refusedWith(forgetful, 'n1', 'journal-lost'));
});

test('one that only pretends to be a peer does not take its place', async () => {
  const [n1, n2] = await startPair({ journalId: 'journal-1' }, { journalId: 'journal-2' });
  await until(() => isConnected(n1, ['n2']) && isConnected(n2, ['n1']));
  const { statuses } = record(n1);
  const impostor = await dialAs('n2', n1.address(), { journalId: 'another' });
  expect(impostor.verdict).toMatchObject({ type: 'refusal', code: 'journal-lost' });
  await until(() => impostor.peer.closed);
  expect(statuses.map(({ status }) => status)).toEqual(['connected']);
  const receiver = record(n1);
  n2.send(numbered('n2', 'n1', 1));
  await until(() => receiver.envelopes.length === 1);
});

test('a client may not use the id of a node', async () => {
  const [n1] = await startPair({}, {});
  const client = await dialRaw(n1.address());
  client.send(clientHelloOf('n2'));
  expect(await client.first(2)).toMatchObject([2, { code: 'node-id-taken' }]);
});

test('an address where nobody listens is named, and tried until somebody does', async () => {
  const placeholder = await startNode('n2');
  const address: HostPort = placeholder.address();
  await placeholder.close();
  const n1 = await startNode('n1', { peers: { n2: address } });
  const where = `${address.host}:${address.port}`;
  await until(() => standing(n1, 'n2')?.reason?.includes('ECONNREFUSED') === true);
  expect(standing(n1, 'n2')).toMatchObject({ status: 'disconnected', reason: expect.stringContaining(where) });
  await startNode('n2', { listen: address, peers: { n1: n1.address() } });
  await until(() => isConnected(n1, ['n2']));
});

test('a port that is taken is refused by name, and its owner goes on', async () => {
  const owner = await startNode('n1', { peers: { n3: nowhere } });
  const { port } = owner.address();
  await expect(createTcpBus({ node: 'n2', cluster: 'test', listen: { port } })).rejects.toMatchObject({
    code: 'ADDRESS_IN_USE',
    message: expect.stringContaining(`127.0.0.1:${port}`),
  });
  const n3 = await startNode('n3', { peers: { n1: owner.address() } });
  await until(() => isConnected(n3, ['n1']));
});

test('an address that is not of this machine is refused by name', async () => {
  await expect(createTcpBus({ node: 'n1', cluster: 'test', listen: { host: '192.0.2.1' } })).rejects.toMatchObject({
    code: 'LISTEN',
    message: expect.stringContaining('192.0.2.1'),
  });
});

test.each<[string, Partial<TcpBusOptions>]>([
  ['a node id with a slash', { node: 'a/b' }],
  ['itself as a peer', { peers: { n1: { host: '127.0.0.1', port: 1 } } }],
  ['a port beyond 65535', { peers: { n2: { host: '127.0.0.1', port: 70_000 } } }],
  ['a peer without a port', { peers: { n2: { host: '127.0.0.1', port: 0 } } }],
  ['a limit of nothing', { limits: { queueLimit: 0 } }],
  ['a queue that is smaller than a frame', { limits: { queueLimitBytes: 10 } }],
  ['a time that is none', { timing: { pingIntervalMs: Number.NaN } }],
  ['a silence shorter than the time between two pings', { timing: { pingIntervalMs: 10, silenceTimeoutMs: 5 } }],
  ['versions that end before they begin', { versions: { min: 2, max: 1 } }],
])('options with %s are refused', async (_, options) => {
  await expect(createTcpBus({ node: 'n1', cluster: 'test', ...options })).rejects.toMatchObject({
    code: 'BUS_OPTIONS',
  });
});

test('who connects and says nothing is let go after a while', async () => {
  const n1 = await startNode('n1', { timing: { ...timing, handshakeTimeoutMs: 30 } });
  const codes: string[] = [];
  n1.notices.subscribe(({ error }) => codes.push(error.code));
  const mute = await dialRaw(n1.address());
  await until(() => mute.closed && codes.length > 0);
  expect(codes).toEqual(['HANDSHAKE_TIMEOUT']);
});

test('a peer that takes connections and says nothing counts as disconnected', async () => {
  const mute = await listenRaw(() => undefined);
  opened.push(mute);
  const n1 = await startNode('n1', {
    peers: { n2: mute.address },
    timing: { ...timing, handshakeTimeoutMs: 30 },
  });
  await until(() => standing(n1, 'n2')?.reason?.includes('introduce itself') === true);
  expect(standing(n1, 'n2')?.status).toBe('disconnected');
});

test('a peer that refused stays known as that while it cannot be reached', async () => {
  const environment = systemEnvironment();
  let attempts = 0;
  const countedRandomness = {
    stream: (concern: string) => ({
      next: () => {
        attempts += 1;
        return environment.randomness.stream(concern).next();
      },
    }),
  };
  const other = await startNode('n2', { cluster: 'other', listen: { port: await freePort() } });
  const n1 = await startNode('n1', {
    environment: { ...environment, randomness: countedRandomness },
    peers: { n2: other.address() },
    timing: { ...timing, refusedRetryMs: 10 },
  });
  await until(refusedWith(n1, 'n2', 'other-cluster'));
  await other.close();
  const before = attempts;
  await until(() => attempts > before + 5);
  expect(standing(n1, 'n2')?.status).toBe('refused');
  await startNode('n2', { listen: other.address(), peers: { n1: n1.address() } });
  await until(() => isConnected(n1, ['n2']));
});

test('peers can be replaced at run time, without disturbing those that stay', async () => {
  const [n1, n2] = await startPair({}, {});
  await until(() => isConnected(n1, ['n2']));
  const n3 = await startNode('n3', { peers: { n1: n1.address() } });
  const { statuses } = record(n1);
  n1.setPeers({ n2: n2.address(), n3: n3.address() });
  await until(() => isConnected(n1, ['n2', 'n3']));
  expect(statuses.filter(({ node }) => node === 'n2').map(({ status }) => status)).toEqual(['connected']);
  n1.setPeers({ n3: n3.address() });
  expect(statuses.at(-1)).toMatchObject({ node: 'n2', status: 'disconnected' });
  expect(() => n1.setPeers({ n1: n1.address() })).toThrow(expect.objectContaining({ code: 'BUS_OPTIONS' }));
});
