/** What every HTTP interface refuses by name, and what it tells supervisors: that of a node, of a manager, of a proxy. */

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NEVER } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createClusterSecret } from '../../../src/bus/tcp.ts';
import { systemClock } from '../../../src/environment/clock.ts';
import { memoryGroup } from '../../../src/resources/managed/memory.ts';
import { startFailoverManager } from '../../../src/services/failover/manager-node.ts';
import { serveProxyHttp, startProxy } from '../../../src/services/proxy.ts';
import { freePorts } from '../../fixtures/ports.ts';
import { until } from '../../fixtures/until.ts';
import { local } from '../proxy/lab.ts';
import { startHttpNode } from './http-node.ts';

/** One of three nodes, alone. @returns where it serves HTTP */
async function node(): Promise<string> {
  const { url, stop } = await startHttpNode({ voters: ['n1', 'n2', 'n3'] });
  onTestFinished(stop);
  return url;
}

/** One of three managers, alone. */
async function manager(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-manager-'));
  const ports = await freePorts(4);
  const at = (place: number) => ({ host: '127.0.0.1', port: ports[place] ?? 0 });
  const { reach } = memoryGroup({ servers: ['r1'], clock: systemClock() });
  const running = await startFailoverManager({
    id: 'm1',
    managers: { m1: at(0), m2: at(1), m3: at(2) },
    dataDirectory: join(directory, 'm1'),
    secret: createClusterSecret(),
    http: at(3),
    plan: { group: 'orders', mode: 'durable', servers: [{ server: 'r1' }] },
    servers: { r1: { address: { host: '127.0.0.1', port: 6_001 }, server: reach('r1', 'm1') } },
    estimator: { kind: 'fixed', timeoutMs: 500 },
    pid: 1,
  });
  onTestFinished(async () => {
    await running.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return `http://127.0.0.1:${at(3).port}`;
}

/** A proxy that hears of no group. */
async function proxy(): Promise<string> {
  const running = await startProxy({ group: 'orders', kind: 'redis', topology: NEVER, listen: local });
  const http = await serveProxyHttp(running, local);
  onTestFinished(async () => {
    await http.close();
    await running.stop();
  });
  return http.url;
}

async function opened(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

describe.each([
  ['a node', node, 1_024],
  ['a manager', manager, 2_048],
  ['a proxy', proxy, 256],
])('the HTTP interface of %s', (_of, start, connections) => {
  test('refuses a parameter that it does not have, lest a misspelt one change nothing in silence', async () => {
    const url = await start();
    for (const path of ['/healthz?verbose=1', '/metrics?name=x', '/healthz?']) {
      const response = await fetch(url + path);
      expect(response.status, path).toBe(path.endsWith('?') ? 200 : 400);
      if (response.status === 200) continue;
      expect(await response.json()).toMatchObject({ code: 'UNKNOWN_PARAMETER', whatToDo: 'leave it out' });
    }
  });

  test.each([
    ['without a Host', [], 400, 'MALFORMED_REQUEST'],
    ['with two', ['Host: localhost', 'host: elsewhere'], 400, 'MALFORMED_REQUEST'],
    [
      'with an expectation of which nothing is known',
      ['Host: localhost', 'Expect: 200-ok'],
      417,
      'EXPECTATION_UNKNOWN',
    ],
    ['whose body is in a coding', ['Host: localhost', 'Content-Encoding: gzip'], 415, 'CODING_UNKNOWN'],
    ['that comes in a coding', ['Host: localhost', 'Transfer-Encoding: gzip, chunked'], 501, 'CODING_UNKNOWN'],
    ['whose body is a part', ['Host: localhost', 'Content-Range: bytes 0-1/9'], 400, 'PARTIAL_BODY'],
  ])('refuses a request in JSON %s', async (_what, headers, status, code) => {
    const socket = await opened(await start());
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text;
    });
    socket.write(`${['POST /failover/resume HTTP/1.1', ...headers].join('\r\n')}\r\n\r\n`);
    await until('the answer', () => answer.includes('outcome') || undefined);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code, outcome: 'did-not-happen' });
  });

  test('lives without the others, and is not ready, and says why', async () => {
    const url = await start();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      status: 'not-ready',
      obstacles: expect.arrayContaining([expect.any(String)]),
    });
  });

  test('answers while more connections are open that say nothing than it takes', async () => {
    const url = await start();
    for (let count = 0; count < connections + 10; count += 1) await opened(url);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

test('a misspelt parameter of a read or a write is refused, and nothing is written', async () => {
  const { url, stop } = await startHttpNode();
  onTestFinished(stop);
  const refused = [
    await fetch(`${url}/kv/x?consistensy=stale`),
    await fetch(`${url}/kv/x?mod=sync`, { method: 'PUT', body: 'v' }),
    await fetch(`${url}/kv/x?consistency=stale`, { method: 'DELETE' }),
    await fetch(`${url}/members/leader?to=n2`, { method: 'POST' }),
  ];
  for (const response of refused) {
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'UNKNOWN_PARAMETER', outcome: 'did-not-happen' });
  }
  expect((await fetch(`${url}/kv/x`)).status).toBe(404);
});

test('a value that comes in a coding, or in part, takes the place of no other', async () => {
  const { url, stop } = await startHttpNode();
  onTestFinished(stop);
  const put = (headers: Record<string, string>) => fetch(`${url}/kv/x`, { method: 'PUT', body: 'value', headers });
  const written = await put({ 'content-encoding': 'identity' });
  expect(written.status).toBe(200);
  expect((await put({ 'content-encoding': 'gzip' })).status).toBe(415);
  expect((await put({ 'content-range': 'bytes 0-4/10' })).status).toBe(400);
  expect((await fetch(`${url}/kv/x`)).headers.get('etag')).toBe(written.headers.get('etag'));
});

test.each(['__proto__', 'constructor', 'toString'])('no node called %s is taken among the members', async (id) => {
  const { url, stop } = await startHttpNode();
  onTestFinished(stop);
  const asked = (path: string, body: object) => fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  const joining = { id, host: '127.0.0.1', port: 9 };
  const refused = [
    await asked('/members/add', joining),
    await asked('/members/replace', { old: 'n1', new: joining }),
    await asked('/members/remove', { id }),
    await asked('/members/leader', { to: id }),
  ];
  for (const response of refused) {
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'MALFORMED_REQUEST', outcome: 'did-not-happen' });
  }
  expect(await (await fetch(`${url}/members`)).json()).toMatchObject({ voters: ['n1'], learners: [] });
});

test('the head of a watch on a topology ends, as nothing follows it', async () => {
  const answer = await fetch(`${await manager()}/topology?watch`, { method: 'HEAD' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
});
