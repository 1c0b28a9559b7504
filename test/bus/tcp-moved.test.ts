/** A node that listens elsewhere than its peers were told. */

import { expect, onTestFinished, test } from 'vitest';
import type { PeerStatus } from '../../src/bus/bus.ts';
import { type BusNotice, createTcpBus, type TcpBus, type TcpBusOptions } from '../../src/bus/tcp.ts';
import { freePort } from '../fixtures/ports.ts';
import { testSecret } from '../fixtures/secret.ts';
import { timing, until } from './tcp-cluster.ts';

async function started(options: Pick<TcpBusOptions, 'node' | 'peers' | 'listen'>): Promise<TcpBus> {
  const bus = await createTcpBus({ ...options, cluster: 'test', secret: testSecret, timing });
  onTestFinished(() => bus.close());
  return bus;
}

/** What a bus has told so far. */
function heardFrom({ notices, peers }: TcpBus) {
  const heard: { readonly notices: BusNotice[]; readonly statuses: PeerStatus[] } = { notices: [], statuses: [] };
  notices.subscribe((notice) => heard.notices.push(notice));
  peers.subscribe((status) => heard.statuses.push(status));
  return heard;
}

test('a node that dials where a peer was is told by name that it runs, once, and stays connected where it is right', async () => {
  const before = { host: '127.0.0.1', port: await freePort() };
  const n1 = await started({ node: 'n1', peers: { n2: before } });
  const heard = heardFrom(n1);
  const moved = await started({ node: 'n2', peers: { n1: n1.address() } });
  const isMoved = ({ error }: BusNotice): boolean => error.code === 'PEER_MOVED';
  await until(() => heard.notices.some(isMoved), 'a hint');
  expect(heard.notices.find(isMoved)).toMatchObject({ node: 'n2', remote: `127.0.0.1:${before.port}` });
  expect(heard.statuses.at(-1)).toMatchObject({
    node: 'n2',
    status: 'disconnected',
    reason: expect.stringMatching(/expected node n2 at 127\.0\.0\.1:\d+.*start n1 with that address of peer n2/),
  });
  n1.setPeers({ n2: moved.address() });
  await until(() => heard.statuses.at(-1)?.status === 'connected', 'a connection');
  expect(heard.notices.filter(isMoved)).toHaveLength(1);
});

test('a peer that is started again where it was is not said to have moved', async () => {
  const n1 = await started({ node: 'n1' });
  const first = await started({ node: 'n2', peers: { n1: n1.address() }, listen: { port: await freePort() } });
  n1.setPeers({ n2: first.address() });
  const heard = heardFrom(n1);
  await until(() => heard.statuses.at(-1)?.status === 'connected', 'a connection');
  await first.close();
  const again = await createTcpBus({
    node: 'n2',
    cluster: 'test',
    secret: testSecret,
    timing,
    listen: first.address(),
    peers: { n1: n1.address() },
  });
  onTestFinished(() => again.close());
  await until(() => heard.statuses.at(-1)?.status === 'connected', 'a connection again');
  expect(heard.notices.map(({ error }) => error.code)).not.toContain('PEER_MOVED');
});
