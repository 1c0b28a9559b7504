/** Many keys, the past, transactions and watches over HTTP. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../fixtures/until.ts';
import { type HttpNode, startHttpNode } from './http-node.ts';

let node: HttpNode;
beforeAll(async () => {
  node = await startHttpNode({ http: { limits: { watches: 2 } } });
});
afterAll(() => node.stop());

const ask = async (path: string, init?: RequestInit): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${node.url}${path}`, init);
  return { status: response.status, body: await response.json() };
};
/** @returns the version of the key */
async function put(key: string, body: string | Uint8Array<ArrayBuffer>): Promise<number> {
  const response = await fetch(`${node.url}/kv/${encodeURIComponent(key)}`, { method: 'PUT', body });
  return Number(response.headers.get('etag')?.replaceAll('"', ''));
}
const transact = (body: unknown, headers: Record<string, string> = {}) =>
  ask('/transactions', { method: 'POST', body: JSON.stringify(body), headers });

describe('a range over HTTP', () => {
  test('is a page of keys with their values, and says where the next one begins', async () => {
    const versions = [await put('r/1', 'one'), await put('r/2', 'two'), await put('r/3', new Uint8Array([0xff, 0]))];
    const first = await ask('/kv?prefix=r/&limit=2');
    expect(first).toEqual({
      status: 200,
      body: {
        revision: versions[2],
        entries: [
          { key: 'r/1', version: versions[0], value: 'one' },
          { key: 'r/2', version: versions[1], value: 'two' },
        ],
        next: 'r/3',
      },
    });
    const rest = await ask(`/kv?prefix=r/&from=r/3&revision=${versions[2]}`);
    expect(rest.body).toEqual({
      revision: versions[2],
      entries: [{ key: 'r/3', version: versions[2], base64: '/wA=' }],
    });
    expect((await ask('/kv?prefix=r/&values=false&limit=1')).body).toMatchObject({
      entries: [{ key: 'r/1', version: versions[0] }],
    });
    expect((await ask('/kv?prefix=r/&count=true')).body).toEqual({ count: 3, revision: versions[2] });
    expect((await ask('/kv?key=r/2&consistency=stale')).body).toMatchObject({ entries: [{ key: 'r/2' }] });
  });

  test('and a key are read as of a revision, and the history of a key has its changes', async () => {
    const before = await put('past', 'old');
    const after = await put('past', 'new');
    await fetch(`${node.url}/kv/past`, { method: 'DELETE' });
    expect(await (await fetch(`${node.url}/kv/past?revision=${before}`)).text()).toBe('old');
    expect((await ask(`/kv?key=past&revision=${after}`)).body).toMatchObject({ entries: [{ value: 'new' }] });
    expect((await ask('/history/past')).body).toEqual({
      key: 'past',
      changes: [
        { key: 'past', revision: after + 1, previousVersion: after, deleted: true },
        { key: 'past', revision: after, previousVersion: before, value: 'new' },
        { key: 'past', revision: before, value: 'old' },
      ],
    });
    expect((await ask(`/history/past?limit=1&before=${after}`)).body).toMatchObject({ changes: [{ value: 'old' }] });
  });

  test.each<[string, number, string]>([
    ['/kv?revision=99999999', 400, 'REVISION_AHEAD'],
    ['/kv?revision=x', 400, 'MALFORMED_REQUEST'],
    ['/kv?limit=0', 400, 'MALFORMED_REQUEST'],
    ['/kv?limit=1001', 400, 'MALFORMED_REQUEST'],
    ['/kv?values=no', 400, 'MALFORMED_REQUEST'],
    ['/kv?key=a&prefix=b', 400, 'MALFORMED_REQUEST'],
    [`/kv?prefix=${'x'.repeat(1_025)}`, 400, 'KEY_LIMIT'],
    ['/kv?prefx=a', 400, 'UNKNOWN_PARAMETER'],
    ['/kv?prefix=a&prefix=b', 400, 'MALFORMED_REQUEST'],
    ['/history/', 400, 'KEY_LIMIT'],
    ['/history/a?limit=-1', 400, 'MALFORMED_REQUEST'],
    ['/watch?after=99999999', 400, 'REVISION_AHEAD'],
    ['/watch?after=now', 400, 'MALFORMED_REQUEST'],
    ['/watch?to=', 400, 'MALFORMED_REQUEST'],
  ])('%s is answered %i %s', async (path, status, code) => {
    expect(await ask(path)).toMatchObject({ status, body: { code } });
  });
});

describe('a transaction over HTTP', () => {
  test('compares, and does one branch or the other', async () => {
    const version = await put('t/a', 'old');
    const done = await transact({
      compare: [
        { key: 't/a', version },
        { key: 't/a', value: 'old' },
        { key: 't/a', exists: true },
        { key: 't/b', exists: false },
      ],
      success: [{ put: 't/a', value: 'new' }, { put: 't/b', base64: '/wA=' }, { get: 't/a' }, { get: 't/c' }],
    });
    expect(done).toEqual({
      status: 200,
      body: {
        succeeded: true,
        revision: version + 1,
        results: [
          { type: 'stored', version: version + 1 },
          { type: 'stored', version: version + 1 },
          { type: 'found', version, value: 'old' },
          { type: 'absent' },
        ],
      },
    });
    const other = await transact({
      compare: [{ key: 't/a', version }],
      success: [{ delete: 't/a' }],
      failure: [{ get: 't/b' }],
    });
    expect(other.body).toMatchObject({ succeeded: false, results: [{ type: 'found', base64: '/wA=' }] });
  });

  test('is done once under an idempotency key', async () => {
    const body = { success: [{ put: 't/once', value: 'x' }] };
    const first = await transact(body, { 'idempotency-key': 'once' });
    expect(await transact(body, { 'idempotency-key': 'once' })).toEqual(first);
    expect(await transact({ success: [] }, { 'idempotency-key': 'once' })).toMatchObject({ status: 422 });
  });

  test.each<[string, unknown]>([
    ['no branch', {}],
    ['two conditions in one comparison', { compare: [{ key: 'a', version: 1, exists: true }], success: [] }],
    ['an operation that is none', { success: [{ set: 'a', value: 'x' }] }],
    ['two writes of a key', { success: [{ delete: 'a' }, { put: 'a', value: 'x' }] }],
    ['base64 that is none', { success: [{ put: 'a', base64: '?' }] }],
    ['half a character as a value', { success: [{ put: 'a', value: '\ud800' }] }],
    ['half a character to compare', { compare: [{ key: 'a', value: 'x\udc00' }], success: [] }],
  ])('with %s is malformed', async (_name, body) => {
    expect(await transact(body)).toMatchObject({ status: 400, body: { code: 'MALFORMED_REQUEST' } });
  });
});

test('JSON that is no UTF-8 names no other key than was meant, and is malformed', async () => {
  const body = Buffer.from('{"success":[{"put":"t/?","value":"x"}]}'.replace('?', '\xff'), 'latin1');
  expect(await ask('/transactions', { method: 'POST', body })).toMatchObject({
    status: 400,
    body: { code: 'MALFORMED_REQUEST', outcome: 'did-not-happen' },
  });
  expect((await ask(`/kv/${encodeURIComponent('t/\ufffd')}`)).status).toBe(404);
});

describe('a lease over HTTP', () => {
  const post = (path: string, body?: unknown) =>
    ask(path, { method: 'POST', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });

  test('is granted, kept, told and revoked, with its keys', async () => {
    const granted = await post('/leases', { ttlMs: 60_000 });
    expect(granted).toMatchObject({ status: 200, body: { ttlMs: 60_000 } });
    const { lease } = granted.body as { lease: number };
    const put = await fetch(`${node.url}/kv/l/1?lease=${lease}`, { method: 'PUT', body: 'x' });
    expect(put.status).toBe(200);
    expect(await post(`/leases/${lease}/keep`)).toEqual({ status: 200, body: { lease, ttlMs: 60_000 } });
    expect(await ask(`/leases/${lease}`)).toEqual({ status: 200, body: { lease, ttlMs: 60_000, keys: ['l/1'] } });
    expect(await ask(`/leases/${lease}`, { method: 'DELETE' })).toEqual({ status: 200, body: { keys: 1 } });
    expect((await fetch(`${node.url}/kv/l/1`)).status).toBe(404);
    expect(await ask(`/leases/${lease}`)).toMatchObject({ status: 404, body: { code: 'LEASE_ENDED' } });
    expect(await post(`/leases/${lease}/keep`)).toMatchObject({ status: 410, body: { code: 'LEASE_ENDED' } });
  });

  test('that makes no sense is refused by name', async () => {
    for (const body of [{}, { ttlMs: 1 }, { ttlMs: 'x' }, { ttlMs: 1_000, id: 7 }]) {
      expect(await post('/leases', body)).toMatchObject({ status: 400, body: { code: 'MALFORMED_REQUEST' } });
    }
    expect(await post('/leases/x/keep')).toMatchObject({ status: 400 });
    const put = await fetch(`${node.url}/kv/l/1?lease=999999`, { method: 'PUT', body: 'x' });
    expect(put.status).toBe(410);
  });
});

describe('a namespace over HTTP', () => {
  const set = (name: string, body?: unknown) =>
    ask(`/namespaces/${name}`, { method: 'PUT', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const writes = (key: string) => ask(`/kv/${key}`, { method: 'PUT', body: 'x' });

  test('has its quota, and is told with what it has', async () => {
    const quota = { keys: 1, bytes: 100 };
    expect(await set('ns', quota)).toEqual({ status: 200, body: { name: 'ns', quota, keys: 0, bytes: 0 } });
    expect((await writes('ns/1')).status).toBe(200);
    expect(await writes('ns/2')).toMatchObject({
      status: 507,
      body: { code: 'QUOTA_EXCEEDED', outcome: 'did-not-happen' },
    });
    expect((await ask('/namespaces')).body).toEqual({ namespaces: [{ name: 'ns', quota, keys: 1, bytes: 5 }] });
    expect(await set('ns')).toMatchObject({ status: 200, body: { quota: {} } });
    expect((await writes('ns/2')).status).toBe(200);
    expect(await ask('/namespaces/ns', { method: 'DELETE' })).toMatchObject({ status: 200, body: { keys: 2 } });
    expect(await ask('/namespaces/ns', { method: 'DELETE' })).toMatchObject({
      status: 404,
      body: { code: 'NAMESPACE_ABSENT' },
    });
  });

  test('that makes no sense is refused by name', async () => {
    for (const body of [{ keys: -1 }, { keys: 1.5 }, { bytes: 'many' }, { key: 1 }, 7]) {
      expect(await set('ns', body)).toMatchObject({ status: 400, body: { code: 'MALFORMED_REQUEST' } });
    }
    expect(await set('a%2Fb')).toMatchObject({ status: 400, body: { code: 'KEY_LIMIT' } });
  });
});

describe('a watch over HTTP', () => {
  /** Reads an event stream as it comes. */
  async function watching(path: string, headers: Record<string, string> = {}) {
    const ending = new AbortController();
    const response = await fetch(`${node.url}${path}`, { headers, signal: ending.signal });
    let text = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    })().catch(() => undefined);
    return {
      response,
      events: () =>
        text.split('\n\n').flatMap((block) => {
          const id = /^id: (\d+)$/m.exec(block)?.[1];
          const data = /^data: (.*)$/m.exec(block)?.[1];
          return data === undefined ? [] : [{ id: Number(id), data: JSON.parse(data) as unknown }];
        }),
      text: () => text,
      async end() {
        ending.abort();
        await reading;
      },
    };
  }

  test('tells changes as server-sent events, whose ids are revisions from which it goes on', async () => {
    const before = await put('w/1', 'before');
    const watch = await watching('/watch?prefix=w/');
    expect(watch.response.headers.get('content-type')).toBe('text/event-stream');
    const version = await put('w/1', 'after');
    await transact({ success: [{ delete: 'w/1' }, { put: 'w/2', value: 'x' }, { put: 'elsewhere', value: 'x' }] });
    const expected = [
      {
        id: version,
        data: {
          revision: version,
          changes: [{ key: 'w/1', revision: version, previousVersion: before, value: 'after' }],
        },
      },
      {
        id: version + 1,
        data: {
          revision: version + 1,
          changes: [
            { key: 'w/1', revision: version + 1, previousVersion: version, deleted: true },
            { key: 'w/2', revision: version + 1, value: 'x' },
          ],
        },
      },
    ];
    await until('two events', () => watch.events().length === 2 || undefined);
    expect(watch.events()).toEqual(expected);
    await watch.end();

    const resumed = await watching('/watch?prefix=w/', { 'last-event-id': `${version}` });
    await until('one event', () => resumed.events().length === 1 || undefined);
    expect(resumed.events()).toEqual(expected.slice(1));
    await resumed.end();
  });

  test('beyond the limit is refused, until another one ends', async () => {
    const watches = [await watching('/watch'), await watching('/watch')];
    expect(await ask('/watch')).toMatchObject({ status: 503, body: { code: 'WATCHES_LIMIT' } });
    await watches[0]?.end();
    const third = await until('room for a watch', async () => {
      const watch = await watching('/watch');
      return watch.response.status === 200 ? watch : undefined;
    });
    await third.end();
    await watches[1]?.end();
  });

  test('is no head, which would never end', async () => {
    const answer = await fetch(`${node.url}/watch`, { method: 'HEAD' });
    expect(answer.status).toBe(404);
  });

  test('ends when its node stops', async () => {
    const other = await startHttpNode();
    const response = await fetch(`${other.url}/watch`);
    const text = response.text();
    await other.stop();
    expect(await text).toMatch(/^: changes after revision \d+\n\n/);
  });
});
