/** What tokens open over HTTP, and what is noted of it. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { fastify } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createClusterSecret } from '../../../src/bus/tcp.ts';
import { addAccess } from '../../../src/services/http/access.ts';
import { addAudit } from '../../../src/services/http/audit.ts';
import { addAuthorization } from '../../../src/services/http/authorization.ts';
import { addKeyRoutes } from '../../../src/services/http/keys.ts';
import { addLeaseRoutes } from '../../../src/services/http/leases.ts';
import { createResponseBudget } from '../../../src/services/http/response-budget.ts';
import type { LeaseOptions } from '../../../src/services/store/key-value/contract.ts';
import type { AuditEntry } from '../../../src/services/tokens/audit.ts';
import { covers, type Grant, GrantsError, grantsIn } from '../../../src/services/tokens/grants.ts';
import { createVirtualClock } from '../../../src/simulator.ts';
import { until } from '../../fixtures/until.ts';
import { startHttpNode } from './http-node.ts';

const secret = createClusterSecret();
const grants: readonly Grant[] = [
  { name: 'reader', role: 'read' },
  { name: 'writer', role: 'write' },
  { name: 'app', role: 'write', prefixes: ['app/', 'shared/'] },
  { name: 'neighbour', role: 'write', prefixes: ['lock/'] },
  { name: 'app-reader', role: 'read', prefixes: ['app/'] },
  { name: 'operator', role: 'admin' },
];

type Asked = readonly [method: string, path: string, body?: string];

async function started(openClients: 'none' | 'loopback' = 'none') {
  const entries: AuditEntry[] = [];
  const access = { openClients, token: secret.client().httpToken(), named: { secret, grants } };
  const node = await startHttpNode({ http: { access, audit: (entry) => void entries.push(entry) } });
  onTestFinished(() => node.stop());
  const ask = (token: string | undefined, [method, path, body]: Asked): Promise<Response> =>
    fetch(`${node.url}${path}`, {
      method,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      ...(body === undefined ? {} : { body }),
    });
  const statusOf = async (name: string, asked: Asked): Promise<number> => {
    const response = await ask(secret.token(name), asked);
    await response.arrayBuffer();
    return response.status;
  };
  return { ...node, ask, statusOf, entries };
}

const put = (key: string): Asked => ['PUT', `/kv/${key}`, 'v'];
const transaction = (...success: readonly object[]): Asked => ['POST', '/transactions', JSON.stringify({ success })];

describe('a token of a name', () => {
  test('opens what is listed for its role', async () => {
    const { statusOf } = await started();
    const cases: readonly (readonly [Asked, ...number[]])[] = [
      [put('x'), 403, 200, 200],
      [['GET', '/kv/x'], 200, 200, 200],
      [['HEAD', '/kv/x'], 200, 200, 200],
      [['GET', '/kv'], 200, 200, 200],
      [['GET', '/history/x'], 200, 200, 200],
      [['GET', '/status'], 200, 200, 200],
      [['GET', '/metrics'], 200, 200, 200],
      [['GET', '/members'], 200, 200, 200],
      [['GET', '/healthz'], 200, 200, 200],
      [['GET', '/readyz'], 200, 200, 200],
      [['GET', '/namespaces'], 200, 200, 200],
      [['PUT', '/namespaces/team', '{}'], 403, 403, 200],
      [['POST', '/members/leader', '{}'], 403, 403, 409],
      [['POST', '/members/remove', '{"id":"n9"}'], 403, 403, 409],
      [['GET', '/backup'], 403, 403, 200],
      [['POST', '/leases', '{"ttlMs":10000}'], 403, 200, 200],
      [transaction({ get: 'x' }), 200, 200, 200],
      [transaction({ put: 'x', value: 'v' }), 403, 200, 200],
      [['GET', '/nowhere'], 403, 403, 404],
      [['DELETE', '/kv/x'], 403, 200, 404],
    ];
    for (const [asked, ...expected] of cases) {
      const got = [await statusOf('reader', asked), await statusOf('writer', asked), await statusOf('operator', asked)];
      expect(got, asked.join(' ')).toEqual(expected);
    }
  });

  test('opens keys that begin with one of its prefixes, and no others, whatever the way', async () => {
    const { statusOf, ask } = await started();
    await ask(secret.token('operator'), put('other'));
    const cases: readonly (readonly [Asked, number])[] = [
      [put('app/x'), 200],
      [put('shared/x'), 200],
      [put('app%2Fy'), 200],
      [put('ap'), 403],
      [put('other'), 403],
      [put('other/app/'), 403],
      [['DELETE', '/kv/other'], 403],
      [['GET', '/kv/other'], 403],
      [['GET', '/kv/app/x'], 200],
      [['GET', '/history/other'], 403],
      [['GET', '/kv'], 403],
      [['GET', '/kv?count=true'], 403],
      [['GET', '/kv?prefix='], 403],
      [['GET', '/kv?prefix=ap'], 403],
      [['GET', '/kv?prefix=app/'], 200],
      [['GET', '/kv?prefix=app/x'], 200],
      [['GET', '/kv?prefix=app/&prefix=other'], 403],
      [['GET', '/kv?key=other'], 403],
      [['GET', '/kv?key=app/x'], 200],
      [['GET', '/kv?from=app/'], 403],
      [['GET', '/kv?to=app/x'], 403],
      [['GET', '/kv?from=app/&to=app/z'], 200],
      [['GET', '/kv?from=app/&to=shared/z'], 403],
      [['GET', '/watch'], 403],
      [['GET', '/namespaces'], 403],
      [['GET', '/readyz'], 200],
      [['GET', '/watch?prefix=other'], 403],
      [transaction({ put: 'app/x', value: 'v' }, { delete: 'shared/x' }, { get: 'app/y' }), 200],
      [transaction({ put: 'app/x', value: 'v' }, { put: 'other', value: 'v' }), 403],
      [transaction({ get: 'other' }), 403],
      [['POST', '/transactions', '{"compare":[{"key":"other","exists":true}],"success":[]}'], 403],
      [['POST', '/transactions', '{"success":[],"failure":[{"delete":"other"}]}'], 403],
      [['POST', '/transactions', 'none'], 400],
    ];
    for (const [asked, expected] of cases) expect(await statusOf('app', asked), asked.join(' ')).toBe(expected);
    expect(await statusOf('app-reader', transaction({ get: 'app/x' }))).toBe(200);
    expect(await statusOf('app-reader', transaction({ put: 'app/x', value: 'v' }))).toBe(403);
    expect(await (await ask(secret.token('operator'), ['GET', '/kv/other'])).text()).toBe('v');
  });

  test('ends and keeps leases whose keys it may write, and no others', async () => {
    const { ask, statusOf } = await started();
    const granted = async (): Promise<string> =>
      String(Object(await (await ask(secret.token('app'), ['POST', '/leases', '{"ttlMs":600000}'])).json()).lease);
    const [own, foreign, empty] = [await granted(), await granted(), await granted()];
    expect(await statusOf('app', ['PUT', `/kv/app/x?lease=${own}`, 'v'])).toBe(200);
    expect(await statusOf('writer', ['PUT', `/kv/other?lease=${foreign}`, 'v'])).toBe(200);
    for (const [lease, expected] of [
      [own, 200],
      [foreign, 403],
      [empty, 403],
    ] as const) {
      expect(await statusOf('app', ['POST', `/leases/${lease}/keep`])).toBe(expected);
      expect(await statusOf('app', ['GET', `/leases/${lease}`])).toBe(expected);
      expect(await statusOf('app', ['DELETE', `/leases/${lease}`])).toBe(expected);
    }
    expect(await statusOf('writer', ['GET', '/kv/other'])).toBe(200);
  });

  test('has the keys of a lease judged again when something is done to it, as others may have joined it since', async () => {
    const asked: object[] = [];
    const app = fastify();
    onTestFinished(() => app.close());
    const access = addAccess(app, { openClients: 'none', named: { secret, grants } });
    const looks: (readonly string[])[] = [];
    const done = (options: LeaseOptions = {}) =>
      void asked.push(options.within === undefined ? {} : { within: options.within });
    const kv = {
      lease: async () => ({ ttlMs: 1_000, keys: looks.shift() ?? ['app/x'] }),
      grantLease: async (ttlMs: number) => ({ lease: 7, ttlMs }),
      async keepLease(lease: number, options?: LeaseOptions) {
        done(options);
        return { lease, ttlMs: 1_000 };
      },
      async revokeLease(_lease: number, options?: LeaseOptions) {
        done(options);
        return { keys: 1 };
      },
      get: async () => undefined,
      async put(_key: string, _value: Uint8Array, options?: LeaseOptions) {
        done(options);
        return { version: 1 };
      },
      delete: async () => ({ version: 1 }),
    };
    addAuthorization(app, access.grantOf, kv, 1_000);
    addLeaseRoutes(app, kv, 1_000, access);
    addKeyRoutes(
      app,
      kv,
      1_000,
      createResponseBudget(createVirtualClock(), { responseBytes: 2 ** 20, stallMs: 1_000 }),
      access,
    );
    const ask = async (name: string, method: 'POST' | 'DELETE' | 'PUT' | 'GET', url: string): Promise<number> =>
      (await app.inject({ method, url, headers: { authorization: `Bearer ${secret.token(name)}` } })).statusCode;
    for (const name of ['app', 'writer']) {
      expect(await ask(name, 'POST', '/leases/7/keep')).toBe(200);
      expect(await ask(name, 'DELETE', '/leases/7')).toBe(200);
      expect(await ask(name, 'PUT', '/kv/app/x?lease=7')).toBe(200);
    }
    const within = ['app/', 'shared/'];
    expect(asked).toEqual([{ within }, { within }, { within }, {}, {}, {}]);
    looks.push(['app/x'], ['app/x', 'other']);
    expect(await ask('app', 'GET', '/leases/7')).not.toBe(200);
    looks.push(['app/x', 'other']);
    expect(await ask('writer', 'GET', '/leases/7')).toBe(200);
  });

  test('puts no key into a lease whose keys it may not write: their owner could not keep it any more', async () => {
    const { ask, statusOf } = await started();
    const granted = async (): Promise<string> =>
      String(Object(await (await ask(secret.token('writer'), ['POST', '/leases', '{"ttlMs":600000}'])).json()).lease);
    const [foreign, empty] = [await granted(), await granted()];
    expect(await statusOf('neighbour', ['PUT', `/kv/lock/x?lease=${foreign}`, 'v'])).toBe(200);
    expect(await statusOf('app', ['PUT', `/kv/app/x?lease=${foreign}`, 'v'])).toBe(403);
    expect(await statusOf('app', ['PUT', `/kv/app/x?lease=0${foreign}`, 'v'])).toBe(403);
    expect(await statusOf('app', ['PUT', `/kv/app/x?lease=${foreign}&lease=${empty}`, 'v'])).toBe(400);
    expect(await statusOf('neighbour', ['POST', `/leases/${foreign}/keep`])).toBe(200);
    expect(await statusOf('writer', ['PUT', `/kv/app/y?lease=${foreign}`, 'v'])).toBe(200);
    expect(await statusOf('app', ['PUT', `/kv/app/x?lease=${empty}`, 'v'])).toBe(200);
    expect(await statusOf('app', ['PUT', '/kv/app/x?lease=999999', 'v'])).toBe(410);
  });

  test('has idempotency keys of its own: those of others name other requests', async () => {
    const { url, store } = await started();
    const write = async (token: string, path: string, idempotencyKey: string, method = 'PUT'): Promise<Response> =>
      await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': idempotencyKey },
        ...(method === 'PUT' ? { body: 'v' } : {}),
      });
    const tokens = [secret.token('writer'), secret.token('app'), secret.token('operator'), secret.client().httpToken()];
    const keys = ['order 1', 'x'.repeat(255)];
    for (const idempotencyKey of keys) {
      const versions: (string | null)[] = [];
      for (const token of [...tokens, ...tokens]) {
        versions.push((await write(token, '/kv/app/x', idempotencyKey)).headers.get('etag'));
      }
      expect(new Set(versions.slice(0, tokens.length)).size).toBe(tokens.length);
      expect(versions.slice(tokens.length)).toEqual(versions.slice(0, tokens.length));
    }
    // Another request under a key is noticed where the key is the same token's, and is none of a neighbour's business.
    expect((await write(secret.token('writer'), '/kv/app/y', 'order 1')).status).toBe(422);
    expect((await write(secret.token('neighbour'), '/kv/lock/y', 'order 1')).status).toBe(200);
    expect((await write(secret.token('app'), '/kv/app/x', 'x'.repeat(256))).status).toBe(400);
    expect(store.status().keptResults).toBeGreaterThanOrEqual(keys.length * tokens.length);
  });

  test('is refused when it is not listed, was made up, or is of another secret', async () => {
    const { ask, url } = await started();
    const good = secret.token('writer');
    for (const wrong of [
      secret.token('nobody'),
      createClusterSecret().token('writer'),
      good.replace('writer', 'operator'),
      good.slice(0, -1),
      `${good}x`,
      'quorate-token-writer.',
      'quorate-token-writer',
    ]) {
      expect((await ask(wrong, put('x'))).status, wrong).toBe(401);
    }
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  test('counts also where none is needed, and says by whom what was refused', async () => {
    const { ask } = await started('loopback');
    expect((await ask(undefined, put('x'))).status).toBe(200);
    const refused = await ask(secret.token('app'), put('x'));
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({
      code: 'FORBIDDEN',
      message:
        "PUT /kv/x needs the role write, and the token of 'app' has write, of keys that begin with 'app/' or 'shared/'",
      outcome: 'did-not-happen',
    });
  });

  test('does what is listed for it from the next request on, and what is under way is cut off', async () => {
    const { ask, http, statusOf } = await started();
    const watch = await ask(secret.token('reader'), ['GET', '/watch']);
    const kept = await ask(secret.token('app'), ['GET', '/watch?prefix=app/']);
    expect([watch.status, kept.status]).toEqual([200, 200]);
    const reader = watch.body?.getReader();
    const ended = (async () => {
      for (;;) if ((await reader?.read())?.done !== false) return;
    })().then(
      () => true,
      () => true,
    );
    http.setGrants(grants.filter(({ name }) => name !== 'reader'));
    expect(await ended).toBe(true);
    expect(await statusOf('reader', ['GET', '/kv/x'])).toBe(401);
    expect(await statusOf('app', put('app/x'))).toBe(200);
    const event = kept.body?.getReader();
    let text = '';
    while (!text.includes('app/x')) text += new TextDecoder().decode((await event?.read())?.value);
    await event?.cancel();
  });
});

describe('the audit of an interface', () => {
  test('has who wrote which keys, and who was refused, and nothing of reads', async () => {
    const { statusOf, ask, entries } = await started();
    await statusOf('app', put('app/x'));
    await statusOf('app', ['GET', '/kv/app/x']);
    await statusOf('app', put('other'));
    await statusOf('writer', transaction({ put: 'a', value: 'v' }, { delete: 'b' }, { get: 'c' }));
    await statusOf('operator', ['POST', '/members/remove', '{"id":"n9"}']);
    await (await ask(secret.client().httpToken(), ['GET', '/backup'])).arrayBuffer();
    await (await ask('made-up', ['GET', '/kv/x'])).arrayBuffer();
    await until('all entries', () => entries.length === 6);
    const from = '127.0.0.1';
    expect(entries).toEqual([
      { who: 'app', from, method: 'PUT', route: '/kv/*', keys: ['app/x'], status: 200 },
      { who: 'app', from, method: 'PUT', route: '/kv/*', keys: ['other'], status: 403, code: 'FORBIDDEN' },
      { who: 'writer', from, method: 'POST', route: '/transactions', keys: ['a', 'b'], status: 200 },
      {
        who: 'operator',
        from,
        method: 'POST',
        route: '/members/remove',
        nodes: ['n9'],
        status: 409,
        code: expect.any(String),
      },
      { who: 'clients', from, method: 'GET', route: '/backup', status: 200 },
      { from, method: 'GET', route: '/kv/*', keys: ['x'], status: 401, code: 'TOKEN_REQUIRED' },
    ]);
  });

  test('has which lease, namespace and nodes were changed', async () => {
    const { statusOf, entries } = await started();
    await statusOf('writer', ['PUT', '/kv/x?lease=7', 'v']);
    await statusOf('writer', ['DELETE', '/leases/7']);
    await statusOf('writer', ['DELETE', '/namespaces/team']);
    await statusOf('operator', ['POST', '/members/replace', '{"old":"n8","new":{"id":"n9","host":"h","port":1}}']);
    await statusOf('operator', ['POST', '/members/leader', '{"to":["n9"]}']);
    await until('all entries', () => entries.length === 5);
    const [put, ended, namespace, replaced, malformed] = entries;
    expect(put).toMatchObject({ keys: ['x'], lease: '7', status: 410 });
    expect(ended).toMatchObject({ who: 'writer', lease: '7' });
    expect(namespace).toMatchObject({ namespace: 'team', status: 403 });
    expect(replaced).toMatchObject({ nodes: ['n8', 'n9'] });
    expect(malformed).toMatchObject({ status: 400 });
    expect(malformed).not.toHaveProperty('nodes');
  });

  test('has what was done for those that do not wait for the answer', async () => {
    const entries: AuditEntry[] = [];
    const app = fastify();
    onTestFinished(() => app.close());
    const { grantOf } = addAccess(app, { openClients: 'none', named: { secret, grants } });
    addAudit(app, grantOf, (entry) => void entries.push(entry), createVirtualClock());
    app.put('/kv/*', async ({ socket }) => {
      const gone = once(socket, 'close');
      client.destroy();
      await gone;
      return 'v';
    });
    const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    const client = connect(Number(port), '127.0.0.1');
    client.write(`PUT /kv/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${secret.token('writer')}\r\n\r\n`);
    await until('the entry', () => entries.length > 0);
    expect(entries).toMatchObject([{ who: 'writer', keys: ['x'], status: 200 }]);
  });

  test('tells some of many that are refused in a second, and then how many it left out, and all that write', async () => {
    const clock = createVirtualClock();
    const entries: AuditEntry[] = [];
    const app = fastify();
    onTestFinished(() => app.close());
    const { grantOf } = addAccess(app, { openClients: 'none', named: { secret, grants } });
    addAudit(app, grantOf, (entry) => void entries.push(entry), clock);
    app.put('/kv/*', async () => 'v');
    const inject = async (token: string, count: number): Promise<void> => {
      const headers = { authorization: `Bearer ${token}` };
      for (let done = 0; done < count; done += 1) await app.inject({ method: 'PUT', url: '/kv/x', headers });
    };
    await inject('made-up', 50);
    await inject(secret.token('writer'), 50);
    expect([401, 200].map((status) => entries.filter((it) => it.status === status).length)).toEqual([20, 50]);
    clock.advance(1_000);
    await inject('made-up', 2);
    expect(entries.slice(-2).map(({ untold }) => untold)).toEqual([30, undefined]);
  });
});

describe('a list of tokens', () => {
  test('reads, with roles and prefixes', () => {
    expect(
      grantsIn('{"tokens":[{"name":"a","role":"read"},{"name":"b","role":"write","prefixes":["x/"]}]}', 'f'),
    ).toEqual([
      { name: 'a', role: 'read' },
      { name: 'b', role: 'write', prefixes: ['x/'] },
    ]);
  });

  test.each([
    ['none', 'no JSON'],
    ['{"tokens":[{"name":"a b","role":"read"}]}', 'a name that is none'],
    ['{"tokens":[{"name":"a","role":"root"}]}', 'a role that is none'],
    ['{"tokens":[{"name":"a","role":"read","prefix":["x"]}]}', 'a misspelt field'],
    ['{"tokens":[{"name":"a","role":"read","prefixes":[]}]}', 'no prefix'],
    ['{"tokens":[{"name":"a","role":"read","prefixes":[""]}]}', 'an empty prefix'],
    ['{"tokens":[{"name":"a","role":"admin","prefixes":["x"]}]}', 'an admin of some keys'],
    ['{"tokens":[{"name":"a","role":"read"},{"name":"a","role":"write"}]}', 'a name twice'],
  ])('is refused: %s (%s)', (text) => {
    expect(() => grantsIn(text, "'tokens.json'")).toThrow(GrantsError);
  });

  test('covers by role and prefix', () => {
    const app: Grant = { name: 'app', role: 'write', prefixes: ['a'] };
    expect(covers(app, { role: 'read', scope: 'none' })).toBe(true);
    expect(covers(app, { role: 'admin', scope: 'none' })).toBe(false);
    expect(covers(app, { role: 'read', scope: { from: 'a', to: 'b' } })).toBe(false);
    expect(covers({ name: 'x', role: 'admin' }, { role: 'admin', scope: 'all' })).toBe(true);
  });
});
