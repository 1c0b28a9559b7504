/** Clients over TCP that come with a token: how they get in, what is kept apart, and what is noted of them. */

import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { BusOptionsError } from '../../../src/bus/errors.ts';
import { clientTokenOf, createClusterSecret, SecretEmptyError, SecretKindError } from '../../../src/bus/tcp.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { UnavailableError } from '../../../src/services/store/errors.ts';
import { connect } from '../../../src/services/store/tcp-client.ts';
import type { Grant } from '../../../src/services/tokens/grants.ts';
import { until } from '../../fixtures/until.ts';
import { patient, secret, startEdges, value } from './edges.ts';

const grants: readonly Grant[] = [
  { name: 'writer', role: 'write' },
  { name: 'other-writer', role: 'write' },
  { name: 'reader', role: 'read' },
  { name: 'app', role: 'write', prefixes: ['app/'] },
];

describe('a client with a token', () => {
  test('is refused by name when that is not listed, was made up, or is of another secret', async () => {
    const { joinBus } = await startEdges(grants);
    const good = secret.token('writer');
    for (const [token, why] of [
      [secret.token('stranger'), "secret-mismatch: node n1 knows no token 'stranger'"],
      [createClusterSecret().token('writer'), /^secret-mismatch: .*did not prove/],
      [good.replace('writer', 'reader'), /^secret-mismatch: .*did not prove/],
      [`${good}x`, /^secret-mismatch: .*did not prove/],
      [good.slice(0, -1), /^secret-mismatch: .*did not prove/],
    ] as const) {
      await expect(joinBus({ token: clientTokenOf(token) }), token).rejects.toThrow(why);
    }
  });

  test('gives one that is none, or a secret besides, by mistake, and is told so at once', async () => {
    await expect(connect(['127.0.0.1:1'], { token: ' ' })).rejects.toBeInstanceOf(SecretEmptyError);
    await expect(connect(['127.0.0.1:1'], { token: secret.client().httpToken() })).rejects.toBeInstanceOf(
      SecretKindError,
    );
    const both = { token: secret.token('app'), secret: secret.client() };
    await expect(connect(['127.0.0.1:1'], both)).rejects.toBeInstanceOf(BusOptionsError);
  });

  test('has what it may looked at also where clients need none', async () => {
    const { join } = await startEdges(grants, 'all');
    const open = await join({});
    await open.put('other', value, patient);
    const app = await join({ token: secret.token('app') });
    await app.put('app/x', value, patient);
    await expect(app.get('other', patient)).rejects.toThrow(
      "get 'other' needs the role read, and the token of 'app' has write, of keys that begin with 'app/'",
    );
  });

  test('has idempotency keys of its own, those that it gives over HTTP included', async () => {
    const { clientOf, admin, http } = await startEdges(grants);
    const [one, other] = [await clientOf('writer'), await clientOf('other-writer')];
    const write = async (client: typeof one) =>
      (await client.put('k', value, { ...patient, idempotencyKey: 'order 1' })).version;
    const versions = [await write(one), await write(other), await write(await admin())];
    expect(new Set(versions).size).toBe(3);
    expect([await write(one), await write(other)]).toEqual(versions.slice(0, 2));
    const response = await fetch(`${http.url}/kv/k`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${secret.token('writer')}`, 'idempotency-key': 'order 1' },
      body: value,
    });
    expect(response.headers.get('etag')).toBe(`"${versions[0]}"`);
  });

  test('is cut off when it may do something else, and may do that when it is back', async () => {
    const { clientOf, setGrants } = await startEdges(grants);
    const [reader, app] = [await clientOf('reader'), await clientOf('app')];
    await app.put('app/x', value, patient);
    const watched = reader.updates({}, { after: 0 })[Symbol.asyncIterator]();
    expect((await watched.next()).done).toBe(false);
    const waiting = watched.next();
    const isOver = expect(waiting).rejects.toMatchObject({ code: 'FORBIDDEN' });
    setGrants(grants.map((it) => (it.name === 'reader' ? { ...it, prefixes: ['app/'] } : it)));
    await isOver;
    await until('the reader to be back', () => reader.nodes().length === 1);
    expect((await reader.get('app/x', patient))?.value).toEqual(value);
    setGrants(grants.filter(({ name }) => name !== 'reader'));
    await until('the reader to be refused', () => reader.nodes().length === 0);
    await expect(reader.get('app/x', { deadlineMs: 200 })).rejects.toBeInstanceOf(UnavailableError);
    await app.put('app/x', value, patient);
  });

  test('reaches no service that is open to clients and does not look at what tokens may do', async () => {
    const { node, joinBus } = await startEdges(grants);
    const refused: string[] = [];
    node.refusals.subscribe(({ to, kind }) => void refused.push(`${kind} ${to}`));
    const taken: (string | undefined)[] = [];
    const ask = v.object({ type: v.literal('ask') });
    node.open('echo', 'x', { ask }, { senders: { ask: ['client'] } }).received.subscribe(({ client }) => {
      taken.push(client?.token);
    });
    const send = async (credentials: Parameters<typeof joinBus>[0]): Promise<void> => {
      const bus = await joinBus(credentials);
      bus.send({ from: `${bus.node}/asker/x`, to: 'n1/echo/x', message: { type: 'ask' } });
    };
    await send({ token: clientTokenOf(secret.token('app')) });
    await until('the refusal', () => refused.length + taken.length > 0);
    expect(refused).toEqual(['stranger n1/echo/x']);
    await send({ secret: secret.client() });
    await until('the question', () => taken.length > 0);
    expect(taken).toEqual([undefined]);
  });

  test('has its id for itself: what it may read is answered to no other', async () => {
    const { joinBus } = await startEdges(grants, 'all');
    const environment = { ...systemEnvironment(), ids: { next: () => 'same' } };
    const first = await joinBus({ token: clientTokenOf(secret.token('app')), environment });
    expect(first.node).toBe('client-same');
    for (const credentials of [{ token: clientTokenOf(secret.token('reader')) }, { secret: secret.client() }, {}]) {
      await expect(joinBus({ ...credentials, environment })).rejects.toThrow('node-id-taken');
    }
    await joinBus({ token: clientTokenOf(secret.token('app')), environment });
  });
});

describe('a client without a token', () => {
  test('is refused by name where none gets in without, and is let in with the secret of all clients', async () => {
    const { joinBus, admin } = await startEdges(grants);
    await expect(joinBus({})).rejects.toThrow(/^secret-required: .*quorate secret token NAME/);
    await (await admin()).put('anything', value, patient);
  });
});

describe('the audit log', () => {
  test('has what clients over TCP changed and were refused, once each, and nothing of what they read', async () => {
    const { clientOf, admin, entries } = await startEdges(grants);
    const app = await clientOf('app');
    await app.put('app/x', value, patient);
    await app.get('app/x', patient);
    await expect(app.put('other', value, patient)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(app.get('other', patient)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await app.compareAndSet('app/x', 1, value, patient);
    await app.transaction(
      {
        success: [
          { type: 'put', key: 'app/a', value },
          { type: 'delete', key: 'app/b' },
          { type: 'get', key: 'app/c' },
        ],
      },
      patient,
    );
    const all = await admin();
    await all.setNamespace('team', {}, patient);
    await all.changeMember({ kind: 'remove', node: 'n9' }, patient).catch(() => undefined);
    const of = { method: 'TCP', from: expect.stringMatching(/^127\.0\.0\.1:\d+$/) };
    expect(entries).toEqual([
      { who: 'app', ...of, route: 'put', keys: ['app/x'], status: 200 },
      { who: 'app', ...of, route: 'put', keys: ['other'], status: 403, code: 'FORBIDDEN' },
      { who: 'app', ...of, route: 'get', keys: ['other'], status: 403, code: 'FORBIDDEN' },
      { who: 'app', ...of, route: 'put', keys: ['app/x'], status: 412, code: 'PRECONDITION_FAILED' },
      { who: 'app', ...of, route: 'transaction', keys: ['app/a', 'app/b'], status: 200 },
      { who: 'clients', ...of, route: 'namespace', namespace: 'team', status: 200 },
      { who: 'clients', ...of, route: 'reconfigure', nodes: ['n9'], status: 409, code: expect.any(String) },
    ]);
  });
});
