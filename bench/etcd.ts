/**
 * A cluster of etcd beside the one that is measured: three durable members as processes on loopback, driven over gRPC from
 * the process of the benchmark. Debian has them as `etcd-server`.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { type Clock, pause } from '../src/environment/clock.ts';
import { freePort } from './processes.ts';
import type { StoreDriven, WatchedRange } from './store-driven.ts';

/** What is used of etcd's messages (version 3, `rpc.proto`): field numbers are on the wire, names are not. */
const messages = protobuf.Root.fromJSON({
  nested: {
    ResponseHeader: { fields: { memberId: { id: 2, type: 'uint64' } } },
    PutRequest: { fields: { key: { id: 1, type: 'bytes' }, value: { id: 2, type: 'bytes' } } },
    PutResponse: { fields: { header: { id: 1, type: 'ResponseHeader' } } },
    RangeRequest: {
      fields: {
        key: { id: 1, type: 'bytes' },
        rangeEnd: { id: 2, type: 'bytes' },
        limit: { id: 3, type: 'int64' },
      },
    },
    KeyValue: {
      fields: {
        key: { id: 1, type: 'bytes' },
        modRevision: { id: 3, type: 'int64' },
        value: { id: 5, type: 'bytes' },
      },
    },
    RangeResponse: { fields: { kvs: { id: 2, type: 'KeyValue', rule: 'repeated' } } },
    RequestOp: { fields: { requestPut: { id: 2, type: 'PutRequest' } } },
    TxnRequest: { fields: { success: { id: 2, type: 'RequestOp', rule: 'repeated' } } },
    TxnResponse: { fields: { succeeded: { id: 2, type: 'bool' } } },
    WatchCreateRequest: { fields: { key: { id: 1, type: 'bytes' }, rangeEnd: { id: 2, type: 'bytes' } } },
    WatchRequest: { fields: { createRequest: { id: 1, type: 'WatchCreateRequest' } } },
    Event: { fields: { kv: { id: 2, type: 'KeyValue' } } },
    WatchResponse: {
      fields: { created: { id: 3, type: 'bool' }, events: { id: 11, type: 'Event', rule: 'repeated' } },
    },
    StatusRequest: { fields: {} },
    StatusResponse: { fields: { header: { id: 1, type: 'ResponseHeader' }, leader: { id: 4, type: 'uint64' } } },
  },
});

/** A call: its path, and the codecs of its request and response. */
const methodOf = (service: string, name: string) => ({
  path: `/etcdserverpb.${service}/${name}`,
  request: messages.lookupType(`${name}Request`),
  response: messages.lookupType(`${name}Response`),
});

const put = methodOf('KV', 'Put');
const range = methodOf('KV', 'Range');
const transaction = methodOf('KV', 'Txn');
const watch = methodOf('Watch', 'Watch');
const status = methodOf('Maintenance', 'Status');

/** Whether this machine has etcd. */
export function hasEtcd(): boolean {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Starts three members whose data is in `directory`, and a client of the one that leads. */
export async function startEtcd(directory: string, clock: Clock): Promise<StoreDriven & { stop(): Promise<void> }> {
  const members = await Promise.all(
    ['e1', 'e2', 'e3'].map(async (name) => ({
      name,
      client: `http://127.0.0.1:${await freePort()}`,
      peer: `http://127.0.0.1:${await freePort()}`,
    })),
  );
  const children = members.map(({ name, client, peer }) =>
    spawn(
      'etcd',
      [
        ['--name', name, '--data-dir', join(directory, name), '--initial-cluster-token', 'bench'],
        ['--listen-client-urls', client, '--advertise-client-urls', client],
        ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ['--initial-cluster', members.map((it) => `${it.name}=${it.peer}`).join()],
        ['--initial-cluster-state', 'new'],
      ].flat(),
      { stdio: 'ignore' },
    ),
  );
  const clients = members.map(({ client }) => new grpc.Client(client.slice('http://'.length), insecure));
  const leader = await leaderAmong(clients, clock);
  return {
    put: (key, value) => call(leader, put, { key: Buffer.from(key), value }).then(() => undefined),
    async get(key) {
      const { kvs = [] } = await call(leader, range, { key: Buffer.from(key) });
      return kvs.length;
    },
    async range(prefix, limit) {
      const { kvs = [] } = await call(leader, range, { ...prefixed(prefix), limit });
      return kvs.length;
    },
    async putAll(keys, value) {
      const success = keys.map((key) => ({ requestPut: { key: Buffer.from(key), value } }));
      await call(leader, transaction, { success });
    },
    watchers: (ranges, told) => watchers(leader, ranges, told),
    nodeCpuMs: async () => children.reduce((sum, child) => sum + cpuMsOf(child), 0),
    async stop() {
      for (const client of clients) client.close();
      const ended = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
      for (const child of children) child.kill('SIGTERM');
      await Promise.all(ended);
    },
  };
}

const insecure = grpc.credentials.createInsecure();

/** The last byte of a prefix is less than 255. */
function prefixed(prefix: string): { readonly key: Buffer; readonly rangeEnd: Buffer } {
  const rangeEnd = Buffer.from(prefix);
  rangeEnd[rangeEnd.length - 1] = (rangeEnd.at(-1) ?? 0) + 1;
  return { key: Buffer.from(prefix), rangeEnd };
}

/** Watches that share one stream, as etcd's own clients do. */
async function watchers(
  client: grpc.Client,
  ranges: readonly WatchedRange[],
  told: () => void,
): Promise<() => Promise<void>> {
  const stream = client.makeBidiStreamRequest(watch.path, serializing(watch), deserializing(watch));
  const ended = new Promise<void>((resolve) => stream.on('error', () => resolve()).on('end', () => resolve()));
  await new Promise<void>((resolve) => {
    let created = 0;
    stream.on('data', ({ created: isNew = false, events = [] }: Response) => {
      for (const _event of events) told();
      if (!isNew) return;
      created += 1;
      if (created === ranges.length) resolve();
    });
    for (const { from, to } of ranges) {
      stream.write({ createRequest: { key: Buffer.from(from), rangeEnd: Buffer.from(to) } });
    }
  });
  return async () => {
    stream.cancel();
    await ended;
  };
}

/** What is looked at of any response; 64-bit numbers are text. */
interface Response {
  readonly kvs?: readonly object[];
  readonly created?: boolean;
  readonly events?: readonly object[];
  readonly header?: { readonly memberId?: string };
  readonly leader?: string;
}

const serializing =
  (method: typeof put) =>
  (value: object): Buffer =>
    Buffer.from(method.request.encode(value).finish());
const deserializing =
  (method: typeof put) =>
  (bytes: Buffer): Response =>
    method.response.toObject(method.response.decode(bytes), { longs: String, defaults: true });

function call(client: grpc.Client, method: typeof put, argument: object): Promise<Response> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(method.path, serializing(method), deserializing(method), argument, (error, response) =>
      response === undefined ? reject(error) : resolve(response),
    );
  });
}

/** The client of the member that leads, once one does. @throws Error when none does within 30 seconds */
async function leaderAmong(clients: readonly grpc.Client[], clock: Clock): Promise<grpc.Client> {
  const untilMs = clock.nowMs() + 30_000;
  while (clock.nowMs() < untilMs) {
    for (const client of clients) {
      const answer = await call(client, status, {}).catch((): Response => ({}));
      const { header, leader } = answer;
      if (header !== undefined && leader === header.memberId && leader !== '0') return client;
    }
    await pause(clock, 50);
  }
  throw new Error('expected a leader of etcd within 30 s, got none');
}

/** Linux counts in hundredths of a second. */
function cpuMsOf({ pid }: ChildProcess): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number);
  return (user + system) * 10;
}
