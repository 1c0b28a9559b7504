/** The bus over TLS: the conformance suite, and the strangers that only certificates keep out. */

import { connect } from 'node:net';
import { connect as connectTls, createServer } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { HandshakeRefusedError } from '../../src/bus/errors.ts';
import { encodeFrame } from '../../src/bus/tcp/frames.ts';
import { isNamed } from '../../src/bus/tcp/security.ts';
import { type BusNotice, createTcpBus, type TcpBus, type TcpBusOptions } from '../../src/bus/tcp.ts';
import { testSecret } from '../fixtures/secret.ts';
import { testAuthority, testIdentity } from '../fixtures/tls.ts';
import { busConformance, record } from './conformance.ts';
import { helloOf } from './raw-peer.ts';
import { isConnected, startTcpCluster, timing, until } from './tcp-cluster.ts';

busConformance('TCP with TLS', ({ nodes, queueLimit = 16_384 }) =>
  startTcpCluster(nodes, (node) => ({ limits: { queueLimit }, tls: testIdentity(node) }), {
    tls: { ca: testAuthority },
  }),
);

describe('TLS on the bus', () => {
  const opened: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const it of opened.splice(0).reverse()) await it.close();
  });
  const start = async (node: string, options: Partial<TcpBusOptions>): Promise<TcpBus> => {
    const bus = await createTcpBus({ node, cluster: 'test', secret: testSecret, timing, ...options });
    opened.push(bus);
    return bus;
  };
  const noticesOf = (bus: TcpBus): BusNotice[] => {
    const notices: BusNotice[] = [];
    bus.notices.subscribe((notice) => notices.push(notice));
    return notices;
  };
  const codes = (notices: readonly BusNotice[]): string[] => notices.map(({ error }) => error.code);

  test('a node that finds a certificate of another authority says so, and does not speak', async () => {
    const stranger = await start('n2', { tls: { ...testIdentity('stranger') } });
    const node = await start('n1', { tls: testIdentity('n1'), peers: { n2: stranger.address() } });
    const notices = noticesOf(node);
    await until(() => codes(notices).includes('UNTRUSTED_CERTIFICATE'), 'the notice');
    expect(isConnected(node, ['n2'])).toBe(false);
  });

  test('a node that finds an expired certificate says so', async () => {
    const late = await start('n2', { tls: testIdentity('expired') });
    const node = await start('n1', { tls: testIdentity('n1'), peers: { n2: late.address() } });
    const notices = noticesOf(node);
    await until(() => codes(notices).includes('UNTRUSTED_CERTIFICATE'), 'the notice');
    expect(notices[0]?.error.message).toContain('expired');
  });

  test.each(['expired', 'stranger'])('a node that dials with a certificate that is %s is refused', async (name) => {
    const node = await start('n1', { tls: testIdentity('n1') });
    const caller = await start('n2', { tls: testIdentity(name), peers: { n1: node.address() } });
    node.setPeers({ n2: caller.address() });
    const { statuses } = record(caller);
    await until(
      () => statuses.some(({ refusal }) => refusal?.code === 'wrong-certificate' && refusal.by === 'peer'),
      'the refusal',
    );
    expect(isConnected(node, ['n2'])).toBe(false);
  });

  test.each(['dialled', 'accepted'])('a holder of the secret cannot be another node: it %s', async (side) => {
    const node = await start('n1', { tls: testIdentity('n1') });
    const { key, cert, ca } = testIdentity('n3');
    const hello = encodeFrame(helloOf('n2', { security: 'tls' }));
    const notices = noticesOf(node);
    if (side === 'dialled') {
      const { port } = node.address();
      const socket = connectTls({ host: '127.0.0.1', port, key, cert, ca, checkServerIdentity: () => undefined });
      opened.push({ close: () => socket.destroy() });
      socket.on('error', () => undefined);
      socket.once('secureConnect', () => socket.write(hello));
    } else {
      const server = createServer({ key, cert, minVersion: 'TLSv1.3' }, (socket) => {
        socket.on('error', () => undefined);
        socket.write(hello);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      opened.push(server);
      const bound = server.address();
      node.setPeers({ n2: { host: '127.0.0.1', port: typeof bound === 'object' ? (bound?.port ?? 0) : 0 } });
    }
    await until(
      () =>
        notices.some(({ error }) => error instanceof HandshakeRefusedError && error.refusal === 'wrong-certificate'),
      'the refusal',
    );
    expect(isConnected(node, ['n2'])).toBe(false);
  });

  test('a node does not start with a certificate of another node, or without its own key', async () => {
    const code = { code: 'TLS_IDENTITY' };
    await expect(start('n1', { tls: testIdentity('n2') })).rejects.toMatchObject(code);
    await expect(start('n2', { tls: testIdentity('elsewhere') })).rejects.toMatchObject(code);
    const { key } = testIdentity('n2');
    await expect(start('n1', { tls: { ...testIdentity('n1'), key } })).rejects.toMatchObject(code);
    await expect(start('n1', { tls: { ...testIdentity('n1'), ca: 'none' } })).rejects.toMatchObject(code);
  });

  test('plain bytes on a port with TLS are refused by name, and harm nobody', async () => {
    const node = await start('n1', { tls: testIdentity('n1') });
    const notices = noticesOf(node);
    const socket = connect({ host: '127.0.0.1', port: node.address().port });
    opened.push({ close: () => socket.destroy() });
    socket.on('error', () => undefined);
    socket.write(encodeFrame(helloOf('n2')));
    await until(() => codes(notices).includes('TLS_HANDSHAKE'), 'the notice');
    const other = await start('n2', { tls: testIdentity('dns'), peers: { n1: node.address() } });
    node.setPeers({ n2: other.address() });
    await until(() => isConnected(node, ['n2']) && isConnected(other, ['n1']), 'a connection all the same');
  });

  test('TLS on a plain port is no connection', async () => {
    const plain = await start('n2', {});
    const notices = noticesOf(plain);
    const node = await start('n1', { tls: testIdentity('n1'), peers: { n2: plain.address() } });
    await until(() => notices.length > 0, 'a notice');
    expect(isConnected(node, ['n2'])).toBe(false);
  });

  test('a handshake of TLS that never ends is ended, and closing does not wait for it', async () => {
    const node = await start('n1', { tls: testIdentity('n1'), timing: { ...timing, handshakeTimeoutMs: 50 } });
    const notices = noticesOf(node);
    const socket = connect({ host: '127.0.0.1', port: node.address().port });
    opened.push({ close: () => socket.destroy() });
    socket.on('error', () => undefined);
    await until(() => codes(notices).includes('TLS_HANDSHAKE'), 'the notice');
    const patient = await start('n2', {
      tls: testIdentity('n2'),
      timing: { ...timing, handshakeTimeoutMs: 3_600_000 },
    });
    const idle = connect({ host: '127.0.0.1', port: patient.address().port });
    const over = new Promise((resolve) => idle.on('error', resolve).once('close', resolve));
    await new Promise((resolve) => idle.once('connect', resolve));
    await patient.close();
    await over;
  });

  test('handshakes of TLS beyond the limit give way', async () => {
    const node = await start('n1', { tls: testIdentity('n1'), limits: { handshakeLimit: 2 } });
    const notices = noticesOf(node);
    for (let count = 0; count < 3; count += 1) {
      const socket = connect({ host: '127.0.0.1', port: node.address().port });
      socket.on('error', () => undefined);
      opened.push({ close: () => socket.destroy() });
    }
    await until(() => notices.some(({ error }) => error.message.includes('handshakeLimit')), 'the notice');
  });

  test('a new certificate serves new connections, and a wrong one changes nothing', async () => {
    const node = await start('n1', { tls: testIdentity('n1') });
    const other = await start('n2', { tls: testIdentity('expired'), peers: { n1: node.address() } });
    node.setPeers({ n2: other.address() });
    expect(() => other.setTls(testIdentity('n3'))).toThrow(expect.objectContaining({ code: 'TLS_IDENTITY' }));
    other.setTls(testIdentity('n2'));
    await until(() => isConnected(node, ['n2']) && isConnected(other, ['n1']), 'a connection');
  });
});

describe('the names of a certificate', () => {
  test.each([
    ['URI:quorate://test/n1', true],
    ['DNS:n1', true],
    ['DNS:other, URI:quorate://test/n1', true],
    ['URI:quorate://test/n2', false],
    ['URI:quorate://other/n1, DNS:n1', false],
    ['URI:"http://x, DNS:n1, y"', false],
    ['DNS:n11', false],
    [undefined, false],
  ])('%s: node n1 of cluster test is named: %s', (names, isIt) => {
    expect(isNamed(names, 'test', 'n1')).toBe(isIt);
  });
});
