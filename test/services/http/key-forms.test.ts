/** Keys of any bytes over HTTP: percent-encoded octets in URLs, base64 in JSON. */

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClusterSecret } from '../../../src/bus/tcp.ts';
import type { HttpAccess } from '../../../src/services/http/access.ts';
import { routedUrl } from '../../../src/services/http/key-forms.ts';
import { keyOfBytes } from '../../../src/services/store/key-value/byte-keys.ts';
import type { Grant } from '../../../src/services/tokens/grants.ts';
import { until } from '../../fixtures/until.ts';
import { type HttpNode, startHttpNode } from './http-node.ts';

let node: HttpNode;
beforeAll(async () => {
  node = await startHttpNode();
});
afterAll(() => node.stop());

const percent = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const ask = async (path: string, init?: RequestInit): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${node.url}${path}`, init);
  return { status: response.status, body: await response.json() };
};

describe('a key of any bytes', () => {
  test('is put, read and deleted by its octets, with a value of any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 16 }), fc.uint8Array(), async (key, value) => {
        const url = `${node.url}/kv/${percent(key)}?keys=bytes`;
        const put = await fetch(url, {
          method: 'PUT',
          headers: { 'content-type': 'application/octet-stream' },
          body: Uint8Array.from(value),
        });
        const isAscii = key.every((byte) => byte < 0x80);
        const told = isAscii ? Buffer.from(key).toString() : { base64: base64(key) };
        expect({ status: put.status, body: await put.json() }).toMatchObject({ status: 200, body: { key: told } });
        const found = await fetch(url);
        expect(found.headers.get('content-type')).toBe('application/octet-stream');
        expect(new Uint8Array(await found.arrayBuffer())).toEqual(Uint8Array.from(value));
        expect(await ask(`/kv?key=${percent(key)}&keys=bytes`)).toMatchObject({
          status: 200,
          body: { entries: [{ key: told }] },
        });
        expect((await fetch(url, { method: 'DELETE' })).status).toBe(200);
        expect((await fetch(url)).status).toBe(404);
      }),
      { numRuns: 15 },
    );
  });

  test('comes in the order of bytes, page by page, with its history, and as text where it is ASCII or carries none', async () => {
    const keys = [[0x61], [0x61, 0x80], [0x80, 0x2f, 0x25], [0xff]].map((it) => Uint8Array.of(0x6f, 0x2f, ...it));
    for (const key of [...keys].reverse()) {
      await fetch(`${node.url}/kv/${percent(key)}?keys=bytes`, { method: 'PUT', body: percent(key) });
    }
    await fetch(`${node.url}/kv/${encodeURIComponent('o/日')}`, { method: 'PUT', body: 'text' });
    const [, second, third, last] = keys.map((key) => ({ base64: base64(key) }));
    const first = await ask('/kv?prefix=o%2f&limit=2&keys=bytes');
    expect(first.body).toMatchObject({ entries: [{ key: 'o/a' }, { key: second }], next: third });
    const rest = await ask(`/kv?prefix=o/&from=${percent(keys[2] ?? new Uint8Array())}&keys=bytes`);
    expect(rest.body).toMatchObject({ entries: [{ key: third }, { key: last }, { key: 'o/日' }] });
    const history = await ask(`/history/${percent(keys[3] ?? new Uint8Array())}?keys=bytes`);
    expect(history.body).toMatchObject({ key: last, changes: [{ key: last, value: '%6f%2f%ff' }] });
    // Who reads keys as text sees the text that carries the bytes.
    expect((await ask('/kv?prefix=o/%c3%bf')).body).toMatchObject({ entries: [{ key: 'o/\u00ff' }] });
  });

  test('is written and compared in transactions, told by its lease, and watched', async () => {
    const key = { base64: base64(Uint8Array.of(0x77, 0xfe)) };
    const ending = new AbortController();
    const watch = await fetch(`${node.url}/watch?prefix=w%fe&keys=bytes`, { signal: ending.signal });
    let told = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of watch.body ?? []) told += decoder.decode(chunk, { stream: true });
    })().catch(() => undefined);
    const done = await ask('/transactions', {
      method: 'POST',
      body: JSON.stringify({
        compare: [{ key, exists: false }],
        success: [{ put: key, value: 'x' }, { get: { base64: base64(Uint8Array.of(0x78, 0xfe)) } }],
      }),
    });
    expect(done).toMatchObject({ status: 200, body: { succeeded: true } });
    await until('the change to be told', () => told.includes(JSON.stringify(key)));
    ending.abort();
    await reading;
    const { body } = await ask('/leases', { method: 'POST', body: '{"ttlMs": 60000}' });
    const { lease }: { lease?: number } = Object(body);
    await fetch(`${node.url}/kv/w%fe?keys=bytes&lease=${lease}`, { method: 'PUT', body: 'y' });
    expect((await ask(`/leases/${lease}?keys=bytes`)).body).toMatchObject({ keys: [key] });
    expect((await ask(`/leases/${lease}`)).body).toMatchObject({ keys: ['w\u00fe'] });
  });

  test.each<[string, number, string]>([
    ['/kv/%ff', 400, 'MALFORMED_REQUEST'],
    ['/kv/a?keys=text', 400, 'MALFORMED_REQUEST'],
    ['/kv/a?keys=byte%73', 400, 'MALFORMED_REQUEST'],
    ['/kv/a?keys=bytes&keys=bytes', 400, 'MALFORMED_REQUEST'],
    ['/kv/%f?keys=bytes', 400, 'MALFORMED_REQUEST'],
    ['/kv/?keys=bytes', 400, 'KEY_LIMIT'],
    ['/kv/a%00b&keys=bytes?limit=1', 400, 'UNKNOWN_PARAMETER'],
    ['/status?keys=bytes', 400, 'UNKNOWN_PARAMETER'],
  ])('%s is answered %i %s', async (path, status, code) => {
    expect(await ask(path)).toMatchObject({ status, body: { code } });
  });

  test('has a limit that is told', async () => {
    const answer = await ask(`/kv/${'%ff'.repeat(513)}?keys=bytes`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'KEY_LIMIT' } });
  });

  test('in a transaction is refused where it is none', async () => {
    for (const put of [
      { base64: '?' },
      { base64: '' },
      { base64: base64(new Uint8Array(1_025)) },
      { bytes: 'YQ==' },
      7,
    ]) {
      const answer = await ask('/transactions', {
        method: 'POST',
        body: JSON.stringify({ success: [{ put, value: 'x' }] }),
      });
      expect(answer).toMatchObject({ status: 400 });
    }
  });
});

test('rights are those of the key, however its URL is spelled', async () => {
  const secret = createClusterSecret();
  const grants: readonly Grant[] = [{ name: 'app', role: 'write', prefixes: ['app/', '\u00fe/'] }];
  const access: HttpAccess = { openClients: 'none', named: { secret, grants } };
  const guarded = await startHttpNode({ http: { access } });
  const statusOf = async (path: string, method = 'PUT'): Promise<number> => {
    const headers = { authorization: `Bearer ${secret.token('app')}` };
    const body = method === 'PUT' ? { body: 'x' } : {};
    return (await fetch(`${guarded.url}${path}`, { method, headers, ...body })).status;
  };
  try {
    expect(await statusOf('/kv/app/%ff?keys=bytes')).toBe(200);
    expect(await statusOf('/kv/%61%70%70%2f%ff?keys=bytes')).toBe(200);
    expect(await statusOf('/kv/%fe/?keys=bytes')).toBe(200);
    expect(await statusOf('/kv/%c3%be/?keys=bytes')).toBe(403);
    expect(await statusOf('/kv/%c3%be/')).toBe(200);
    expect(await statusOf('/kv/ap%ff?keys=bytes')).toBe(403);
    expect(await statusOf('/kv?prefix=app/%ff&keys=bytes', 'GET')).toBe(200);
    expect(await statusOf('/kv?prefix=ap%ff&keys=bytes', 'GET')).toBe(403);
  } finally {
    await guarded.stop();
  }
});

test('a URL is routed by the text that carries its octets, where it asks for bytes, and else as it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 16 }), (bytes) => {
      const text = encodeURIComponent(keyOfBytes(bytes));
      expect(routedUrl(`/kv/${percent(bytes)}?mode=async&keys=bytes`)).toBe(`/kv/${text}?mode=async&keys=bytes`);
      expect(routedUrl(`/watch?keys=bytes&prefix=${percent(bytes)}`)).toBe(`/watch?keys=bytes&prefix=${text}`);
    }),
  );
  fc.assert(
    fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => {
      fc.pre(!query.includes('keys=bytes'));
      expect(routedUrl(`${path}?${query}`)).toBe(`${path}?${query}`);
    }),
    { numRuns: 20 },
  );
});
