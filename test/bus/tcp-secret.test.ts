/** What the secret of a cluster is for: strangers of every kind, on both sides of a connection. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Arrival } from '../../src/bus/bus.ts';
import { HandshakeRefusedError } from '../../src/bus/errors.ts';
import { encodeFrame, payloadOf } from '../../src/bus/tcp/frames.ts';
import {
  clusterSecretOf,
  createClusterSecret,
  createPeerMemory,
  createTcpBus,
  createTcpClient,
  type HostPort,
  type TcpBus,
  type TcpBusOptions,
  type TcpClientOptions,
} from '../../src/bus/tcp.ts';
import { testSecret } from '../fixtures/secret.ts';
import { numbered, record } from './conformance.ts';
import {
  answerAs,
  bytesOf,
  clientHelloOf,
  dialAndProve,
  dialAs,
  dialAsClient,
  dialRaw,
  helloOf,
  kinds,
  listenRaw,
  openProof,
  type RawPeer,
  rawHandshake,
} from './raw-peer.ts';
import { isConnected, timing, until } from './tcp-cluster.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of opened.splice(0).reverse()) await it.close();
});

const nowhere: HostPort = { host: '127.0.0.1', port: 1 };
const otherSecret = clusterSecretOf('another secret, of people who mean no good');

async function startNode(node: string, options: Partial<TcpBusOptions> = {}): Promise<TcpBus> {
  const bus = await createTcpBus({ node, cluster: 'test', secret: testSecret, timing, ...options });
  opened.push(bus);
  return bus;
}
/** Node n1, with the journal `journal-of-n1` and the peer n2, and what it refused. */
async function startN1(options: Partial<TcpBusOptions> = {}) {
  const peerMemory = createPeerMemory();
  const bus = await startNode('n1', { journalId: 'journal-of-n1', peerMemory, peers: { n2: nowhere }, ...options });
  const arrivals: Arrival[] = [];
  bus.envelopes().subscribe((arrival) => arrivals.push(arrival));
  return { bus, peerMemory, arrivals, refusals: refusalsOf(bus), statuses: record(bus).statuses };
}
function refusalsOf(bus: TcpBus): string[] {
  const codes: string[] = [];
  bus.notices.subscribe(
    ({ error }) => void codes.push(error instanceof HandshakeRefusedError ? error.refusal : error.code),
  );
  return codes;
}
const journalIn = (peer: RawPeer): boolean =>
  Buffer.concat(peer.bytes).includes('journal-of') || JSON.stringify(peer.payloads).includes('journal-of');
const append = (node: string) => [kinds.envelope, `${node}/raft.server/kv`, 'n1/raft.server/kv', { type: 'append' }];

describe('a stranger that connects', () => {
  test('and says that it is a node is refused without a proof, whatever it sends after its hello', async () => {
    const { bus, arrivals, refusals } = await startN1();
    const peer = await dialRaw(bus.address());
    peer.send(helloOf('n2'), append('n2'));
    await until(() => peer.closed && refusals.length > 0);
    expect(refusals).toEqual(['MALFORMED_FRAME']);
    expect(arrivals).toEqual([]);
    expect(journalIn(peer)).toBe(false);
  });

  test.each(['client', 'none'])('and says that it is a node, offering the proof %s, is refused', async (proof) => {
    const { bus, refusals } = await startN1();
    const peer = await dialRaw(bus.address());
    peer.send(helloOf('n2', { proof }));
    expect(await peer.first(kinds.refusal)).toMatchObject([kinds.refusal, { code: 'secret-required' }]);
    await until(() => refusals.length > 0);
    expect(refusals).toEqual(['secret-required']);
  });

  test('with another secret is refused by name, learns no journal, and is not remembered', async () => {
    const { bus, peerMemory, statuses } = await startN1();
    const { peer } = await dialAndProve('n2', bus.address(), { secret: otherSecret });
    expect(await peer.first(kinds.refusal)).toMatchObject([kinds.refusal, { code: 'secret-mismatch' }]);
    await until(() => peer.closed);
    expect(journalIn(peer)).toBe(false);
    expect(peer.payloads).toHaveLength(2);
    expect(peerMemory.recall('n2')).toBeUndefined();
    expect(statuses.filter(({ status }) => status !== 'disconnected')).toEqual([]);
  });

  test('with the secret of clients alone proves no node', async () => {
    const { bus, refusals } = await startN1();
    const peer = await dialRaw(bus.address());
    const hello = helloOf('n2');
    peer.send(hello);
    const answer = await bytesOf(peer, kinds.hello);
    const stolen = { ...testSecret, peerKey: () => testSecret.client().key() };
    const handshake = rawHandshake(payloadOf(encodeFrame(hello)), answer, stolen);
    peer.send([kinds.proof, handshake.prove('dialled')]);
    await peer.first(kinds.refusal);
    await until(() => refusals.length > 0);
    expect(refusals).toEqual(['secret-mismatch']);
  });

  test('and repeats what a good node once said is refused: the nonce is another one', async () => {
    const { bus } = await startN1();
    const hello = helloOf('n2');
    const good = await dialRaw(bus.address());
    good.send(hello);
    const proof = rawHandshake(payloadOf(encodeFrame(hello)), await bytesOf(good, kinds.hello)).prove('dialled');
    good.send([kinds.proof, proof]);
    await good.first(kinds.proof);
    const replaying = await dialRaw(bus.address());
    replaying.send(hello);
    await replaying.first(kinds.hello);
    replaying.send([kinds.proof, proof]);
    expect(await replaying.first(kinds.refusal)).toMatchObject([kinds.refusal, { code: 'secret-mismatch' }]);
  });

  test('and changes what another side said of itself on the way breaks the proof', async () => {
    const { bus } = await startN1();
    const peer = await dialRaw(bus.address());
    const hello = helloOf('n2');
    peer.send(hello);
    const answer = await bytesOf(peer, kinds.hello);
    const proof = rawHandshake(payloadOf(encodeFrame(helloOf('n2', { versions: { min: 1, max: 2 } }))), answer);
    peer.send([kinds.proof, proof.prove('dialled')]);
    expect(await peer.first(kinds.refusal)).toMatchObject([kinds.refusal, { code: 'secret-mismatch' }]);
  });

  test('cannot have its challenge answered by the node itself', async () => {
    // n1 dials the stranger, as n2 would be reached there; the stranger dials n1 and reflects what either says.
    let dialled: RawPeer | undefined;
    const mirror = await listenRaw((peer) => {
      dialled = peer;
    });
    opened.push(mirror);
    const { bus, refusals, arrivals } = await startN1({ peers: { n2: mirror.address } });
    await until(() => dialled !== undefined);
    if (dialled === undefined) return;
    const theirHello = parsedHello(await dialled.first(kinds.hello));
    const reflecting = await dialRaw(bus.address());
    reflecting.send([kinds.hello, { ...theirHello, node: 'n2', expects: undefined }]);
    const answer = parsedHello(await reflecting.first(kinds.hello));
    dialled.send([kinds.hello, { ...answer, node: 'n2' }]);
    const proof = await dialled.first(kinds.proof);
    reflecting.send(proof);
    expect(await reflecting.first(kinds.refusal)).toMatchObject([kinds.refusal, { code: 'secret-mismatch' }]);
    dialled.send(proof);
    expect(await dialled.first(kinds.refusal)).toMatchObject([kinds.refusal, { code: 'secret-mismatch' }]);
    await until(() => refusals.filter((code) => code === 'secret-mismatch').length === 2);
    expect(arrivals).toEqual([]);
  });

  test('is told nothing of a journal by a node that refuses, whatever it claims', async () => {
    const { bus } = await startN1();
    for (const hello of [helloOf('n1'), helloOf('n3'), helloOf('n2', { cluster: 'other' }), clientHelloOf('n2')]) {
      const peer = await dialRaw(bus.address());
      peer.send(hello, hello, hello);
      await until(() => peer.closed);
      expect(journalIn(peer)).toBe(false);
    }
  });

  test.each<[what: string, begin: (address: HostPort) => Promise<RawPeer>]>([
    [
      'its hello',
      async (address) => {
        const peer = await dialRaw(address);
        peer.send(helloOf('n2'));
        return peer;
      },
    ],
    ['its proof', async (address) => (await dialAndProve('n2', address)).peer],
  ])('and says nothing after %s is let go after a while', async (_, begin) => {
    const { bus, refusals } = await startN1({ timing: { ...timing, handshakeTimeoutMs: 1_000 } });
    const peer = await begin(bus.address());
    await until(() => peer.closed && refusals.length > 0);
    expect(refusals).toEqual(['HANDSHAKE_TIMEOUT']);
  });

  test('of an earlier version is refused by name', async () => {
    const { bus } = await startN1();
    const peer = await dialRaw(bus.address());
    const recorded = readFileSync(join(import.meta.dirname, '../fixtures/wire/hello-of-version-1.hex'), 'utf8');
    peer.socket.write(Buffer.from(recorded.trim(), 'hex'));
    const refusal = await peer.first(kinds.refusal);
    expect(refusal).toMatchObject([kinds.refusal, { code: 'disjoint-versions' }]);
    expect(JSON.stringify(refusal)).toContain('version 1');
  });

  test('over another kind of channel is refused by name', async () => {
    const { bus } = await startN1();
    const peer = await dialRaw(bus.address());
    peer.send(helloOf('n2', { security: 'tls' }));
    expect(await peer.first(kinds.refusal)).toMatchObject([kinds.refusal, { code: 'other-security' }]);
  });
});

const parsedHello = (payload: unknown): object => (Array.isArray(payload) ? Object(payload[1]) : {});

describe('a stranger that listens where a peer is looked for', () => {
  const listen = async (answer: (peer: RawPeer) => Promise<unknown>) => {
    const peers: RawPeer[] = [];
    const stranger = await listenRaw((peer) => {
      peers.push(peer);
      void answer(peer).catch(() => undefined);
    });
    opened.push(stranger);
    const started = await startN1({ peers: { n2: stranger.address } });
    return { ...started, peers };
  };

  test('with another secret is refused by name, learns no journal, and is not remembered', async () => {
    const { refusals, peers, peerMemory } = await listen((peer) =>
      answerAs('n2', peer, { secret: otherSecret, journalId: 'squatted' }),
    );
    await until(() => refusals.includes('secret-mismatch'));
    await until(() => peers[0]?.closed === true);
    expect(peers.some(journalIn)).toBe(false);
    expect(peerMemory.recall('n2')).toBeUndefined();
  });

  test('and says that nothing needs to be proven is refused', async () => {
    const { refusals, peers } = await listen(async (peer) => peer.send(helloOf('n2', { proof: 'none' })));
    await until(() => refusals.includes('secret-required'));
    expect(peers.some(journalIn)).toBe(false);
  });

  test('and says that the journal is lost does not stop the node', async () => {
    const { refusals, statuses } = await listen(async (peer) =>
      peer.send([kinds.refusal, { code: 'journal-lost', reason: 'says a stranger' }]),
    );
    await until(() => refusals.length > 0);
    expect(refusals[0]).toBe('MALFORMED_FRAME');
    expect(statuses.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
  });
});

describe('a node that has proven the secret', () => {
  test('tells its journal under a seal, so that nobody on the way reads it', async () => {
    const { bus, peerMemory, arrivals } = await startN1();
    const { peer, verdict } = await dialAs('n2', bus.address(), { journalId: 'journal-of-n2' });
    expect(verdict).toEqual({ type: 'welcome' });
    expect(peerMemory.recall('n2')).toBe('journal-of-n2');
    expect(journalIn(peer)).toBe(false);
    peer.send(append('n2'));
    await until(() => arrivals.length === 1);
    expect(arrivals[0]?.origin).toBe('member');
  });

  test('hears the journal of the other side only with its proof', async () => {
    const { bus } = await startN1();
    const dialled = await dialAndProve('n2', bus.address());
    expect(await openProof(dialled, 'accepted')).toEqual({
      isProof: true,
      content: { type: 'credentials', credentials: { journalId: 'journal-of-n1' } },
    });
  });

  test('and is no peer is refused by name under the seal, and not remembered', async () => {
    const { bus, peerMemory, refusals } = await startN1();
    const dialled = await dialAndProve('n9', bus.address(), { journalId: 'journal-of-n9' });
    const { isProof, content } = await openProof(dialled, 'accepted');
    expect(isProof).toBe(true);
    expect(content).toMatchObject({ type: 'refusal', code: 'unexpected-node' });
    await until(() => refusals.length > 0);
    expect(peerMemory.recall('n9')).toBeUndefined();
  });

  test('is let go as soon as it is no peer any more', async () => {
    const { bus } = await startN1();
    const { peer } = await dialAs('n2', bus.address());
    bus.setPeers({ n3: nowhere });
    await until(() => peer.closed);
  });

  test('finds its id free, although strangers have claimed it before its first start', async () => {
    const { bus, refusals } = await startN1();
    for (const secret of [otherSecret, undefined]) {
      const squatting = await dialAndProve('n2', bus.address(), {
        journalId: 'squatted',
        ...(secret === undefined ? { hello: { nonce: new Uint8Array(32) } } : { secret }),
      });
      squatting.peer.socket.destroy();
    }
    const client = await dialRaw(bus.address());
    client.send(clientHelloOf('n2'));
    await client.first(kinds.refusal);
    await until(() => refusals.length >= 2);
    const { verdict } = await dialAs('n2', bus.address(), { journalId: 'journal-of-n2' });
    expect(verdict).toEqual({ type: 'welcome' });
  });

  test('keeps its session while others claim to be it, and loses it to a connection that proves to be it', async () => {
    const { bus, arrivals } = await startN1();
    const first = await dialAs('n2', bus.address(), { journalId: 'journal-of-n2' });
    const claiming = await dialRaw(bus.address());
    claiming.send(helloOf('n2'));
    await claiming.first(kinds.hello);
    await dialAndProve('n2', bus.address(), { secret: otherSecret, journalId: 'journal-of-n2' });
    const unfinished = await dialAndProve('n2', bus.address(), { journalId: 'journal-of-n2' });
    await openProof(unfinished, 'accepted');
    const other = await dialAs('n2', bus.address(), { journalId: 'another-journal' });
    expect(other.verdict).toMatchObject({ type: 'refusal', code: 'journal-lost' });
    first.peer.send(append('n2'));
    await until(() => arrivals.length === 1);
    expect(first.peer.closed).toBe(false);
    await dialAs('n2', bus.address(), { journalId: 'journal-of-n2' });
    await until(() => first.peer.closed);
  });

  test('refuses and is refused by nodes with another secret, on both sides by name', async () => {
    const n1 = await startNode('n1');
    const n2 = await startNode('n2', { secret: createClusterSecret(), peers: { n1: n1.address() } });
    n1.setPeers({ n2: n2.address() });
    const seen = [n1, n2].map(refusalsOf);
    await until(() => seen.every((codes) => codes.includes('secret-mismatch')));
    expect(isConnected(n1, ['n2'])).toBe(false);
  });
});

describe('a client', () => {
  function startClient(bus: TcpBus, options: Partial<TcpClientOptions> = {}) {
    const client = createTcpClient({ addresses: [bus.address()], timing, ...options });
    opened.push(client);
    return client;
  }
  const call = (from: string) => ({ from: `${from}/caller/` as const, to: 'n1/store/' as const });

  test('on this machine needs no secret, and what it sends arrives as from a client', async () => {
    const { bus, arrivals } = await startN1();
    const client = startClient(bus);
    await until(() => isConnected(client, ['n1']));
    client.send({ ...call(client.node), message: { type: 'get' } });
    await until(() => arrivals.length === 1);
    expect(arrivals[0]?.origin).toBe('client');
  });

  test('is refused by name where clients have to prove the secret and it has none', async () => {
    const { bus } = await startN1({ openClients: 'none' });
    const client = startClient(bus);
    const { statuses } = record(client);
    await until(() => statuses.some(({ refusal }) => refusal?.code === 'secret-required'));
    expect(statuses.at(-1)?.reason).toContain('quorate secret client');
  });

  test('gets in by its proof where clients have to give one, and demands one of the node', async () => {
    const { bus, arrivals } = await startN1({ openClients: 'none' });
    const client = startClient(bus, { secret: testSecret.client() });
    await until(() => isConnected(client, ['n1']));
    client.send({ ...call(client.node), message: { type: 'get' } });
    await until(() => arrivals.length === 1);
    expect(arrivals[0]?.origin).toBe('client');
  });

  test.each(['none', 'loopback'] as const)(
    'with the secret of another cluster is refused (%s)',
    async (openClients) => {
      const { bus } = await startN1({ openClients });
      const client = startClient(bus, { secret: otherSecret.client() });
      const { statuses } = record(client);
      await until(() => statuses.some(({ refusal }) => refusal?.code === 'secret-mismatch'));
    },
  );

  test('with a secret does not speak to a node that proves none', async () => {
    const impostor = await listenRaw((peer) => peer.send(helloOf('n1', { proof: 'none' })));
    opened.push(impostor);
    const client = createTcpClient({ addresses: [impostor.address], timing, secret: testSecret.client() });
    opened.push(client);
    const { statuses } = record(client);
    await until(() => statuses.some(({ refusal }) => refusal?.code === 'secret-required'));
  });

  test('with a secret is told by a node without one that it has none', async () => {
    const bus = await createTcpBus({ node: 'n1', cluster: 'test', timing });
    opened.push(bus);
    const client = startClient(bus, { secret: testSecret.client() });
    const { statuses } = record(client);
    await until(() => statuses.some(({ refusal }) => refusal?.code === 'secret-required'));
    expect(statuses.at(-1)?.reason).toContain('runs without a secret');
  });

  test('whose connection shares its address with a peer changes nothing for the peer', async () => {
    const n1 = await startNode('n1');
    const n2 = await startNode('n2', { peers: { n1: n1.address() } });
    n1.setPeers({ n2: n2.address() });
    await until(() => isConnected(n1, ['n2']) && isConnected(n2, ['n1']));
    const receiver = record(n1);
    await dialAsClient('n9', n1.address());
    n2.send(numbered('n2', 'n1', 1));
    await until(() => receiver.numbersFrom('n2').length === 1);
  });
});

describe('when connections are scarce', () => {
  test('peers get in although clients hold all slots', async () => {
    const { bus } = await startN1({ limits: { connectionLimit: 3 } });
    for (const client of ['c1', 'c2', 'c3']) await dialAsClient(client, bus.address());
    const { verdict } = await dialAs('n2', bus.address());
    expect(verdict).toEqual({ type: 'welcome' });
  });

  test('peers get in although strangers fill the handshakes: the oldest are let go', async () => {
    const { bus, refusals } = await startN1({ limits: { handshakeLimit: 4 } });
    const strangers: RawPeer[] = [];
    for (let count = 0; count < 4; count += 1) strangers.push(await dialRaw(bus.address()));
    const { verdict } = await dialAs('n2', bus.address());
    expect(verdict).toEqual({ type: 'welcome' });
    await until(() => strangers[0]?.closed === true);
    expect(strangers.slice(1).some(({ closed }) => closed)).toBe(false);
    // The n2 of this test listens nowhere.
    expect(refusals.filter((code) => code !== 'PEER_MOVED')).toEqual(['TOO_MANY_CONNECTIONS']);
  });

  test('pings are not answered before the handshake is over', async () => {
    const { bus, refusals } = await startN1();
    const peer = await dialRaw(bus.address());
    peer.send([kinds.ping]);
    await until(() => peer.closed && refusals.length > 0);
    expect(peer.payloads).toEqual([]);
    expect(refusals).toEqual(['MALFORMED_FRAME']);
  });
});
