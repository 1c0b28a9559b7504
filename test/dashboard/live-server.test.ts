import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { FaultOrder } from '../../src/dashboard/feed.ts';
import { type LiveCluster, type LiveServerOptions, serveLive } from '../../src/dashboard/live-server.ts';
import { systemClock } from '../../src/environment/clock.ts';
import { until } from '../fixtures/until.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const token = 'a-token-of-the-test';

/** A dashboard of nothing but a head, and what is ordered there. */
async function served(options: Partial<LiveServerOptions> & { readonly order?: LiveCluster['order'] } = {}) {
  const files = mkdtempSync(join(tmpdir(), 'quorate-pages-'));
  closers.push(() => rmSync(files, { recursive: true }));
  writeFileSync(join(files, 'index.html'), '<!doctype html><title>t</title>');
  const orders: FaultOrder[] = [];
  let shown = 0;
  const order = (it: FaultOrder): undefined => void orders.push(it);
  const server = await serveLive(
    {
      head: () => ({ type: 'head', source: 'nodes', title: 'cluster c', nodes: ['n1'], takesFaults: true }),
      nowMs: () => 1,
      show() {
        shown += 1;
        return {
          unsubscribe() {
            shown -= 1;
          },
        };
      },
      order: options.order ?? order,
    },
    { clock: systemClock(), token, files, ...options },
  );
  const close = (): Promise<void> => server.close();
  closers.push(close);
  const { origin, host, hash } = new URL(server.url);
  const post = (body: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }) =>
    fetch(`${origin}/faults`, { method: 'POST', body, headers });
  const view = (query = `?token=${token}`, headers: Record<string, string> = {}) => {
    const socket = new WebSocket(`ws://${host}/feed${query}`, { headers });
    const heard: unknown[] = [];
    let end: string | undefined;
    socket.on('message', (data) => heard.push(JSON.parse(String(data))));
    socket.on('error', (error) => {
      end ??= error.message;
    });
    socket.on('close', (code) => {
      end ??= String(code);
    });
    closers.push(() => socket.terminate());
    return { socket, heard, end: () => end };
  };
  return { origin, hash, orders, post, view, shown: () => shown, close };
}

const upgrade = (target: string): string =>
  `GET ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;

test('the URL holds the token in its fragment, and the page is served without it', async () => {
  const { origin, hash } = await served();
  expect(hash).toBe(`#token=${token}`);
  expect((await fetch(origin)).status).toBe(200);
  expect((await fetch(`${origin}/recording.json`)).status).toBe(204);
});

test('a viewer with the token is told, and one without, or of a foreign page, is not', async () => {
  const { view, shown } = await served();
  const viewer = view();
  await until('the viewer hears', () => viewer.heard.length > 0);
  expect(viewer.heard).toEqual([[expect.objectContaining({ type: 'head', title: 'cluster c' })]]);
  for (const stranger of [view(''), view('?token=wrong'), view(undefined, { origin: 'http://evil.example' })]) {
    await until('the stranger is refused', () => stranger.end() !== undefined);
    expect(stranger.end()).toContain('403');
  }
  expect(shown()).toBe(1);
  viewer.socket.close();
  await until('nothing is shown', () => shown() === 0);
});

test('what is no URL, and what no viewer says, harms nobody', async () => {
  const { origin, view } = await served();
  const viewer = view();
  await until('the viewer hears', () => viewer.heard.length > 0);
  for (const target of ['//', '/feed?%', 'http://[', '/\\']) {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    closers.push(() => socket.destroy());
    let answer = '';
    socket.on('data', (data) => {
      answer += String(data);
    });
    socket.write(upgrade(target));
    await until(`an answer to ${target}`, () => answer !== '');
    expect(answer).toMatch(/^HTTP\/1.1 40[03]/);
  }
  const flooding = view();
  await until('the second viewer hears', () => flooding.heard.length > 0);
  flooding.socket.send('x'.repeat(5_000));
  await until('the viewer that says too much is gone', () => flooding.end() !== undefined);
  expect(viewer.end()).toBeUndefined();
});

test('strangers and viewers that keep their side open do not hold up the end', async () => {
  const { origin, view, close } = await served({ viewers: 1 });
  const stays = (target: string) => {
    const socket = connect({ port: Number(new URL(origin).port), host: '127.0.0.1', allowHalfOpen: true });
    closers.push(() => socket.destroy());
    let answer = '';
    socket.on('error', () => {});
    socket.on('data', (data) => {
      answer += String(data);
    });
    socket.write(upgrade(target));
    return { answer: () => answer };
  };
  const stranger = stays('/feed?token=wrong');
  await until('the stranger is refused', () => stranger.answer().includes('403'));
  const viewer = view();
  await until('the viewer hears', () => viewer.heard.length > 0);
  const crowded = stays(`/feed?token=${token}`);
  await until('the viewer that is one too many is told so', () => crowded.answer().includes('connected already'));
  let isClosed = false;
  void close().then(() => {
    isClosed = true;
  });
  await until('the end', () => isClosed);
});

test('strangers that connect again and again give way, and the viewer stays', async () => {
  const { origin, view } = await served({ connections: 4 });
  const viewer = view();
  await until('the viewer hears', () => viewer.heard.length > 0);
  let ended = 0;
  for (let count = 0; count < 20; count += 1) {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    closers.push(() => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => {
      ended += 1;
    });
  }
  await until('most strangers are cut off', () => ended >= 16);
  expect((await fetch(origin)).status).toBe(200);
  expect(viewer.end()).toBeUndefined();
});

test('more viewers than there may be are told so', async () => {
  const { view } = await served({ viewers: 1 });
  const first = view();
  await until('the first viewer hears', () => first.heard.length > 0);
  const second = view();
  await until('the second viewer is refused', () => second.end() !== undefined);
  expect(second.end()).toBe('1013');
});

test('an order with the token is carried out', async () => {
  const { post, orders } = await served();
  const order: FaultOrder = { fault: 'split', groups: [['n1'], ['n2', 'n3']] };
  expect((await post(JSON.stringify(order))).status).toBe(204);
  expect(orders).toEqual([order]);
});

test('an order without the token, from a foreign page, or that is none, is refused and says why', async () => {
  const { post, orders } = await served();
  const kill = '{"fault":"kill","node":"n1"}';
  expect((await post(kill, {})).status).toBe(401);
  expect((await post(kill, { authorization: 'Bearer wrong' })).status).toBe(401);
  const foreign = await post(kill, { authorization: `Bearer ${token}`, origin: 'http://evil.example' });
  expect(foreign.status).toBe(421);
  for (const body of [
    '',
    'null',
    '{"fault":"kill"}',
    '{"fault":"kill","node":"n1","more":1}',
    '{"fault":"melt","node":"n1"}',
  ]) {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('expected an order');
  }
  expect((await post(`{"fault":"kill","node":"${'n'.repeat(5_000)}"}`)).status).toBe(400);
  expect(orders).toEqual([]);
});

test('what is wrong with an order that nothing can carry out is told', async () => {
  const { post } = await served({ order: () => 'expected nodes n1, n2, got n9' });
  const response = await post('{"fault":"kill","node":"n9"}');
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('got n9');
});
