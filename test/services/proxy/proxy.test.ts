import { expect, test } from 'vitest';
import { freePort } from '../../fixtures/ports.ts';
import { until } from '../../fixtures/until.ts';
import { dial, echo, local, serve, standing, startTestProxy } from './lab.ts';

const mebibyte = 1024 * 1024;

test('clients that come before there is a primary wait unread, and go to it then with all that they had said', async () => {
  const a = await echo('a');
  const { proxy, hear } = await startTestProxy();
  const client = dial(proxy.address);
  client.socket.write('hello');
  await until('a client to wait', () => proxy.status().doors.primary?.waiting === 1 || undefined);
  hear(standing(1, { primary: a }));
  await client.sees('a:hello');
  expect(proxy.status()).toMatchObject({ route: 'routed', isOpen: true, doors: { primary: { waiting: 0 } } });
});

test('a change of primary cuts all connections to the former one at once, and those that come next go to the next', async () => {
  const [a, b] = [await echo('a'), await echo('b')];
  const { proxy, hear, told } = await startTestProxy();
  hear(standing(1, { primary: a }));
  const clients = [dial(proxy.address), dial(proxy.address)];
  for (const client of clients) await client.sees('a:');
  hear(standing(2, { primary: b, mark: { epoch: 2, version: 1 } }));
  for (const client of clients) expect(await client.isEnded()).toBe('ECONNRESET');
  await dial(proxy.address).sees('b:');
  expect(told.map(({ code }) => code)).toEqual(['ROUTED', 'CUT', 'ROUTED']);
});

test('the same server as primary of another epoch is another primary', async () => {
  const a = await echo('a');
  const { proxy, hear } = await startTestProxy();
  hear(standing(1, { primary: a }));
  const client = dial(proxy.address);
  await client.sees('a:');
  hear(standing(2, { primary: a, mark: { epoch: 2, version: 1 } }));
  expect(await client.isEnded()).toBe('ECONNRESET');
  await dial(proxy.address).sees('a:');
});

test('what a former primary had said, and a client had not read yet, is never delivered', async () => {
  const flood = await serve('a', (socket) => void socket.write(Buffer.alloc(64 * mebibyte, 'x')));
  const { proxy, hear } = await startTestProxy();
  hear(standing(1, { primary: flood }));
  const client = dial(proxy.address);
  await client.sees('x');
  client.socket.pause();
  await until('the proxy to hold bytes', () => (proxy.status().doors.primary?.heldBytes ?? 0) > 0 || undefined);
  const seen = client.saw().length;
  hear(standing(2));
  await until('the way to be cut', () => proxy.status().doors.primary?.connections === 0 || undefined);
  client.socket.resume();
  await client.isEnded();
  // What is left is what the client's own system had taken already.
  expect(client.saw().length - seen).toBeLessThan(16 * mebibyte);
});

test.each([
  ['a server that is not read', (socket: { pause(): unknown }) => socket.pause(), 'client' as const],
  [
    'a client that does not read',
    (socket: { write(bytes: Buffer): unknown }) => socket.write(Buffer.alloc(96 * mebibyte)),
    'server' as const,
  ],
])('%s costs bounded memory', async (_which, behave, who) => {
  const a = await serve('a', (socket) => void behave(socket));
  const { proxy, hear } = await startTestProxy();
  hear(standing(1, { primary: a }));
  const client = dial(proxy.address);
  client.socket.pause();
  if (who === 'client') client.socket.write(Buffer.alloc(96 * mebibyte));
  const held = await until('bytes to be held', () => proxy.status().doors.primary?.heldBytes || undefined);
  expect(held).toBeLessThan(mebibyte);
  const before = process.memoryUsage.rss();
  await until('the flow to stop', async () => {
    const { heldBytes } = proxy.status().doors.primary ?? { heldBytes: 0 };
    expect(heldBytes).toBeLessThan(mebibyte);
    return process.memoryUsage.rss() - before < 64 * mebibyte || undefined;
  });
});

test('a client that ends its side still hears the rest', async () => {
  const slow = await serve('a', (socket) => {
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('end', () => socket.end(`heard ${heard}`));
  });
  const { proxy, hear } = await startTestProxy();
  hear(standing(1, { primary: slow }));
  const client = dial(proxy.address);
  client.socket.end('all of it');
  await client.sees('heard all of it');
  expect(await client.isEnded()).toBe('end');
  await until('the connection to be over', () => proxy.status().doors.primary?.connections === 0 || undefined);
});

test('a side that goes on for too long after the other one has ended is cut', async () => {
  const deaf = await serve('a', (socket) => void socket.write('a:'));
  const { proxy, hear } = await startTestProxy({ limits: { halfOpenMs: 50 } });
  hear(standing(1, { primary: deaf }));
  const client = dial(proxy.address);
  await client.sees('a:');
  client.socket.end();
  expect(await client.isEnded()).toBe('ECONNRESET');
  expect(await proxy.metrics.render()).toMatch(
    /quorate_proxy_ended_total{door="primary",end="half-open",group="orders"} 1/,
  );
});

test('a connection without a byte for too long is ended', async () => {
  const a = await echo('a');
  const { proxy, hear } = await startTestProxy({ limits: { idleTimeoutMs: 50 } });
  hear(standing(1, { primary: a }));
  expect(await dial(proxy.address).isEnded()).toBe('ECONNRESET');
  expect(await proxy.metrics.render()).toMatch(/end="idle",group="orders"} 1/);
});

test('a client waits while its server takes no connections, and nothing of what it says is lost', async () => {
  const { proxy, hear, told } = await startTestProxy();
  hear(standing(1, { primary: { server: 'a', host: '127.0.0.1', port: await freePort() } }));
  const client = dial(proxy.address);
  client.socket.write('hello');
  await until('the server to be found out', () => told.find(({ code }) => code === 'SERVER_UNREACHABLE'));
  hear(standing(2, { primary: await echo('b'), mark: { epoch: 2, version: 1 } }));
  await client.sees('b:hello');
});

test('Redis clients are told to try again when there is no primary for too long', async () => {
  const { proxy, told } = await startTestProxy({ kind: 'redis', limits: { waitMs: 50 } });
  const client = dial(proxy.address);
  client.socket.write('PING\r\n');
  expect(await client.isEnded()).toBe('end');
  expect(client.saw()).toBe(
    "-LOADING group 'orders': no server of the group can take the connection now; try again\r\n",
  );
  expect(told.map(({ code }) => code)).toContain('REFUSED');
});

const startup = Buffer.concat([Buffer.from([0, 0, 0, 16, 0, 3, 0, 0]), Buffer.from('user\0me\0')]);
const request = (code: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(8);
  bytes.writeInt32BE(code, 4);
  return bytes;
};

test('PostgreSQL clients are told so in their protocol, also when they want encryption first', async () => {
  const { proxy } = await startTestProxy({ kind: 'postgres', limits: { waitMs: 20 } });
  const plain = dial(proxy.address);
  plain.socket.write(startup);
  expect(await plain.isEnded()).toBe('end');
  expect(plain.saw()).toMatch(/^E....SFATAL\0VFATAL\0C57P03\0Mgroup 'orders': no server .*\0\0$/s);
  expect(Buffer.from(plain.saw(), 'latin1').readInt32BE(1)).toBe(plain.saw().length - 1);
  const secure = dial(proxy.address);
  secure.socket.write(request(80_877_103));
  await secure.sees('N');
  secure.socket.write(request(80_877_104));
  await secure.sees('NN');
  for (const byte of startup) secure.socket.write(Buffer.from([byte]));
  await secure.sees('C57P03');
  const cancel = dial(proxy.address);
  cancel.socket.write(request(80_877_102));
  expect(await cancel.isEnded()).toBe('end');
  expect(cancel.saw()).toBe('');
});

test('no more clients than may are let in, and no more wait than may', async () => {
  const a = await echo('a');
  const { proxy, hear } = await startTestProxy({ kind: 'redis', limits: { connections: 2, waiting: 1 } });
  const first = dial(proxy.address);
  await until('a client to wait', () => proxy.status().doors.primary?.waiting === 1 || undefined);
  await dial(proxy.address).sees('-LOADING group');
  hear(standing(1, { primary: a }));
  await first.sees('a:');
  await dial(proxy.address).sees('a:');
  const third = dial(proxy.address);
  await third.sees('-ERR max number of clients reached');
  expect(await third.isEnded()).toBe('end');
  expect(await proxy.metrics.render()).toMatch(/reason="connection-limit",group="orders"} 1/);
});

test('readers are spread over the standbys that are close enough, to the one with the fewest of them', async () => {
  const [b, c, d] = [await echo('b'), await echo('c'), await echo('d')];
  const { proxy, hear } = await startTestProxy({ reads: local, maxReadLagBytes: 100 });
  const address = proxy.readsAddress ?? proxy.address;
  const standbys = (lags: readonly (number | null)[]) =>
    [b, c, d].map((it, index) => ({ ...it, lagBytes: lags[index] ?? null }));
  const early = dial(address);
  hear(standing(1, { standbys: standbys([0, 100, 101]) }));
  await until('a reader to be served', () => early.saw() !== '' || undefined);
  const others = [dial(address), dial(address), dial(address)];
  for (const other of others) await until('a reader to be served', () => other.saw() !== '' || undefined);
  expect([early, ...others].map(({ saw }) => saw()).sort()).toEqual(['b:', 'b:', 'c:', 'c:']);
  hear(standing(2, { standbys: standbys([null, 101, 5]) }));
  const readers = [early, ...others];
  await until(
    'readers of c to be cut',
    () => readers.filter(({ ended }) => ended() !== undefined).length === 2 || undefined,
  );
  expect(readers.flatMap(({ saw, ended }) => (ended() === undefined ? [saw()] : []))).toEqual(['b:', 'b:']);
  await dial(address).sees('d:');
});

test('a proxy that hears no news for too long says so, and goes on', async () => {
  const a = await echo('a');
  const { proxy, hear, told } = await startTestProxy({ unheardAfterMs: 50 });
  hear(standing(1, { primary: a }));
  await until('the silence to be told', () => told.find(({ code }) => code === 'UNHEARD'));
  await dial(proxy.address).sees('a:');
  hear(standing(1, { primary: a }));
  await until('news to be told', () => told.find(({ code }) => code === 'HEARD'));
});

test('what is malformed, earlier, or of another group, changes nothing', async () => {
  const [a, b] = [await echo('a'), await echo('b')];
  const { proxy, hear, told } = await startTestProxy();
  hear(standing(3, { primary: a }));
  const client = dial(proxy.address);
  await client.sees('a:');
  hear(standing(2, { primary: b }));
  hear(standing(9, { primary: b, group: 'sales' }));
  hear(standing(4, { primary: { ...b, port: -1 } }));
  await until('the malformed to be told', () => told.find(({ code }) => code === 'NEWS'));
  client.socket.write('still there');
  await client.sees('a:still there');
  expect(proxy.status().known?.revision).toBe(3);
});

test('a proxy that stops refuses those who wait, lets the others finish, and cuts the rest', async () => {
  const a = await echo('a');
  const { proxy, hear } = await startTestProxy({ kind: 'redis', reads: local, limits: { drainMs: 3_000 } });
  hear(standing(1, { primary: a }));
  const [busy, waiting] = [dial(proxy.address), dial(proxy.readsAddress ?? proxy.address)];
  await busy.sees('a:');
  await until('a reader to wait', () => proxy.status().doors.reads?.waiting === 1 || undefined);
  const stopped = proxy.stop();
  busy.socket.write('finish');
  await busy.sees('a:finish');
  await waiting.sees('-LOADING group');
  await stopped;
  expect(await busy.isEnded()).toBe('ECONNRESET');
  expect(await dial(proxy.address).isEnded()).toBe('ECONNREFUSED');
});

test('a port that is taken is refused by name', async () => {
  const { port } = await echo('a');
  await expect(startTestProxy({ listen: { host: '127.0.0.1', port } })).rejects.toThrow(
    expect.objectContaining({ code: 'DOOR_LISTEN' }),
  );
});

test('a proxy whose certificate is none is refused, and not ended by its first client', async () => {
  const starting = startTestProxy({ kind: 'redis', redis: { tls: { cert: 'garbage', key: 'garbage' } } });
  await expect(starting).rejects.toMatchObject({ code: 'PROXY_TLS', message: expect.stringContaining("'redis.tls'") });
});
