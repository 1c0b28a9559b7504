/** A proxy for tests, with servers that echo, and clients that say what they saw. */

import { connect, createServer, type Socket } from 'node:net';
import { Subject } from 'rxjs';
import { onTestFinished } from 'vitest';
import { type GroupProxy, type ProxyNotice, type ProxyOptions, startProxy } from '../../../src/services/proxy.ts';
import type { Topology } from '../../../statecharts/failover.ts';
import { until } from '../../fixtures/until.ts';

export const local = { host: '127.0.0.1', port: 0 };

export interface Place {
  readonly server: string;
  readonly host: string;
  readonly port: number;
}

/** A group as it stands; `primary` and what else differs. */
export const standing = (revision: number, change: Partial<Topology> = {}): Topology => ({
  group: 'orders',
  revision,
  mark: { epoch: 1, version: 1 },
  mode: 'pass-through',
  confirmations: 1,
  primary: null,
  inSync: [],
  standbys: [],
  ...change,
});

/** A server of the test's own; ends with the test. */
export async function serve(name: string, onClient: (socket: Socket) => void): Promise<Place> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    onClient(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server: name, host: '127.0.0.1', port };
}

/** A server that says its name first, and then whatever it is told. */
export const echo = (name: string) =>
  serve(name, (socket) => {
    socket.write(`${name}:`);
    socket.pipe(socket);
  });

export interface TestProxy {
  readonly proxy: GroupProxy;
  readonly told: readonly ProxyNotice[];
  hear(topology: Topology): void;
}

/** A proxy that hears of the group what the test says; ends with the test. */
export async function startTestProxy(options: Partial<ProxyOptions> = {}): Promise<TestProxy> {
  const topology = new Subject<Topology>();
  const proxy = await startProxy({
    group: 'orders',
    kind: 'script',
    topology,
    listen: local,
    ...options,
    limits: { drainMs: 50, ...options.limits },
  });
  onTestFinished(() => proxy.stop());
  const told: ProxyNotice[] = [];
  proxy.notices.subscribe((notice) => told.push(notice));
  return { proxy, told, hear: (next) => topology.next(next) };
}

/** A client, and what it has seen. */
export interface TestClient {
  readonly socket: Socket;
  readonly saw: () => string;
  /** `end` in good order, or the code of the error; undefined while it is connected. */
  readonly ended: () => string | undefined;
  sees(text: string): Promise<unknown>;
  isEnded(): Promise<string>;
}

export function dial({ port }: { readonly port: number }): TestClient {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  let saw = '';
  let ended: string | undefined;
  socket.on('data', (chunk) => {
    saw += chunk.toString('latin1');
  });
  socket.on('end', () => {
    ended ??= 'end';
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ended ??= error.code;
  });
  onTestFinished(() => {
    socket.destroy();
  });
  return {
    socket,
    saw: () => saw,
    ended: () => ended,
    sees: (text) => until(`'${text}' among '${saw}'`, () => saw.includes(text) || undefined),
    isEnded: () => until('the end of a connection', () => ended),
  };
}
