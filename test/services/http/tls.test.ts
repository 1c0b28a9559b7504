/** HTTP over TLS: what is served, what is refused, and what holds nothing up. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isOk, requestHttp, textOfAnswer } from '../../../src/services/http/request.ts';
import type { HttpServerOptions } from '../../../src/services/http/server.ts';
import { testAuthorityOf } from '../../fixtures/issued.ts';
import { startHttpNode } from './http-node.ts';

const authority = testAuthorityOf();

async function started(http: Pick<HttpServerOptions, 'limits'> = {}) {
  const node = await startHttpNode({ http: { ...http, tls: authority.node('n1') } });
  onTestFinished(() => node.stop());
  const at = { host: '127.0.0.1', port: Number(new URL(node.url).port) };
  const ask = (path: string, more: { readonly method?: string; readonly body?: string; readonly ca?: string } = {}) =>
    requestHttp({ at, path, ca: authority.ca, ...more });
  const secure = async (): Promise<TLSSocket> => {
    const socket = connectTls({ ...at, ca: authority.ca });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  };
  return { ...node, at, ask, secure };
}

describe('HTTP over TLS', () => {
  test('serves clients that know the authority, and says that it is https', async () => {
    const { url, ask } = await started();
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(isOk(await ask('/kv/x', { method: 'PUT', body: 'v' }))).toBe(true);
    expect(await textOfAnswer(await ask('/kv/x'))).toBe('v');
  });

  test('is believed by no client that knows another authority', async () => {
    const { ask } = await started();
    await expect(ask('/kv/x', { ca: testAuthorityOf('other').ca })).rejects.toThrow(/certificate/);
  });

  test('takes no TLS before 1.3', async () => {
    const { at } = await started();
    const socket = connectTls({ ...at, ca: authority.ca, maxVersion: 'TLSv1.2' });
    onTestFinished(() => void socket.destroy());
    await expect(once(socket, 'secureConnect')).rejects.toMatchObject({
      code: expect.stringMatching(/PROTOCOL|ALERT|SSL/),
    });
  });

  test('closes on what does not speak TLS, and serves others', async () => {
    const { at, ask, unexpected } = await started();
    const socket = connect(at);
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined).resume();
    socket.write('GET /kv/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'close');
    expect((await ask('/kv/x')).statusCode).toBe(404);
    expect(unexpected).toEqual([]);
  });

  test('shows a new certificate to new connections, keeps the old ones, and keeps the former when a new one is none', async () => {
    const { http, secure, ask } = await started();
    const before = await secure();
    const changed = authority.node('n1');
    expect(() => http.setTls({ cert: changed.cert, key: authority.node('n1').key })).toThrow(
      expect.objectContaining({ code: 'TLS_IDENTITY' }),
    );
    const same = await secure();
    expect(same.getPeerX509Certificate()?.serialNumber).toBe(before.getPeerX509Certificate()?.serialNumber);
    http.setTls(changed);
    const after = await secure();
    expect(after.getPeerX509Certificate()?.toString()).toBe(changed.cert);
    expect((await ask('/kv/x')).statusCode).toBe(404);
    before.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [answer] = await once(before, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('without a certificate takes none later', async () => {
    const { http, stop } = await startHttpNode();
    onTestFinished(stop);
    expect(() => http.setTls(authority.node('n1'))).toThrow(expect.objectContaining({ code: 'TLS_IDENTITY' }));
  });

  test('counts connections before their handshake, which give way to others, and not those with a request under way', async () => {
    const { at, secure } = await started({ limits: { connections: 2 } });
    const busy = await secure();
    busy.write('PUT /kv/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n');
    const [waited] = await once(busy, 'data');
    expect(String(waited)).toContain('100 Continue');
    const silent = connect(at);
    silent.on('error', () => undefined);
    const gone = once(silent, 'close');
    await once(silent, 'connect');
    const third = await secure();
    await gone;
    third.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(String((await once(third, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    busy.write('v');
    expect(String((await once(busy, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
  });
});
