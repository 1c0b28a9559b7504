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
  const [first, second] = connect('10.0.0.1', 2);
  if (first === undefined) throw new Error('expected a connection');
  first.destroy();
  await once(first, 'close');
  const third = connect('10.0.0.1');
  expect([second, ...third].map((it) => it?.destroyed)).toEqual([false, false]);
});

test('a connection on which no request is under way gives way first, whichever has waited longest', () => {
  const server = new EventEmitter();
  limitConnections(server, 3);
  const [busy, idle, used] = ['10.0.0.1', '10.0.0.1', '10.0.0.1'].map((address) => {
    const socket = new SocketFrom(address);
    server.emit('connection', socket);
    return socket;
  });
  const answers = [busy, used].map((socket) => {
    const response = new EventEmitter();
    server.emit('request', { socket }, response);
    return response;
  });
  answers[1]?.emit('close');
  const connect = (): Socket => {
    const socket = new SocketFrom('10.0.0.1');
    server.emit('connection', socket);
    return socket;
  };
  const first = connect();
  expect([busy, idle, used, first].map((it) => it?.destroyed)).toEqual([false, true, false, false]);
  connect();
  expect([busy, used, first].map((it) => it?.destroyed)).toEqual([false, true, false]);
});
