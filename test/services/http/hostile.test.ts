/** Readers that do not read, and pages that a browser shows on behalf of other sites. */

import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../fixtures/until.ts';
import { type HttpNode, type HttpNodeOptions, startHttpNode } from './http-node.ts';

async function started(options: HttpNodeOptions = {}): Promise<HttpNode> {
  const node = await startHttpNode(options);
  onTestFinished(() => node.stop());
  return node;
}

/** A connection that sends `text` and reads nothing until it is told to. */
async function silent(url: string, text: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.pause();
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.write(text);
  return socket;
}

const mebibyte = 2 ** 20;

/** Bytes of buffers that something still holds. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new TypeError('expected a collector to call');
  collect();
  return process.memoryUsage().arrayBuffers;
}

const get = (key: string, host = 'localhost') => `GET /kv/${key} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

describe('the HTTP interface', () => {
  test('keeps answers for readers that read nothing within one budget', async () => {
    const node = await started({ http: { limits: { responseBytes: 8 * mebibyte, stallMs: 60_000 } } });
    await fetch(`${node.url}/kv/large`, { method: 'PUT', body: new Uint8Array(mebibyte) });
    const before = heldBytes();
    for (let reader = 0; reader < 100; reader += 1) await silent(node.url, get('large').repeat(10));
    const usedBytes = async (): Promise<number> => {
      const metrics = await (await fetch(`${node.url}/metrics`)).text();
      return Number(/^quorate_http_response_bytes (\d+)$/m.exec(metrics)?.[1]);
    };
    await until('the budget to be used up', async () => (await usedBytes()) === 8 * mebibyte || undefined);
    // What was collected is given back a little later, by a thread of its own.
    await until('what is held to be within it', async () => heldBytes() - before < 20 * mebibyte || undefined);
  });

  test('lets go of readers that read nothing as soon as others wait', async () => {
    const node = await started({
      deadlineMs: 60_000,
      http: { limits: { responseBytes: 4 * mebibyte, stallMs: 1_000 } },
    });
    await fetch(`${node.url}/kv/large`, { method: 'PUT', body: new Uint8Array(mebibyte) });
    for (let reader = 0; reader < 20; reader += 1) await silent(node.url, get('large').repeat(10));
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await (await fetch(`${node.url}/kv/large`)).arrayBuffer()).byteLength),
    );
    expect(answers).toEqual(Array.from({ length: 20 }, () => mebibyte));
  });

  test('refuses a read by name when others hold all room for answers until its deadline', async () => {
    const node = await started({ deadlineMs: 300, http: { limits: { responseBytes: mebibyte, stallMs: 60_000 } } });
    await fetch(`${node.url}/kv/large`, { method: 'PUT', body: new Uint8Array(mebibyte) });
    await silent(node.url, get('large').repeat(20));
    let refused: Response | undefined;
    await until('a read to be refused', async () => {
      const response = await fetch(`${node.url}/kv/other`);
      if (response.status === 503) refused = response;
      return refused;
    });
    expect(await refused?.json()).toMatchObject({ code: 'OVERLOADED', outcome: 'did-not-happen' });
  });

  test('ends a connection that has more requests under way than any client needs', async () => {
    const node = await started();
    const socket = await silent(node.url, get('absent').repeat(1_000));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await closed;
  });

  test('refuses a browser that a foreign page has led here', async () => {
    const node = await started({ http: { hostNames: ['store.example'] } });
    const { port } = new URL(node.url);
    const ask = async (lines: readonly string[]): Promise<string> => {
      const head = ['PUT /kv/stolen HTTP/1.1', ...lines, 'Content-Length: 1', 'Connection: close'];
      const socket = await silent(node.url, `${head.join('\r\n')}\r\n\r\nx`);
      let answer = '';
      socket.setEncoding('utf8').on('data', (text) => {
        answer += text;
      });
      await new Promise((resolve) => socket.once('end', resolve).resume());
      return answer;
    };
    expect(await ask([`Host: evil.example:${port}`])).toMatch(/^HTTP\/1.1 421 .*"code":"FOREIGN_HOST"/s);
    expect(await ask([`Host: evil.example:${port}`, `Origin: http://evil.example:${port}`])).toMatch(/^HTTP\/1.1 421/);
    expect(await ask([`Host: 127.0.0.1:${port}`, 'Origin: http://evil.example'])).toMatch(/^HTTP\/1.1 421/);
    expect((await fetch(`${node.url}/kv/stolen`)).status).toBe(404);
    expect(await ask([`Host: store.example:${port}`])).toMatch(/^HTTP\/1.1 200/);
  });
});
