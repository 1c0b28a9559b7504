/** What clients ask the stores of a node, as the page is told of it. */

import { Subject } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Shown } from '../../src/dashboard/feed.ts';
import type { ItemOf } from '../../src/dashboard/model/moment.ts';
import { type StoreOperationsOptions, storeOperationsOf } from '../../src/dashboard/store-operations.ts';
import type { ServiceMail } from '../../src/host/mail.ts';
import { encodeCommand } from '../../src/services/store/key-value/commands.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { Address } from '../../statecharts/actor.ts';
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

test('a node tells of what its clients ask, and which node answered', async () => {
  const cluster = createCluster();
  cluster.elect();
  const items: ItemOf<'operation'>[] = [];
  for (const { node } of cluster.members()) {
    const feed = storeOperationsOf(node, (item) => item.type === 'operation' && items.push(item), cluster);
    onTestFinished(() => feed.unsubscribe());
  }
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
