import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Envelope } from '../../src/bus/bus.ts';
import { envelopeFrame } from '../../src/bus/tcp/wire.ts';
import { type BusNotice, createTcpBus, type TcpBus, type TcpBusOptions } from '../../src/bus/tcp.ts';
import { type Clock, systemClock, type TimeoutHandle } from '../../src/environment/clock.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { testSecret } from '../fixtures/secret.ts';
import { numbered, record } from './conformance.ts';
import { answerAs, clientHelloOf, dialAsClient, dialRaw, listenRaw, type RawPeer } from './raw-peer.ts';
import { isConnected, startTcpCluster, type TcpCluster, timing, until } from './tcp-cluster.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of opened.splice(0).reverse()) await it.close();
});

async function startNode(node: string, options: Partial<TcpBusOptions> = {}): Promise<TcpBus> {
  const bus = await createTcpBus({ node, cluster: 'test', secret: testSecret, timing, ...options });
  opened.push(bus);
  return bus;
}
async function startCluster(...parameters: Parameters<typeof startTcpCluster>): Promise<TcpCluster> {
  const cluster = await startTcpCluster(...parameters);
  opened.push(cluster);
  return cluster;
}
function noticesOf(bus: TcpBus): BusNotice[] {
  const notices: BusNotice[] = [];
  bus.notices.subscribe((notice) => notices.push(notice));
  return notices;
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const frameOf = (...bytes: number[]): Buffer => {
  const frame = Buffer.alloc(4 + bytes.length);
  frame.writeUInt32BE(bytes.length, 0);
  frame.set(bytes, 4);
  return frame;
};
const encodedNesting = (depth: number): Buffer => {
  const frame = Buffer.alloc(4 + depth, 0x91);
  frame.writeUInt32BE(depth, 0);
  return frame;
};
const good = { type: 'numbered', number: 1 };

test.each<[what: string, write: (peer: RawPeer) => void]>([
  ['bytes that are no MessagePack', ({ socket }) => socket.write(frameOf(0xc1, 0xff))],
  ['two values in one frame', ({ socket }) => socket.write(frameOf(1, 2))],
  ['a text that is longer than its frame', ({ socket }) => socket.write(frameOf(0xdb, 0, 1, 0, 0, 65))],
  ['an empty frame', ({ socket }) => socket.write(frameOf())],
  ['lists within lists, very deep', ({ socket }) => socket.write(encodedNesting(500_000))],
  ['an array that says to be huge', ({ socket }) => socket.write(frameOf(0xdd, 0x7f, 0xff, 0xff, 0xff))],
  ['a map instead of an array', (peer) => peer.send({ kind: 0 })],
  ['a kind of frame that nobody knows', (peer) => peer.send([99])],
  ['an address that is none', (peer) => peer.send([0, 'n9', 'n1/receiver/', good])],
  ['no address to go to', (peer) => peer.send([0, 'n9/sender/', undefined, good])],
  ['a message without a type', (peer) => peer.send([0, 'n9/sender/', 'n1/receiver/', { number: 1 }])],
  ['a list as message', (peer) => peer.send([0, 'n9/sender/', 'n1/receiver/', ['type']])],
  ['a position that is none', (peer) => peer.send([0, 'n9/sender/', 'n1/receiver/', good, -1])],
  ['a text as position', (peer) => peer.send([0, 'n9/sender/', 'n1/receiver/', good, '7'])],
  ['nothing as message', (peer) => peer.send([0, 'n9/sender/', 'n1/receiver/', null])],
  ['a date as message', (peer) => peer.send([0, 'n9/sender/', 'n1/receiver/', new Date(0)])],
  ['a second introduction', (peer) => peer.send(clientHelloOf('n9'))],
  ['a proof after the handshake', (peer) => peer.send([6, new Uint8Array(32)])],
  ['something sealed after the handshake', (peer) => peer.send([7, new Uint8Array(32)])],
  ['a rejection of a negative number', (peer) => peer.send([3, 'n9/receiver/', -1])],
])('%s: the connection is closed with a named error, and no other peer is harmed', async (_, write) => {
  const { bus } = await startCluster(['n1', 'n2']);
  const notices = noticesOf(bus('n1'));
  const receiver = record(bus('n1'));
  const peer = await dialAsClient('n9', bus('n1').address());
  for (const number of upTo(50)) bus('n2').send(numbered('n2', 'n1', number));
  write(peer);
  for (const number of upTo(50)) bus('n2').send(numbered('n2', 'n1', 50 + number));
  await until(() => peer.closed && notices.length > 0 && receiver.numbersFrom('n2').length === 100);
  expect(notices).toMatchObject([{ error: { code: 'MALFORMED_FRAME' }, node: 'n9', count: 1 }]);
  expect(receiver.numbersFrom('n2')).toEqual(upTo(100));
  expect(receiver.numbersFrom('n9')).toEqual([]);
  expect(receiver.statuses.filter(({ node }) => node === 'n2')).toHaveLength(1);
});

test.each<[what: string, code: string, write: (peer: RawPeer) => void]>([
  ['another protocol', 'FRAME_TOO_LARGE', ({ socket }) => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['an envelope', 'MALFORMED_FRAME', (peer) => peer.send([0, 'n9/sender/', 'n1/receiver/', good])],
  ['an introduction that lacks something', 'MALFORMED_FRAME', (peer) => peer.send([1, { protocol: 'quorate' }])],
  [
    'an introduction of 100 KiB',
    'FRAME_TOO_LARGE',
    (peer) => peer.send(clientHelloOf('n9', { more: 'x'.repeat(102_400) })),
  ],
  ['a node id with a slash', 'MALFORMED_FRAME', (peer) => peer.send(clientHelloOf('n9/x'))],
])('who begins with %s is let go, and delivers nothing', async (_, code, write) => {
  const bus = await startNode('n1');
  const notices = noticesOf(bus);
  const { envelopes, statuses } = record(bus);
  const peer = await dialRaw(bus.address());
  write(peer);
  await until(() => peer.closed && notices.length > 0);
  expect(notices).toMatchObject([{ error: { code } }]);
  expect([...envelopes, ...statuses]).toEqual([]);
});

test('a frame beyond the limit is refused before its bytes are taken in', async () => {
  const bus = await startNode('n1', { limits: { frameLimitBytes: 1_000 } });
  const notices = noticesOf(bus);
  const peer = await dialAsClient('n9', bus.address());
  peer.socket.write(Uint8Array.of(0, 0, 3, 233));
  await until(() => peer.closed && notices.length > 0);
  expect(notices).toMatchObject([
    { error: { code: 'FRAME_TOO_LARGE', message: expect.stringContaining('1000') }, node: 'n9' },
  ]);
});

test('an envelope beyond the limit is refused by the sender, and one at the limit arrives', async () => {
  const { bus } = await startCluster(['n1', 'n2'], () => ({ limits: { frameLimitBytes: 10_000 } }));
  const receiver = record(bus('n2'));
  const withBytes = (sizeBytes: number): Envelope => ({
    from: 'n1/sender/',
    to: 'n2/receiver/',
    message: Object.assign({ type: 'large' }, { bytes: new Uint8Array(sizeBytes) }),
  });
  const overhead = envelopeFrame(withBytes(9_000)).length - 4 - 9_000;
  expect(() => bus('n1').send(withBytes(10_000))).toThrow(
    expect.objectContaining({ code: 'ENVELOPE_TOO_LARGE', message: expect.stringContaining('10000') }),
  );
  bus('n1').send(withBytes(10_000 - overhead));
  await until(() => receiver.envelopes.length === 1);
  expect(() => bus('n1').send(withBytes(10_000 - overhead + 1))).toThrow();
});

test('a message that has no form on the wire is refused by name, and the bus goes on', async () => {
  const { bus } = await startCluster(['n1', 'n2']);
  const receiver = record(bus('n2'));
  const message: { type: string; self?: unknown } = { type: 'cyclic' };
  message.self = message;
  expect(() => bus('n1').send({ from: 'n1/sender/', to: 'n2/receiver/', message })).toThrow(
    expect.objectContaining({ code: 'ENVELOPE_NOT_ENCODABLE' }),
  );
  bus('n1').send(numbered('n1', 'n2', 1));
  await until(() => receiver.envelopes.length === 1);
});

test('a frame that is cut off by the end of its connection is reported', async () => {
  const bus = await startNode('n1');
  const notices = noticesOf(bus);
  const { envelopes } = record(bus);
  const peer = await dialAsClient('n9', bus.address());
  peer.send([0, 'n9/sender/', 'n1/receiver/', good]);
  peer.socket.end(Uint8Array.of(0, 0, 0, 100, 0x94, 0));
  await until(() => notices.length > 0);
  expect(notices).toMatchObject([{ error: { code: 'TRUNCATED_FRAME' }, node: 'n9' }]);
  expect(envelopes).toHaveLength(1);
});

test('envelopes in the name of another node, or for another node, are refused, counted and reported', async () => {
  const bus = await startNode('n1');
  const notices = noticesOf(bus);
  const receiver = record(bus);
  const peer = await dialAsClient('n9', bus.address());
  peer.send(
    [0, 'n2/sender/', 'n1/receiver/', good],
    [0, 'n9/sender/', 'n2/receiver/', good],
    [0, 'n99/sender/', 'n1/receiver/', good],
    [3, 'n2/receiver/', 5],
    [0, 'n9/sender/', 'n1/receiver/', good],
  );
  await until(() => receiver.envelopes.length === 1 && notices.length > 0);
  expect(notices).toMatchObject([{ error: { code: 'MISADDRESSED_ENVELOPE' }, node: 'n9', count: 3 }]);
  expect(receiver.numbersFrom('n9')).toEqual([1]);
  expect(receiver.losses).toEqual([]);
  expect(peer.closed).toBe(false);
});

test('rejections that are told to one peer are limited in rate', async () => {
  const bus = await startNode('n1', { limits: { rejectionsPerSecond: 5 } });
  const peer = await dialAsClient('n9', bus.address());
  peer.send(...upTo(100).map((number) => [0, 'n9/sender/', `n1/absent/${number % 50}`, good]));
  peer.send([4]);
  await peer.first(5);
  bus.envelopes().subscribe((envelope) => bus.send({ from: envelope.to, to: envelope.from, message: good }));
  peer.send([0, 'n9/sender/', 'n1/present/', good]);
  await peer.first(0);
  expect(peer.payloads.filter((it) => Array.isArray(it) && it[0] === 3)).toHaveLength(5);
});

test('clients beyond the limit are turned away, and those before it stay', async () => {
  const bus = await startNode('n1', { limits: { connectionLimit: 2 } });
  const notices = noticesOf(bus);
  const { envelopes } = record(bus);
  const first = await dialAsClient('n8', bus.address());
  await dialAsClient('n9', bus.address());
  const third = await dialRaw(bus.address());
  third.send(clientHelloOf('n7'));
  expect(await third.first(2)).toMatchObject([2, { code: 'too-many-connections' }]);
  await until(() => third.closed && notices.length > 0);
  expect(notices).toMatchObject([{ error: { refusal: 'too-many-connections' } }]);
  first.send([0, 'n8/sender/', 'n1/receiver/', good]);
  await until(() => envelopes.length === 1);
});

test('clients that begin large frames and do not end them share one budget, and the greediest is let go', async () => {
  const limits = { frameLimitBytes: 1_000_000, queueLimitBytes: 1_000_000, clientIntakeBytes: 1_000_000 };
  const bus = await startNode('n1', { limits });
  const notices = noticesOf(bus);
  const { envelopes } = record(bus);
  const begin = async (node: string, sizeBytes: number): Promise<RawPeer> => {
    const peer = await dialAsClient(node, bus.address());
    const header = Buffer.alloc(4);
    header.writeUInt32BE(900_000, 0);
    peer.socket.write(Buffer.concat([header, Buffer.alloc(sizeBytes)]));
    return peer;
  };
  const small = await begin('c1', 200_000);
  const large = await begin('c2', 700_000);
  const last = await begin('c3', 250_000);
  await until(() => large.closed && notices.length > 0);
  expect(notices).toMatchObject([{ error: { code: 'CLIENT_INTAKE' }, node: 'c2' }]);
  expect([small.closed, last.closed]).toEqual([false, false]);
  const other = await dialAsClient('c4', bus.address());
  other.send([0, 'c4/sender/', 'n1/receiver/', good]);
  await until(() => envelopes.length === 1);
});

test('a peer that stops reading costs a bounded queue, is reported, and holds up nobody', async () => {
  let peer: RawPeer | undefined;
  const stopped = await listenRaw((it) => {
    peer = it;
    void answerAs('n2', it);
  });
  opened.push(stopped);
  const n3 = await startNode('n3', { peers: { n1: { host: '127.0.0.1', port: 1 } } });
  const limits = { queueLimit: 200, frameLimitBytes: 100_000, queueLimitBytes: 4_000_000 };
  const n1 = await startNode('n1', { limits, peers: { n2: stopped.address, n3: n3.address() } });
  await until(() => isConnected(n1, ['n2', 'n3']) && peer !== undefined);
  peer?.socket.pause();
  const sender = record(n1);
  const other = record(n3);
  const large = { bytes: new Uint8Array(50_000) };
  const rounds = 40;
  for (const round of upTo(rounds)) {
    for (const index of upTo(20)) {
      const number = round * 20 + index;
      n1.send({ ...numbered('n1', 'n2', number), message: Object.assign({ type: 'large', number }, large) });
      n1.send(numbered('n1', 'n3', number));
    }
    await until(() => other.envelopes.length === (round + 1) * 20);
  }
  const sent = rounds * 20;
  await until(() => sender.lost('n2', 'dropped') > 0);
  const dropped = sender.lost('n2', 'dropped');
  expect(sender.losses.length).toBeLessThanOrEqual(rounds);
  expect(other.numbersFrom('n1')).toEqual(upTo(sent));
  expect(sender.present('n2')).toBe('connected');

  // The older ones were kept, in order; they arrive when the peer reads on, and so does what is sent then.
  peer?.socket.resume();
  const arrived = () => (peer?.payloads ?? []).filter((it) => Array.isArray(it) && it[0] === 0);
  await until(() => arrived().length === sent - dropped);
  const numbers = arrived().map((it) => (Array.isArray(it) ? it[3].number : undefined));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(numbers.slice(0, 80)).toEqual(upTo(80));
  n1.send(numbered('n1', 'n2', sent));
  await until(() => arrived().length === sent - dropped + 1);
});

test('a peer that died without a word is noticed, and what waited for it is reported', async () => {
  const silent = await listenRaw((it) => {
    void answerAs('n2', it).then(() => it.socket.pause());
  });
  opened.push(silent);
  const quick = {
    ...timing,
    reconnectMinMs: 60_000,
    reconnectMaxMs: 60_000,
    pingIntervalMs: 100,
    silenceTimeoutMs: 2_000,
  };
  const n1 = await startNode('n1', { peers: { n2: silent.address }, timing: quick });
  const sender = record(n1);
  const notices = noticesOf(n1);
  await until(() => sender.present('n2') === 'connected');
  const count = 300;
  for (const number of upTo(count)) {
    n1.send({
      ...numbered('n1', 'n2', number),
      message: Object.assign({ type: 'large' }, { b: new Uint8Array(50_000) }),
    });
  }
  await until(() => sender.present('n2') === 'disconnected');
  await until(() => sender.lost('n2', 'disconnected') > 0);
  expect(sender.lost('n2', 'disconnected')).toBeLessThanOrEqual(count);
  expect(sender.statuses.at(-1)?.reason).toContain('heard nothing');
  await until(() => notices.length > 0);
  expect(notices).toMatchObject([{ error: { code: 'PEER_SILENT' }, node: 'n2' }]);
});

test('a connected node that falls silent is let go, and one that only answers pings is kept', async () => {
  // Silent for longer than this process, in which both ends are, may be busy with other things.
  const bus = await startNode('n1', { timing: { ...timing, pingIntervalMs: 100, silenceTimeoutMs: 2_000 } });
  const { statuses } = record(bus);
  const silent = await dialAsClient('n8', bus.address());
  const alive = await dialAsClient('n9', bus.address());
  alive.socket.on('data', () => alive.send([5]));
  await until(() => silent.closed);
  const pings = alive.payloads.length;
  await until(() => alive.payloads.length > pings + 10);
  expect(alive.closed).toBe(false);
  expect(statuses.filter(({ node }) => node === 'n8').map(({ status }) => status)).toEqual([
    'connected',
    'disconnected',
  ]);
});

test('an idle cluster stays connected', async () => {
  const pings = { ...timing, pingIntervalMs: 5, silenceTimeoutMs: 2_000 };
  const { bus } = await startCluster(['n1', 'n2'], () => ({ timing: pings }));
  const { statuses } = record(bus('n1'));
  const startMs = performance.now();
  await until(() => performance.now() - startMs > 1.5 * pings.silenceTimeoutMs);
  expect(statuses.map(({ status }) => status)).toEqual(['connected']);
});

test('a connection that breaks again and again comes back, and each break is reported', async () => {
  const peers: RawPeer[] = [];
  const breaking = await listenRaw((peer) => {
    peers.push(peer);
    void answerAs('n2', peer);
  });
  opened.push(breaking);
  const n1 = await startNode('n1', { peers: { n2: breaking.address } });
  const sender = record(n1);
  for (const round of upTo(5)) {
    await until(() => peers.length === round + 1 && sender.present('n2') === 'connected');
    peers[round]?.socket.resetAndDestroy();
    await until(() => sender.losses.length === round + 1 && sender.statuses.length >= 2 * (round + 1));
  }
  expect(sender.losses.every(({ node, reason }) => node === 'n2' && reason === 'disconnected')).toBe(true);
});

test('closing waits for nobody who does not read, and leaves no timer behind', async () => {
  const pending = new Set<TimeoutHandle>();
  const system = systemClock();
  const clock: Clock = {
    ...system,
    setTimeout(run, ms) {
      const handle = system.setTimeout(() => {
        pending.delete(handle);
        run();
      }, ms);
      pending.add(handle);
      return handle;
    },
    clearTimeout(handle) {
      pending.delete(handle);
      system.clearTimeout(handle);
    },
  };
  const stopped = await listenRaw((it) => {
    void answerAs('n2', it).then(() => it.socket.pause());
  });
  opened.push(stopped);
  const n1 = await startNode('n1', {
    environment: { ...systemEnvironment(), clock },
    peers: { n2: stopped.address, n3: { host: '127.0.0.1', port: 1 } },
    timing: { ...timing, closeTimeoutMs: 50 },
  });
  await until(() => isConnected(n1, ['n2']));
  await dialRaw(n1.address());
  await dialAsClient('n9', n1.address());
  for (const number of upTo(100)) {
    n1.send({
      ...numbered('n1', 'n2', number),
      message: Object.assign({ type: 'large' }, { b: new Uint8Array(100_000) }),
    });
  }
  const { losses } = record(n1);
  await n1.close();
  expect(pending.size).toBe(0);
  expect(losses.map(({ node, reason }) => `${node} ${reason}`).sort()).toEqual(['n2 disconnected', 'n9 disconnected']);
  expect(losses.find(({ node }) => node === 'n2')?.count).toBeGreaterThan(0);
  const refused = connect(n1.address());
  await expect(new Promise((_, reject) => refused.once('error', reject))).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});
