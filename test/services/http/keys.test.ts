import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpNode, startHttpNode } from './http-node.ts';

let node: HttpNode;
beforeAll(async () => {
  node = await startHttpNode();
});
afterAll(() => node.stop());

const urlOf = (key: string): string => `${node.url}/kv/${encodeURIComponent(key)}`;
const put = (key: string, body: Uint8Array | string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(urlOf(key), { method: 'PUT', body: typeof body === 'string' ? body : new Uint8Array(body), headers });
const remove = (key: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(urlOf(key), { method: 'DELETE', headers });

/** The body of an answer that is an error. */
async function problemIn(response: Response): Promise<unknown> {
  expect(response.headers.get('content-type')).toContain('application/json');
  const problem: unknown = await response.json();
  expect(problem).toEqual({
    code: expect.stringMatching(/^[A-Z_]+$/),
    message: expect.stringMatching(/./),
    whatToDo: expect.stringMatching(/./),
    outcome: expect.stringMatching(/^(did-not-happen|unknown)$/),
  });
  return problem;
}

describe('a value over HTTP', () => {
  test('is stored and read, with its version as the entity tag', async () => {
    const stored = await put('greeting', 'hello');
    expect(stored.status).toBe(200);
    const etag = stored.headers.get('etag');
    expect(etag).toMatch(/^"\d+"$/);
    expect(await stored.json()).toEqual({ key: 'greeting', version: Number(etag?.replaceAll('"', '')) });

    const read = await fetch(urlOf('greeting'));
    expect(read.status).toBe(200);
    expect(read.headers.get('etag')).toBe(etag);
    expect(read.headers.get('cache-control')).toBe('no-store');
    expect(await read.text()).toBe('hello');
  });

  test('may be any bytes, of any content type, under any text', async () => {
    const key = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .filter((text) => !/\p{Surrogate}/u.test(text));
    const type = fc.constantFrom('application/json', 'text/plain', 'application/x-www-form-urlencoded', 'x/y; z=1');
    await fc.assert(
      fc.asyncProperty(key, fc.uint8Array({ maxLength: 300 }), type, async (name, bytes, contentType) => {
        // `.` and `..` are steps of a path, which clients take before they ask.
        fc.pre(name !== '.' && name !== '..');
        expect((await put(name, bytes, { 'content-type': contentType })).status).toBe(200);
        const read = await fetch(urlOf(name));
        expect(new Uint8Array(await read.arrayBuffer())).toEqual(bytes);
      }),
      { numRuns: 100 },
    );
  });

  test('has a key with slashes, percent signs and spaces, as they are', async () => {
    for (const name of ['a/b/c', 'a%2Fb', '100%', 'a b', 'a+b', '?x=1', '#part', '%25', 'a/', '//', 'ü/é']) {
      expect((await put(name, `value of ${name}`)).status, name).toBe(200);
      expect(await (await fetch(urlOf(name))).text()).toBe(`value of ${name}`);
    }
    // Unescaped slashes are part of the key as well.
    expect(await (await fetch(`${node.url}/kv/a/b/c`)).text()).toBe('value of a/b/c');
  });

  test('is up to 1 MiB long, and not a byte longer', async () => {
    const largest = new Uint8Array(1_024 * 1_024).fill(7);
    expect((await put('large', largest)).status).toBe(200);
    // Compared as buffers: the matchers take seconds for so many bytes.
    expect(Buffer.from(await (await fetch(urlOf('large'))).arrayBuffer()).equals(largest)).toBe(true);
    const refused = await put('large', new Uint8Array(1_024 * 1_024 + 1));
    expect(refused.status).toBe(413);
    expect(await problemIn(refused)).toMatchObject({ code: 'VALUE_LIMIT', outcome: 'did-not-happen' });
    expect((await (await fetch(urlOf('large'))).arrayBuffer()).byteLength).toBe(largest.length);
  });

  test('may be empty', async () => {
    expect((await put('empty', '')).status).toBe(200);
    const read = await fetch(urlOf('empty'));
    expect(read.status).toBe(200);
    expect(await read.text()).toBe('');
  });

  test('is absent before it is stored and after it is deleted', async () => {
    const absent = await fetch(urlOf('fleeting'));
    expect(absent.status).toBe(404);
    expect(await problemIn(absent)).toMatchObject({ code: 'KEY_ABSENT' });

    const { version } = JSON.parse(await (await put('fleeting', 'x')).text());
    const deleted = await remove('fleeting');
    expect(await deleted.json()).toEqual({ key: 'fleeting', deleted: version });
    expect((await fetch(urlOf('fleeting'))).status).toBe(404);
    expect(await problemIn(await remove('fleeting'))).toMatchObject({ code: 'KEY_ABSENT' });
  });

  test('is read stale on request', async () => {
    await put('old', 'news');
    const read = await fetch(`${urlOf('old')}?consistency=stale`);
    expect(await read.text()).toBe('news');
    const refused = await fetch(`${urlOf('old')}?consistency=eventual`);
    expect(refused.status).toBe(400);
    expect(await problemIn(refused)).toMatchObject({ code: 'MALFORMED_REQUEST' });
  });

  test.each(['consistency=lease', 'consistency=follower', 'consistency=stale&maxStalenessMs=100'])(
    'is read by ?%s',
    async (how) => {
      await put('read', 'news');
      expect(await (await fetch(`${urlOf('read')}?${how}`)).text()).toBe('news');
    },
  );

  test.each(['maxStalenessMs=100', 'consistency=stale&maxStalenessMs=-1', 'consistency=stale&maxStalenessMs='])(
    'is not read by ?%s, which makes no sense',
    async (how) => {
      const refused = await fetch(`${urlOf('read')}?${how}`);
      expect(refused.status).toBe(400);
      expect(await problemIn(refused)).toMatchObject({ code: 'MALFORMED_REQUEST' });
    },
  );

  test('is not sent again to who has it', async () => {
    const etag = (await put('known', 'x')).headers.get('etag') ?? '';
    for (const header of [etag, `W/${etag}`, `"999999", ${etag}`, '*']) {
      const read = await fetch(urlOf('known'), { headers: { 'if-none-match': header } });
      expect(read.status, header).toBe(304);
      expect(await read.text()).toBe('');
      expect(read.headers.get('etag')).toBe(etag);
    }
    expect((await fetch(urlOf('known'), { headers: { 'if-none-match': '"999999"' } })).status).toBe(200);
  });
});

describe('a conditional write', () => {
  test('with If-None-Match: * happens only where nothing is', async () => {
    expect((await put('new', '1', { 'if-none-match': '*' })).status).toBe(200);
    const refused = await put('new', '2', { 'if-none-match': '*' });
    expect(refused.status).toBe(412);
    expect(await problemIn(refused)).toMatchObject({ code: 'PRECONDITION_FAILED', outcome: 'did-not-happen' });
    expect(await (await fetch(urlOf('new'))).text()).toBe('1');
  });

  test('with If-Match happens only on that version, and tells the one that is there', async () => {
    const first = (await put('contended', '1')).headers.get('etag') ?? '';
    const second = await put('contended', '2', { 'if-match': first });
    expect(second.status).toBe(200);
    const late = await put('contended', '3', { 'if-match': first });
    expect(late.status).toBe(412);
    expect(late.headers.get('etag')).toBe(second.headers.get('etag'));
    expect((await remove('contended', { 'if-match': first })).status).toBe(412);
    expect(await (await fetch(urlOf('contended'))).text()).toBe('2');
    expect((await remove('contended', { 'if-match': second.headers.get('etag') ?? '' })).status).toBe(200);
  });

  test('with If-Match: * happens only where something is', async () => {
    const refused = await put('nothing-yet', '1', { 'if-match': '*' });
    expect(refused.status).toBe(412);
    expect(refused.headers.get('etag')).toBeNull();
    await put('nothing-yet', '1');
    expect((await put('nothing-yet', '2', { 'if-match': '*' })).status).toBe(200);
  });

  test('is refused when the condition does not read as one', async () => {
    await put('kept', 'x');
    for (const headers of [
      { 'if-match': 'yesterday' },
      { 'if-match': '"1", "2"' },
      { 'if-none-match': '"1"' },
      { 'if-match': '*', 'if-none-match': '*' },
      { 'if-match': '"99999999999999999999"' },
    ]) {
      const refused = await put('kept', 'y', headers);
      expect(refused.status, JSON.stringify(headers)).toBe(400);
      expect(await problemIn(refused)).toMatchObject({ code: 'MALFORMED_CONDITION', outcome: 'did-not-happen' });
    }
    expect(await (await fetch(urlOf('kept'))).text()).toBe('x');
  });
});

describe('an idempotency key', () => {
  test('makes a repeated write happen once, with the first answer', async () => {
    const headers = { 'idempotency-key': 'order-1' };
    const first = await put('order', 'one', headers);
    await put('order', 'two');
    const again = await put('order', 'one', headers);
    expect(again.status).toBe(200);
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(await (await fetch(urlOf('order'))).text()).toBe('two');
  });

  test('repeats also a refusal, and a deletion', async () => {
    await put('once', 'x');
    const refused = { 'idempotency-key': 'create-once', 'if-none-match': '*' };
    expect((await put('once', 'y', refused)).status).toBe(412);
    const headers = { 'idempotency-key': 'delete-once' };
    const deleted: unknown = await (await remove('once', headers)).json();
    await put('once', 'z');
    expect(await (await remove('once', headers)).json()).toEqual(deleted);
    expect((await put('once', 'y', refused)).status).toBe(412);
    expect(await (await fetch(urlOf('once'))).text()).toBe('z');
  });

  test('is refused with another request, and when it is too long', async () => {
    const headers = { 'idempotency-key': 'reused' };
    expect((await put('reuse', 'one', headers)).status).toBe(200);
    const refused = await put('reuse', 'two', headers);
    expect(refused.status).toBe(422);
    expect(await problemIn(refused)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await (await fetch(urlOf('reuse'))).text()).toBe('one');
    const long = await put('reuse', 'three', { 'idempotency-key': 'k'.repeat(256) });
    expect(long.status).toBe(400);
    expect(await problemIn(long)).toMatchObject({ code: 'MALFORMED_REQUEST' });
  });
});

describe('a key', () => {
  test('of 1,024 bytes is taken, and one of more is refused', async () => {
    const longest = 'é'.repeat(512);
    expect((await put(longest, 'x')).status).toBe(200);
    expect(await (await fetch(urlOf(longest))).text()).toBe('x');
    for (const key of [`${longest}x`, 'k'.repeat(3_000), 'k'.repeat(9_000)]) {
      for (const refused of [await put(key, 'x'), await fetch(urlOf(key)), await remove(key)]) {
        expect(refused.status).toBe(400);
        expect(await problemIn(refused)).toMatchObject({ code: 'KEY_LIMIT', outcome: 'did-not-happen' });
      }
    }
  });

  test('that is empty is refused', async () => {
    const refused = await put('', 'x');
    expect(refused.status).toBe(400);
    expect(await problemIn(refused)).toMatchObject({ code: 'KEY_LIMIT' });
  });
});
