/** Clients over TCP that ask for much and read nothing. */

import { expect, onTestFinished, test } from 'vitest';
import { createTcpBus, type TcpBus, type TcpLimits, type TcpTiming } from '../../../src/bus/tcp.ts';
import { systemEnvironment } from '../../../src/environment/environment.ts';
import { createNode } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import { keyValueStore } from '../../../src/services/store/key-value/store.ts';
import { raft } from '../../../src/services/store/log/raft.ts';
import { type StoreLimits, startReplicatedStore } from '../../../src/services/store/replicated-store.ts';
import { connect } from '../../../src/services/store/tcp-client.ts';
import { dialAsClient, kinds } from '../../bus/raw-peer.ts';
import { until } from '../../fixtures/until.ts';

const mebibyte = 2 ** 20;

interface Options {
  readonly room?: StoreLimits['room'];
  readonly limits?: Partial<TcpLimits>;
  readonly timing?: Partial<TcpTiming>;
}

/** A node whose store has a value of 1 MiB less a little under `large`. */
async function started({ room = {}, limits = {}, timing = {} }: Options = {}): Promise<TcpBus> {
  const environment = systemEnvironment();
  const bus = await createTcpBus({ node: 'n1', cluster: 'test', environment, limits, timing });
  const journal = createMemoryStorage({ node: 'n1', clock: environment.clock, ids: environment.ids }).open();
  const node = createNode({ id: 'n1', bus, journal, environment });
  onTestFinished(() => node.stop());
  const log = raft({ voters: ['n1'] });
  const store = startReplicatedStore({ node, machine: createKeyValueMachine(), log, environment, limits: { room } });
  await keyValueStore(store).put('large', new Uint8Array(1_000_000), { deadlineMs: 50_000 });
  return bus;
}

/** Clients that ask for `large` so many times each, and read nothing of it. */
async function silentClients(bus: TcpBus, count: number, times: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const id = `client-silent-${number}`;
    const peer = await dialAsClient(id, bus.address());
    onTestFinished(() => void peer.socket.destroy());
    peer.socket.pause();
    const requests = Array.from({ length: times }, (_, place) => ({
      id: place,
      waitMs: 60_000,
      body: { type: 'query', question: { type: 'get', key: 'large' }, stale: true },
    }));
    peer.send([kinds.envelope, `${id}/store.client/kv`, 'n1/store/kv', { type: 'requests', forward: false, requests }]);
  }
}

async function readsOf(bus: TcpBus, count: number): Promise<readonly number[]> {
  const { host, port } = bus.address();
  const client = await connect([`${host}:${port}`], { connectMs: 60_000 });
  onTestFinished(() => client.close());
  const found = await Promise.all(
    Array.from({ length: count }, () => client.get('large', { deadlineMs: 50_000, consistency: 'stale' })),
  );
  return found.map((it) => it?.value.length ?? 0);
}

test('answers for clients that read nothing wait within one budget over all of them', async () => {
  const bus = await started({ room: { askerBytes: 2 * mebibyte, allBytes: 16 * mebibyte } });
  let mostBytes = 0;
  await silentClients(bus, 40, 50);
  await until('much to wait for the clients', () => {
    mostBytes = Math.max(mostBytes, bus.backlog?.clientBytes ?? 0);
    return mostBytes > 8 * mebibyte || undefined;
  });
  // What is told at once goes a little beyond the budget, by one answer for each client at the most.
  expect(bus.backlog?.clientBytes).toBeLessThan(20 * mebibyte);
});

test('a client that asks for more than has room at once gets all of it as it reads', async () => {
  const bus = await started({ room: { askerBytes: 2 * mebibyte, allBytes: 8 * mebibyte } });
  expect(await readsOf(bus, 100)).toEqual(Array.from({ length: 100 }, () => 1_000_000));
});

test('clients that read nothing lose their connections as soon as others wait, and these are served', async () => {
  const bus = await started({
    room: { askerBytes: 2 * mebibyte, allBytes: 8 * mebibyte },
    limits: { clientBacklogBytes: 8 * mebibyte },
    timing: { pingIntervalMs: 200, silenceTimeoutMs: 2_000 },
  });
  const codes = new Set<string>();
  bus.notices.subscribe(({ error }) => codes.add(error.code));
  await silentClients(bus, 20, 50);
  expect(await readsOf(bus, 20)).toEqual(Array.from({ length: 20 }, () => 1_000_000));
  expect([...codes].every((code) => code === 'SLOW_CLIENT' || code === 'PEER_SILENT')).toBe(true);
});
