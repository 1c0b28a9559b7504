/** Bodies that are too long, as clients see them that send them in different ways. */

import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { valueLimitBytes } from '../../../src/services/store/key-value/commands.ts';
import { until } from '../../fixtures/until.ts';
import { startHttpNode } from './http-node.ts';

interface Talk {
  readonly socket: Socket;
  heard(): string;
  failure(): Error | undefined;
}

async function talking(): Promise<Talk & { readonly url: string }> {
  const node = await startHttpNode();
  onTestFinished(() => node.stop());
  const { hostname, port } = new URL(node.url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  let text = '';
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  return { socket, heard: () => text, failure: () => failure, url: node.url };
}

const head = (...lines: readonly string[]): string =>
  `${['PUT /kv/x HTTP/1.1', 'Host: localhost', ...lines].join('\r\n')}\r\n\r\n`;
const tooLong = valueLimitBytes + 1;

test('a client that asks before it sends is refused before it sends', async () => {
  const { socket, heard } = await talking();
  socket.write(head(`Content-Length: ${tooLong}`, 'Expect: 100-continue'));
  await until('the answer', () => heard().includes('VALUE_LIMIT'));
  expect(heard()).toMatch(/^HTTP\/1\.1 413 /);
});

test('a client that asks before it sends what is not too long may go on', async () => {
  const { socket, heard } = await talking();
  socket.write(head('Content-Length: 3', 'Expect: 100-continue'));
  await until('leave to send', () => heard().includes('100 Continue'));
  socket.write('abc');
  await until('the answer', () => heard().includes('HTTP/1.1 200'));
});

test.each([
  ['of which the length was told', `Content-Length: ${8 * tooLong}`],
  ['in chunks', 'Transfer-Encoding: chunked'],
])('a client that sends a body eight times too long, %s, sees why, and no broken pipe', async (_how, line) => {
  const { socket, heard, failure } = await talking();
  socket.write(head(line));
  const part = Buffer.alloc(tooLong, 'x');
  for (let count = 0; count < 8; count += 1) {
    if (line.startsWith('Transfer')) socket.write(`${part.length.toString(16)}\r\n`);
    socket.write(part);
    if (line.startsWith('Transfer')) socket.write('\r\n');
  }
  if (line.startsWith('Transfer')) socket.write('0\r\n\r\n');
  await until('the answer', () => heard().includes('VALUE_LIMIT'));
  expect(heard()).toMatch(/^HTTP\/1\.1 413 /);
  expect(failure()).toBeUndefined();
});

test('a body that never ends is not taken for ever', async () => {
  const { socket, heard } = await talking();
  socket.write(head('Transfer-Encoding: chunked'));
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(2 ** 20, 'x'), Buffer.from('\r\n')]);
  let sentBytes = 0;
  const send = (): void => {
    while (!socket.destroyed && socket.writable && sentBytes < 2 ** 30) {
      sentBytes += chunk.length;
      if (!socket.write(chunk)) return;
    }
  };
  socket.on('drain', send);
  send();
  await until('the connection to end', () => socket.destroyed || heard().includes('VALUE_LIMIT'));
  expect(sentBytes).toBeLessThan(2 ** 28);
});
