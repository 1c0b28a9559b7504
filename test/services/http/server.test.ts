import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { HttpListenError, serveHttp } from '../../../src/services/http/server.ts';
import { OutcomeUnknownError, OverloadedError } from '../../../src/services/store/errors.ts';
import type { ReplicatedStore } from '../../../src/services/store/replicated-store.ts';
import { until } from '../../fixtures/until.ts';
import { type HttpNode, type HttpNodeOptions, startHttpNode } from './http-node.ts';

async function started(options: HttpNodeOptions = {}): Promise<HttpNode> {
  const node = await startHttpNode(options);
  onTestFinished(() => node.stop());
  return node;
}

/** A store whose every request ends with `error`. */
const failingWith =
  (error: unknown) =>
  (store: ReplicatedStore): ReplicatedStore => ({
    ...store,
    execute: () => Promise.reject(error),
    query: () => Promise.reject(error),
  });

/** Sends bytes as they are. @returns what is answered until the connection ends */
function exchange(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      answer += text;
    });
    socket.on('end', () => {
      socket.end();
      resolve(answer);
    });
    socket.on('error', reject);
    onTestFinished(() => void socket.destroy());
  });
}

describe('the HTTP interface', () => {
  test('answers 503 with Retry-After when there is no quorum, and the write did not happen', async () => {
    const node = await started({ voters: ['n1', 'n2', 'n3'], deadlineMs: 300 });
    for (const response of [
      await fetch(`${node.url}/kv/x`, { method: 'PUT', body: 'v' }),
      await fetch(`${node.url}/kv/x`),
      await fetch(`${node.url}/kv/x`, { method: 'DELETE' }),
    ]) {
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('1');
      expect(await response.json()).toMatchObject({ code: 'UNAVAILABLE', outcome: 'did-not-happen' });
    }
    // Not even what is near: this life of the node does not know what is committed.
    const stale = await fetch(`${node.url}/kv/x?consistency=stale`);
    expect(stale.status).toBe(503);
    expect(await stale.json()).toMatchObject({ code: 'NOT_CAUGHT_UP', outcome: 'did-not-happen' });
    expect((await fetch(`${node.url}/healthz`)).status).toBe(200);
  });

  test('answers 504 when the outcome is unknown, and says so', async () => {
    const node = await started({ deadlineMs: 300 });
    // A first write, so that the session of the node exists: otherwise the next one would wait for it, and be refused.
    await until('a first write', async () => (await fetch(`${node.url}/kv/x`, { method: 'PUT', body: 'u' })).ok);
    node.storage.stall();
    const response = await fetch(`${node.url}/kv/x`, { method: 'PUT', body: 'v' });
    node.storage.resume();
    expect(response.status).toBe(504);
    expect(response.headers.get('retry-after')).toBeNull();
    expect(await response.json()).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      outcome: 'unknown',
      whatToDo: expect.stringContaining('Idempotency-Key'),
    });
  });

  test('tells every kind of failure by its own status', async () => {
    const kinds: [error: unknown, status: number, code: string, outcome: string][] = [
      [new OverloadedError('too much'), 503, 'OVERLOADED', 'did-not-happen'],
      [new OutcomeUnknownError('who knows'), 504, 'OUTCOME_UNKNOWN', 'unknown'],
      [new TypeError('a fault of this program'), 500, 'INTERNAL', 'unknown'],
    ];
    for (const [error, status, code, outcome] of kinds) {
      const node = await started({ wrap: failingWith(error) });
      const response = await fetch(`${node.url}/kv/x`, { method: 'PUT', body: 'v' });
      expect(response.status).toBe(status);
      const problem: unknown = await response.json();
      expect(problem).toMatchObject({ code, outcome });
      // Inner details are for whoever runs the node, and for nobody else.
      expect(JSON.stringify(problem)).not.toContain('a fault of this program');
      expect(node.unexpected).toEqual(status === 500 ? [error] : []);
    }
  });

  test('answers 507 when the store is full, and takes deletions still', async () => {
    const node = await started({ limits: { server: { stateBytes: 2_000 } } });
    const put = (key: string): Promise<Response> =>
      fetch(`${node.url}/kv/${key}`, { method: 'PUT', body: 'v'.repeat(1_200) });
    expect((await put('first')).status).toBe(200);
    const refused = await put('second');
    expect(refused.status).toBe(507);
    expect(await refused.json()).toMatchObject({ code: 'STORE_FULL', outcome: 'did-not-happen' });
    expect((await fetch(`${node.url}/kv/first`, { method: 'DELETE' })).status).toBe(200);
    expect((await put('second')).status).toBe(200);
  });

  test('answers 404 for what is not there, and 400 for paths that are none', async () => {
    const node = await started();
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/kvs'],
      ['POST', '/kv/x'],
      ['PATCH', '/kv/x'],
      ['OPTIONS', '/kv/x'],
      ['PUT', '/status'],
      ['GET', '/kv2/x'],
    ] as const) {
      const response = await fetch(node.url + path, { method });
      expect(response.status, `${method} ${path}`).toBe(404);
      expect(await response.json()).toMatchObject({
        code: 'UNKNOWN_ROUTE',
        whatToDo: expect.stringContaining('/kv/KEY'),
      });
    }
    for (const path of ['/kv/%', '/kv/%zz', '/kv/%ff']) {
      const response = await fetch(node.url + path);
      expect(response.status, path).toBe(400);
      expect(await response.json()).toMatchObject({ code: 'MALFORMED_REQUEST', whatToDo: expect.stringMatching(/./) });
    }
  });

  test('answers what is no HTTP with an error in JSON, and lives on', async () => {
    const node = await started();
    for (const [bytes, status] of [
      ['hello?\r\n\r\n', 400],
      ['GET / HTTP/1.1\r\n\r\n', 400],
      ['PUT /kv/x HTTP/1.1\r\nHost: x\r\nContent-Length: some\r\n\r\n', 400],
      ['PUT /kv/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
      [`GET /kv/${'k'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ] as const) {
      const answer = await exchange(node.url, bytes);
      expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    }
    const answer = await exchange(node.url, 'hello?\r\n\r\n');
    const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
    expect(body).toMatchObject({ code: 'MALFORMED_REQUEST', outcome: 'did-not-happen' });
    expect((await fetch(`${node.url}/healthz`)).status).toBe(200);
  });

  test.each([
    ['raft', 'term'],
    ['paxos', 'round'],
  ] as const)('shows how the node stands, and by which protocol: %s', async (protocol, count) => {
    const node = await started({ protocol });
    await fetch(`${node.url}/kv/x`, { method: 'PUT', body: 'v' });
    const status: unknown = await (await fetch(`${node.url}/status`)).json();
    expect(status).toMatchObject({
      id: 'n1',
      pid: process.pid,
      role: 'leader',
      protocol,
      [count]: expect.any(Number),
      leader: 'n1',
      commitIndex: expect.any(Number),
      appliedIndex: expect.any(Number),
      lastIndex: expect.any(Number),
      peers: [],
    });
    const { commitIndex, appliedIndex, lastIndex } = node.store.status();
    expect(status).toMatchObject({ commitIndex, appliedIndex, lastIndex });
    expect(appliedIndex).toBeGreaterThan(0);
    const healthy = await fetch(`${node.url}/healthz`);
    expect(healthy.status).toBe(200);
    expect(await healthy.json()).toEqual({ status: 'ok', leader: 'n1' });
    const ready = await fetch(`${node.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({ status: 'ready', leader: 'n1', obstacles: [] });
  });

  test('names nobody as the leader while nobody leads', async () => {
    const node = await started({ voters: ['n1', 'n2', 'n3'] });
    expect(await (await fetch(`${node.url}/status`)).json()).toMatchObject({ leader: null, peers: ['n2', 'n3'] });
    expect(await (await fetch(`${node.url}/healthz`)).json()).toEqual({ status: 'ok', leader: null });
    const ready = await fetch(`${node.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({
      status: 'not-ready',
      leader: null,
      obstacles: ['no leader with a majority is known', expect.stringContaining('has not applied')],
    });
  });

  test('gives metrics in the format of Prometheus', async () => {
    const node = await started();
    await fetch(`${node.url}/kv/x`, { method: 'PUT', body: 'v' });
    await fetch(`${node.url}/kv/y`);
    const response = await fetch(`${node.url}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const lines = (await response.text()).trimEnd().split('\n');
    const sample =
      /^[a-zA-Z_:][\w:]*(?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})? (?:[-+]?[\d.]+(?:e[-+]?\d+)?|NaN|[-+]Inf)$/;
    const comment = /^# (?:HELP [\w:]+ .*|TYPE [\w:]+ (?:counter|gauge|histogram|summary|untyped))$/;
    for (const line of lines) if (line !== '') expect(line).toMatch(line.startsWith('#') ? comment : sample);
    expect(lines).toContain('quorate_is_leader 1');
    expect(lines).toContain(`quorate_applied_index ${node.store.status().appliedIndex}`);
    expect(lines).toContain('quorate_http_request_seconds_count{method="PUT",route="/kv/*",status="200"} 1');
    const countOf = (name: string) => Number(lines.find((it) => it.startsWith(`${name}_count `))?.split(' ')[1]);
    expect(countOf('quorate_commit_seconds')).toBeGreaterThan(0);
    expect(countOf('quorate_flush_seconds')).toBeGreaterThan(0);
    expect(lines).toContain('quorate_http_request_seconds_count{method="GET",route="/kv/*",status="404"} 1');
  });

  test('says 503 on a node that has stopped', async () => {
    const node = await started();
    await node.node.stop();
    for (const path of ['/kv/x', '/healthz', '/readyz']) {
      const response = await fetch(node.url + path);
      expect(response.status, path).toBe(503);
      await response.text();
    }
  });

  test('ends in time although somebody sends a request byte by byte', async () => {
    const node = await startHttpNode({ deadlineMs: 200 });
    const answered = exchange(node.url, 'PUT /kv/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc').catch(
      () => '',
    );
    await until('the request to begin', async () => (await fetch(`${node.url}/healthz`)).ok);
    await node.stop();
    await answered;
    await expect(fetch(`${node.url}/healthz`)).rejects.toThrow();
  });

  test('answers what is under way, and then ends', async () => {
    // Connections are cut after that: the end does not wait for it.
    const node = await startHttpNode({ deadlineMs: 600_000 });
    await fetch(`${node.url}/kv/x`, { method: 'PUT', body: 'u' });
    node.storage.stall();
    const answer = fetch(`${node.url}/kv/x`, { method: 'PUT', body: 'v' });
    await until('the request to wait', () => node.store.status().waiting > 0);
    const ended = node.http.close();
    node.storage.resume();
    const response = await answer;
    expect(response.status).toBe(200);
    expect(response.headers.get('connection')).toBe('close');
    await ended;
    await node.stop();
  });

  test('names the port that is taken, and what to do', async () => {
    const node = await started();
    const { port } = new URL(node.url);
    const options = {
      node: node.node,
      store: node.store,
      environment: systemEnvironment(),
      pid: 1,
      port: Number(port),
    };
    const refused = serveHttp(options);
    await expect(refused).rejects.toThrow(HttpListenError);
    await expect(refused).rejects.toThrow(new RegExp(`${port}.*choose another port`));
    expect((await fetch(`${node.url}/healthz`)).status).toBe(200);
  });
});
