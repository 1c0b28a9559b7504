import { fastify } from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createClusterSecret } from '../../../src/bus/tcp.ts';
import { addAccess, type HttpAccess } from '../../../src/services/http/access.ts';
import { startHttpNode } from './http-node.ts';

const token = createClusterSecret().client().httpToken();

async function started(access?: HttpAccess) {
  const node = await startHttpNode(access === undefined ? {} : { http: { access } });
  onTestFinished(() => node.stop());
  const put = (headers: Record<string, string> = {}) =>
    fetch(`${node.url}/kv/x`, { method: 'PUT', body: 'v', headers });
  return { ...node, put };
}

describe('HTTP', () => {
  test('needs no token on the same machine', async () => {
    const { put } = await started({ token });
    expect((await put()).status).toBe(200);
  });

  test('is closed to all without the token where nobody is let in by address, whatever the way', async () => {
    const { url, put } = await started({ openClients: 'none', token });
    const refused = await put({ 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('Bearer');
    expect(await refused.json()).toMatchObject({
      code: 'TOKEN_REQUIRED',
      outcome: 'did-not-happen',
      whatToDo: expect.stringContaining('quorate secret http'),
    });
    for (const path of ['/status', '/metrics', '/kv/x', '/nowhere', '/healthz/x']) {
      expect((await fetch(`${url}${path}`)).status).toBe(401);
    }
  });

  test('tells supervisors without a token whether it lives and is ready, and nothing else', async () => {
    const { url } = await started({ openClients: 'none', token });
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
    const readiness = await fetch(`${url}/readyz`);
    expect(await readiness.json()).toEqual({ status: readiness.status === 200 ? 'ready' : 'not-ready' });
    const known = await fetch(`${url}/readyz`, { headers: { authorization: `Bearer ${token}` } });
    expect(Object.keys(Object(await known.json()))).toEqual(['status', 'leader', 'obstacles']);
    expect((await fetch(`${url}/readyz`, { method: 'PUT' })).status).toBe(401);
  });

  test('is open to the bearer of the token, and of no other', async () => {
    const { put } = await started({ openClients: 'none', token });
    expect((await put({ authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await put({ authorization: `bearer  ${token}` })).status).toBe(200);
    for (const wrong of [
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -1)}`,
      'Bearer',
      `Basic ${token}`,
      token,
      'Bearer x y',
    ]) {
      expect((await put({ authorization: wrong })).status, wrong).toBe(401);
    }
  });

  test.each([
    ['127.0.0.1', 200],
    ['::ffff:127.0.0.1', 200],
    ['::1', 200],
    ['10.0.0.9', 401],
    ['::ffff:10.0.0.9', 401],
    ['2001:db8::9', 401],
  ])('from %s without a token is answered %i, whatever its headers say', async (remoteAddress, status) => {
    const app = fastify();
    onTestFinished(() => app.close());
    addAccess(app, { token });
    app.get('/kv/x', async () => 'v');
    const headers = { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' };
    expect((await app.inject({ url: '/kv/x', remoteAddress, headers })).statusCode).toBe(status);
    const authorization = `Bearer ${token}`;
    expect((await app.inject({ url: '/kv/x', remoteAddress, headers: { authorization } })).statusCode).toBe(200);
  });

  test('says what to do when there is no token that could be given', async () => {
    const { put } = await started({ openClients: 'none' });
    const refused = await put({ authorization: 'Bearer undefined' });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ whatToDo: expect.stringContaining('--secret-file') });
  });

  test('is open to all when the operator says so', async () => {
    const { put } = await started({ openClients: 'all' });
    expect((await put()).status).toBe(200);
  });
});
