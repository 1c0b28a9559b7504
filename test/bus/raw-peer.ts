/** The other end of a connection as nobody should implement it: speaks the bytes that a test tells it to. */

import { connect, createServer, type Server, type Socket } from 'node:net';
import { unpack } from 'msgpackr';
import { createFrameDecoder, encodeFrame } from '../../src/bus/tcp/frames.ts';
import type { HostPort } from '../../src/bus/tcp.ts';
import { until } from './tcp-cluster.ts';

export interface RawPeer {
  readonly socket: Socket;
  /** The payloads that arrived. */
  readonly payloads: unknown[];
  /** Sends a payload in a frame of its own. */
  send(...payloads: unknown[]): void;
  /** The payload of the given kind that arrived first, once it has. */
  first(kind: number): Promise<unknown>;
  readonly closed: boolean;
}

function rawPeer(socket: Socket): RawPeer {
  const payloads: unknown[] = [];
  let closed = false;
  const decoder = createFrameDecoder(2 ** 31, (bytes, start, end) => {
    payloads.push(unpack(bytes.subarray(start, end)));
    return true;
  });
  socket.on('data', (chunk) => decoder.push(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
  });
  const of = (kind: number) => payloads.find((it) => Array.isArray(it) && it[0] === kind);
  return {
    socket,
    payloads,
    send: (...sent) => void socket.write(Buffer.concat(sent.map(encodeFrame))),
    async first(kind) {
      await until(() => of(kind) !== undefined, `a frame of kind ${kind}`);
      return of(kind);
    },
    get closed() {
      return closed;
    },
  };
}

/** An introduction, as it stands in a frame. */
export const helloOf = (node: string, more: object = {}): unknown[] => [
  1,
  { protocol: 'quorate', kind: 'node', node, cluster: 'test', versions: { min: 1, max: 1 }, ...more },
];

/** Connects to a bus. */
export async function dialRaw(address: HostPort): Promise<RawPeer> {
  const socket = connect(address);
  const peer = rawPeer(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  return peer;
}

/** Connects to a bus and gets through its handshake. */
export async function dialAs(node: string, address: HostPort, more: object = {}): Promise<RawPeer> {
  const peer = await dialRaw(address);
  peer.send(helloOf(node, more));
  await peer.first(1);
  return peer;
}

/** Listens where a bus will dial. */
export async function listenRaw(onPeer: (peer: RawPeer) => void): Promise<{ address: HostPort; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    onPeer(rawPeer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('expected a port');
  return {
    address: { host: '127.0.0.1', port: bound.port },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
