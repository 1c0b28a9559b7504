import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Topology } from '../../../statecharts/failover.ts';
import { hasRedis, startRedis, type TestRedis } from '../../fixtures/redis.ts';
import { until } from '../../fixtures/until.ts';
import { dial, standing, startTestProxy } from './lab.ts';

const markKey = 'quorate:orders';

/** A primary of epoch 1 with two standbys in sync, made by hand. */
async function startGroup() {
  const servers = await Promise.all(['r1', 'r2', 'r3'].map(async (name) => [name, await startRedis()] as const));
  for (const [, server] of servers) onTestFinished(() => server.remove());
  const [[, r1], [, r2], [, r3]] = servers as [[string, TestRedis], [string, TestRedis], [string, TestRedis]];
  await r1.client.call('REPLICAOF', 'NO', 'ONE');
  await r1.client.set(markKey, JSON.stringify({ epoch: 1, version: 1 }));
  for (const standby of [r2, r3]) await follow(standby, r1);
  return { r1, r2, r3 };
}

async function follow(standby: TestRedis, primary: TestRedis) {
  await standby.client.call('REPLICAOF', '127.0.0.1', primary.port);
  await until('a standby to be linked', async () =>
    (await standby.client.info('replication')).includes('master_link_status:up') ? true : undefined,
  );
}

const place = (server: string, { port }: TestRedis) => ({ server, host: '127.0.0.1', port });

const durable = (revision: number, change: Partial<Topology>): Topology =>
  standing(revision, { mode: 'durable', ...change });

const standingOf = (
  revision: number,
  { r1, r2, r3 }: Record<'r1' | 'r2' | 'r3', TestRedis>,
  change: Partial<Topology> = {},
): Topology =>
  durable(revision, {
    primary: place('r1', r1),
    inSync: ['r2', 'r3'],
    standbys: [place('r2', r2), place('r3', r3)].map((it) => ({ ...it, lagBytes: 0 })),
    ...change,
  });

function clientOf({ address }: { readonly address: { readonly port: number } }): Redis {
  const redis = new Redis({ port: address.port, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  onTestFinished(() => redis.disconnect());
  return redis;
}

const sets = (count: number, prefix: string): string =>
  Array.from({ length: count }, (_, index) => `SET ${prefix}${index} 1\r\n`).join('');
const oks = ({ saw }: { readonly saw: () => string }): number => saw().split('+OK').length - 1;

describe.skipIf(!hasRedis && process.env.CI === undefined)('a proxy in durable mode', () => {
  test('shows what an in-sync standby holds', async () => {
    const group = await startGroup();
    const { r1, r2, r3 } = group;
    const { proxy, hear } = await startTestProxy({ kind: 'redis' });
    hear(standingOf(1, group));
    const redis = clientOf(proxy);
    expect(await redis.set('a', '1')).toBe('OK');
    expect(await redis.get('a')).toBe('1');
    const held = await Promise.all([r2, r3].map((it) => it.client.get('a')));
    expect(held).toContain('1');
    expect(await r1.client.get('a')).toBe('1');
  });

  test('carries whatever Redis can do: transactions, scripts, blocking, subscriptions, pushes, large values', async () => {
    const group = await startGroup();
    const { proxy, hear } = await startTestProxy({ kind: 'redis' });
    hear(standingOf(1, group));
    const [redis, other] = [clientOf(proxy), clientOf(proxy)];
    expect(await redis.multi().incr('n').incr('n').exec()).toEqual([
      [null, 1],
      [null, 2],
    ]);
    expect(await redis.eval("return redis.call('INCR', 'n')", 0)).toBe(3);
    const popped = other.blpop('list', 0);
    await redis.rpush('list', 'x');
    expect(await popped).toEqual(['list', 'x']);
    const heard = new Promise((resolve) => other.on('message', (_channel, message) => resolve(message)));
    await other.subscribe('news');
    await redis.publish('news', 'hello');
    expect(await heard).toBe('hello');
    const large = 'x'.repeat(8 * 1024 * 1024);
    await redis.set('large', large);
    expect(await redis.get('large')).toBe(large);
    const text = dial(proxy.address);
    text.socket.write('CLIENT REPLY OFF\r\nSET quiet 1\r\nCLIENT REPLY ON\r\nGET quiet\r\nQUIT\r\n');
    expect(await text.isEnded()).toBe('end');
    expect(text.saw()).toBe('+OK\r\n$1\r\n1\r\n+OK\r\n');
  });

  test('acknowledges nothing of a primary that was paused, deposed and woken, though it has heard of none of that', async () => {
    const group = await startGroup();
    const { r1, r2, r3 } = group;
    const { proxy, hear, told } = await startTestProxy({ kind: 'redis', limits: { confirmTimeoutMs: 5_000 } });
    hear(standingOf(1, group));
    const proxied = Array.from({ length: 4 }, () => dial(proxy.address));
    const direct = dial(r1);
    for (const client of [...proxied, direct]) client.socket.write('SET warm 1\r\n');
    for (const client of [...proxied, direct]) await client.sees('+OK');
    r1.pause();
    for (const [index, client] of proxied.entries()) client.socket.write(sets(1_000, `proxied${index}.`));
    direct.socket.write(sets(2_000, 'direct.'));
    // The failover, by hand: fenced at the standbys, one of which is promoted.
    for (const standby of [r2, r3]) await standby.client.call('REPLICAOF', '127.0.0.1', '1');
    await r2.client.call('REPLICAOF', 'NO', 'ONE');
    await r2.client.set(markKey, JSON.stringify({ epoch: 2, version: 1 }));
    await follow(r3, r2);
    r1.resume();
    // A client that goes there directly is told OK for all that is lost.
    await until('the former primary to answer', () => oks(direct) === 2_001 || undefined);
    for (const client of proxied) expect(await client.isEnded()).toBe('ECONNRESET');
    expect(proxied.map(oks)).toEqual([1, 1, 1, 1]);
    expect(await r1.client.exists('proxied0.0', 'direct.0')).toBe(2);
    expect(await r2.client.exists('proxied0.0', 'direct.0')).toBe(0);
    expect(told.map(({ code }) => code)).toContain('OUTCOME_UNKNOWN');
    hear(
      durable(2, {
        mark: { epoch: 2, version: 1 },
        primary: place('r2', r2),
        inSync: ['r3'],
        standbys: [{ ...place('r3', r3), lagBytes: 0 }],
      }),
    );
    const next = dial(proxy.address);
    next.socket.write('SET after 1\r\n');
    await next.sees('+OK');
    expect(await r3.client.get('after')).toBe('1');
  });

  test('shows no read by what standbys confirmed before it was asked', async () => {
    const group = await startGroup();
    const { r2, r3 } = group;
    const { proxy, hear } = await startTestProxy({ kind: 'redis', limits: { confirmTimeoutMs: 5_000 } });
    hear(standingOf(1, group));
    const client = dial(proxy.address);
    client.socket.write('SET a 1\r\n');
    await client.sees('+OK');
    // Nothing is written from here on. The standbys hold everything, and say nothing any more: they may be fenced by now.
    await until('everything to be confirmed', async () => {
      const info = await group.r1.client.info('replication');
      const [own] = /(?<=master_repl_offset:)\d+/.exec(info) ?? [];
      return own !== undefined && info.split(`,offset=${own},`).length === 3 ? true : undefined;
    });
    for (const standby of [r2, r3]) standby.pause();
    client.socket.write('GET a\r\n');
    expect(await client.isEnded()).toBe('ECONNRESET');
    expect(client.saw()).toBe('+OK\r\n');
    for (const standby of [r2, r3]) standby.resume();
  });

  test('counts confirmations of the in-sync set alone', async () => {
    const group = await startGroup();
    const { r2, r3 } = group;
    const { proxy, hear, told } = await startTestProxy({ kind: 'redis' });
    hear(standingOf(1, group, { inSync: ['r2'] }));
    const client = dial(proxy.address);
    client.socket.write('SET a 1\r\n');
    await client.sees('+OK');
    r2.pause();
    client.socket.write('SET b 1\r\nGET b\r\n');
    await until('the other standby to hold it', async () => (await r3.client.get('b')) === '1' || undefined);
    await until('it not to suffice', () => told.find(({ code }) => code === 'UNCONFIRMED'));
    expect(oks(client)).toBe(1);
    r2.resume();
    await client.sees('$1\r\n1');
    expect(oks(client)).toBe(2);
  });

  test('shows nothing while the primary has another mark than the one that is known', async () => {
    const group = await startGroup();
    const { proxy, hear, told } = await startTestProxy({ kind: 'redis' });
    hear(standingOf(1, group));
    const client = dial(proxy.address);
    client.socket.write('SET a 1\r\n');
    await client.sees('+OK');
    await group.r1.client.set(markKey, JSON.stringify({ epoch: 1, version: 2 }));
    client.socket.write('SET b 1\r\n');
    await until('a round in vain', () => told.find(({ message }) => message.includes('expected the mark')));
    expect(oks(client)).toBe(1);
    hear(standingOf(2, group, { mark: { epoch: 1, version: 2 } }));
    await until('the reply', () => oks(client) === 2 || undefined);
    expect(client.ended()).toBeUndefined();
  });

  test('cuts clients whose primary has died, also when another process takes its place', async () => {
    const group = await startGroup();
    const { r1, r2, r3 } = group;
    const { proxy, hear, told } = await startTestProxy({ kind: 'redis' });
    hear(standingOf(1, group));
    const client = dial(proxy.address);
    client.socket.write('SET a 1\r\n');
    await client.sees('+OK');
    for (const standby of [r2, r3]) standby.pause();
    client.socket.write('SET b 1\r\n');
    await until('the write', async () => (await r1.client.get('b')) === '1' || undefined);
    await r1.kill();
    expect(await client.isEnded()).toBe('ECONNRESET');
    expect(oks(client)).toBe(1);
    await until('it to be told', () => told.some(({ code }) => code === 'CONTROL_LOST'));
    // It starts fenced: no session comes about, and clients wait.
    await r1.start();
    const next = dial(proxy.address);
    next.socket.write('GET a\r\n');
    await until('a client to wait', () => proxy.status().doors.primary?.waiting === 1 || undefined);
    expect(proxy.status().isOpen).toBe(false);
  });
});
