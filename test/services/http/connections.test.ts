import { EventEmitter, once } from 'node:events';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { limitConnections } from '../../../src/services/http/connections.ts';

class SocketFrom extends Socket {
  override readonly remoteAddress: string;

  constructor(address: string) {
    super();
    this.remoteAddress = address;
  }
}

function listening(limit: number) {
  const server = new EventEmitter();
  limitConnections(server, limit);
  return (address: string, count = 1): readonly Socket[] =>
    Array.from({ length: count }, () => {
      const socket = new SocketFrom(address);
      server.emit('connection', socket);
      return socket;
    });
}

const openOf = (sockets: readonly Socket[]): number => sockets.filter(({ destroyed }) => !destroyed).length;

test('one address may hold all connections, and is refused more', () => {
  const connect = listening(4);
  expect(openOf(connect('10.0.0.1', 9))).toBe(4);
});

test('an address that holds most gives way to others, until all have as many', () => {
  const connect = listening(4);
  const greedy = connect('10.0.0.1', 4);
  const other = connect('10.0.0.2', 4);
  expect([openOf(greedy), openOf(other)]).toEqual([2, 2]);
  expect(openOf(connect('10.0.0.3'))).toBe(1);
  expect(openOf([...greedy, ...other])).toBe(3);
});

test('what is closed makes room', async () => {
  const connect = listening(2);
  const [first] = connect('10.0.0.1', 2);
  if (first === undefined) throw new Error('expected a connection');
  first.destroy();
  await once(first, 'close');
  expect(openOf(connect('10.0.0.1', 2))).toBe(1);
});
