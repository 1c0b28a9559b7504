/** What clients ask the stores of a node, as the page is told of it. */

import { Subject } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Shown } from '../../src/dashboard/feed.ts';
import type { ItemOf } from '../../src/dashboard/model/moment.ts';
import { type StoreOperationsOptions, storeOperationsOf } from '../../src/dashboard/store-operations.ts';
import { systemEnvironment } from '../../src/environment/environment.ts';
import type { ServiceMail } from '../../src/host/endpoint.ts';
import { encodeCommand } from '../../src/services/store/key-value/commands.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { Address } from '../../statecharts/actor.ts';
import { startHttpNode } from '../services/http/http-node.ts';
import { createCluster } from '../services/store/cluster.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const store: Address = 'n1/store/kv';
const client: Address = 'c1/store.client/kv';

/** A node whose service mail the test writes, and what is told of it. */
function watched(options: Partial<StoreOperationsOptions> = {}) {
  const clock = createVirtualClock();
  const mail = new Subject<ServiceMail>();
  const items: Shown[] = [];
  const feed = storeOperationsOf({ id: 'n1', serviceMail: mail }, (item) => items.push(item), {
    ...{ clock, originMs: 1_000 },
    ...options,
  });
  onTestFinished(() => feed.unsubscribe());
  const ask = (body: object, { id = 1, from = client, waitMs = 5_000 } = {}): void => {
    const message = { type: 'requests', forward: false, requests: [{ id, waitMs, body }] };
    mail.next({ direction: 'taken', from, to: store, message });
  };
  const answer = (response: object, { id = 1, to = client } = {}): void => {
    const message = { type: 'responses', responses: [{ id, ...response }] };
    mail.next({ direction: 'sent', from: store, to, message });
  };
  const told = (): readonly string[] =>
    items.map((item) => (item.type === 'operation' ? `${item.client} ${item.phase} ${item.text}` : item.type));
  return { clock, mail, items, feed, ask, answer, told };
}

const put = (key: string): object => ({
  ...{ type: 'command', session: 1, sequence: 1, lowestUnanswered: 1 },
  command: encodeCommand({ type: 'put', key, value: bytes('secret') }),
});

test("a client's request begins an operation, which its answer ends", () => {
  const { ask, answer, items, clock } = watched();
  ask(put('k1'));
  clock.advance(7);
  answer({ status: 'done', value: null });
  const operation = { type: 'operation', node: 'n1', id: 'n1 c1/store.client/kv 1', client: 'c1' };
  expect(items).toEqual([
    { ...operation, atMs: 1_000, phase: 'began', text: 'put k1' },
    { ...operation, atMs: 1_007, phase: 'ended', text: 'ok' },
  ]);
  expect(JSON.stringify(items)).not.toContain('secret');
});

test.each([
  [put('k1'), 'put k1'],
  [{ type: 'keyed', key: 'once', command: encodeCommand({ type: 'delete', key: 'k1' }) }, 'delete k1'],
  [{ type: 'command', command: encodeCommand({ type: 'revoke', lease: 3 }) }, 'revoke'],
  [{ type: 'command', command: bytes('of another machine') }, 'write of 18 bytes'],
  [{ type: 'command', command: new Uint8Array(5_000) }, 'write of 5000 bytes'],
  [{ type: 'query', question: { type: 'get', key: 'k1' }, stale: false }, 'get k1'],
  [{ type: 'members' }, 'members'],
])('a request is told in short: %#', (body, text) => {
  const { ask, told } = watched();
  ask(body);
  expect(told()).toEqual([`c1 began ${text}`]);
});

test.each([
  [{ status: 'done', value: 3 }, 'ok'],
  [{ status: 'refused', reason: 'not-leader', leader: 'n2' }, 'refused not-leader'],
  [{ status: 'unknown', reason: 'leadership-lost' }, 'unknown leadership-lost'],
])('an answer is told in short: %j', (response, text) => {
  const { ask, answer, told } = watched();
  ask({ type: 'members' });
  answer(response);
  expect(told().at(-1)).toBe(`c1 ended ${text}`);
});

test('what stores say to each other is no operation, nor is an answer to what was not told', () => {
  const { ask, answer, items } = watched();
  ask(put('k1'), { from: 'n2/store/kv' });
  answer({ status: 'done', value: null }, { to: 'n2/store/kv' });
  answer({ status: 'done', value: null });
  expect(items).toEqual([]);
});

test('requests of two clients with the same number are two', () => {
  const { ask, answer, told } = watched();
  ask(put('k1'));
  ask(put('k2'), { from: 'c2/store.client/kv' });
  answer({ status: 'done', value: null }, { to: 'c2/store.client/kv' });
  expect(told()).toEqual(['c1 began put k1', 'c2 began put k2', 'c2 ended ok']);
});

describe('limits', () => {
  test('of a second so many requests are told, the rest in numbers', () => {
    const { ask, clock, told, items } = watched({ perSecond: 2 });
    for (const id of [1, 2, 3, 4, 5]) ask(put('k'), { id });
    expect(told()).toHaveLength(2);
    clock.advance(1_000);
    expect(items.at(-1)).toMatchObject({ type: 'summary', counts: { operation: 3 } });
    ask(put('k'), { id: 6 });
    expect(told().at(-1)).toBe('c1 began put k');
  });

  test('no more than so many wait for their answers', () => {
    const { ask, answer, told } = watched({ maxOpen: 1 });
    ask(put('k1'));
    ask(put('k2'), { id: 2 });
    answer({ status: 'done', value: null });
    ask(put('k3'), { id: 3 });
    expect(told()).toEqual(['c1 began put k1', 'c1 ended ok', 'c1 began put k3']);
  });

  test('what its client waits for no longer ends', () => {
    const { ask, clock, told } = watched();
    ask(put('k1'), { waitMs: 1_500 });
    clock.advance(1_000);
    expect(told()).toHaveLength(1);
    clock.advance(1_000);
    expect(told()).toEqual(['c1 began put k1', 'c1 ended not answered in time']);
  });

  test('nothing is left to do once no viewer looks', () => {
    const { ask, clock, feed, mail } = watched();
    ask(put('k1'));
    feed.unsubscribe();
    expect(mail.observed).toBe(false);
    expect(clock.runNext()).toBe(false);
  });
});

/** A cluster that has a leader, and the operations that its nodes tell of. */
function toldCluster() {
  const cluster = createCluster();
  cluster.elect();
  const items: ItemOf<'operation'>[] = [];
  for (const { node } of cluster.members()) {
    const feed = storeOperationsOf(node, (item) => item.type === 'operation' && items.push(item), cluster);
    onTestFinished(() => feed.unsubscribe());
  }
  return { cluster, items };
}

test('a node tells of what its clients ask, and which node answered', async () => {
  const { cluster, items } = toldCluster();
  const asking = cluster.client();
  await cluster.value(asking.put('greeting', bytes('hello')));
  await cluster.value(asking.get('greeting'));
  const ofLeader = items.filter(({ node, id }) => node === cluster.leader().id && id.includes('client-1/'));
  const texts = ofLeader.map(({ phase, text }) => `${phase} ${text}`);
  expect(texts).toEqual(expect.arrayContaining(['began put greeting', 'began get greeting']));
  const began = ofLeader.find(({ text }) => text === 'get greeting');
  expect(ofLeader.find(({ id, phase }) => id === began?.id && phase === 'ended')?.text).toBe('ok');
  await asking.close();
});

test('what an application asks of its own node is told once, there, in the name of the node', async () => {
  const { cluster, items } = toldCluster();
  const { id, keys } = cluster.follower();
  await cluster.value(keys.put('greeting', bytes('hello')));
  await cluster.value(keys.get('greeting'));
  // A follower that does not reach the leader asks again and again, which is one operation.
  cluster.isolate(id);
  await cluster.failure(keys.get('unreachable', { deadlineMs: 3_000 }));
  expect(items.filter(({ text }) => text === 'put greeting')).toHaveLength(1);
  expect(items.filter(({ text }) => text === 'get unreachable')).toHaveLength(1);
  const isOwn = ({ node, client }: ItemOf<'operation'>): boolean => node === id && client === id;
  expect(items.every(isOwn)).toBe(true);
  const ends = new Map(items.flatMap((item) => (item.phase === 'ended' ? [[item.id, item.text] as const] : [])));
  const told = items.flatMap((item) => (item.phase === 'began' ? [`${item.text}: ${ends.get(item.id)}`] : []));
  expect(told).toEqual([
    'register: ok',
    'put greeting: ok',
    'get greeting: ok',
    'get unreachable: refused unavailable',
  ]);
});

test('a life of a node that comes back counts on from elsewhere', async () => {
  const cluster = createCluster({ nodes: ['n1'] });
  const begun: string[] = [];
  const ask = async (): Promise<void> => {
    cluster.elect();
    const { node, keys } = cluster.member('n1');
    const feed = storeOperationsOf(
      node,
      (item) => item.type === 'operation' && item.phase === 'began' && begun.push(item.id),
      cluster,
    );
    await cluster.value(keys.get('k'));
    feed.unsubscribe();
  };
  await ask();
  cluster.crash('n1');
  cluster.restart('n1');
  await ask();
  expect(begun).toHaveLength(2);
  expect(begun[0]).not.toBe(begun[1]);
});

test('what clients ask over HTTP is told as well, without values', async () => {
  const { url, node, stop } = await startHttpNode();
  const items: Shown[] = [];
  const feed = storeOperationsOf(node, (item) => items.push(item), systemEnvironment());
  const ask = async (path: string, init: RequestInit = {}): Promise<number> => {
    const { status } = await fetch(`${url}${path}`, init);
    return status;
  };
  const transaction = JSON.stringify({ success: [{ put: 'b', value: 'secret' }, { get: 'a' }] });
  expect(await ask('/kv/a', { method: 'PUT', body: 'secret' })).toBe(200);
  expect(await ask('/kv/a')).toBe(200);
  expect(await ask('/kv?prefix=a')).toBe(200);
  expect(await ask('/transactions', { method: 'POST', body: transaction })).toBe(200);
  expect(await ask('/kv/a', { method: 'DELETE' })).toBe(200);
  feed.unsubscribe();
  await stop();
  const operations = items.filter((item) => item.type === 'operation');
  const begun = operations.flatMap(({ phase, client, text }) => (phase === 'began' ? [`${client}: ${text}`] : []));
  expect(begun).toEqual([
    'n1: register',
    'n1: put a',
    'n1: get a',
    expect.stringMatching(/^n1: range /),
    'n1: transaction',
    'n1: delete a',
  ]);
  expect(operations.filter(({ phase }) => phase === 'ended').map(({ text }) => text)).toEqual(begun.map(() => 'ok'));
  expect(JSON.stringify(items)).not.toContain('secret');
});
