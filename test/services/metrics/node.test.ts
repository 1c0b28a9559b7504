import { Registry } from 'prom-client';
import { EMPTY, of } from 'rxjs';
import { expect, test } from 'vitest';
import { addNodeMetrics, type NodeMetricsParts } from '../../../src/services/metrics.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';

const node: NodeMetricsParts['node'] = {
  occupancy: { actors: { count: 3, limit: 100 }, rooms: { agreement: { count: 1, limit: 10 } } },
  unflushedBytes: 4_096,
  waitingJobs: 7,
  refused: { stranger: 1, absent: 2, malformed: 0, late: 0, unsendable: 0, overload: 0 },
  journal: { unflushedSinceMs: -2_500 },
  backlog: {
    bytesFor: (peer) => (peer === 'n2' ? 640 : 0),
    framesFor: (peer) => (peer === 'n2' ? 5 : 0),
    clientBytes: 99,
    relieved: EMPTY,
  },
};

async function told(parts: Partial<NodeMetricsParts> = {}): Promise<readonly string[]> {
  const registry = new Registry();
  addNodeMetrics(registry, { node, clock: createVirtualClock(), ...parts });
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('a node tells how full it is, what waits for its actors and its disk, and what it refused', async () => {
  expect(await told()).toEqual(
    expect.arrayContaining([
      'quorate_room_taken{room="actors"} 3',
      'quorate_room_limit{room="agreement"} 10',
      'quorate_mailbox_messages 7',
      'quorate_unflushed_bytes 4096',
      'quorate_unflushed_seconds 2.5',
      'quorate_refused_messages_total{reason="absent"} 2',
    ]),
  );
});

test('nothing that waits for the disk is 0 seconds old', async () => {
  expect(await told({ node: { ...node, journal: { unflushedSinceMs: undefined } } })).toContain(
    'quorate_unflushed_seconds 0',
  );
});

test('a node with a bus tells of the link to each peer', async () => {
  const bus = {
    peers: of({ node: 'n2', status: 'connected' } as const),
    losses: of({ node: 'n2', reason: 'dropped', count: 8 } as const),
  };
  const links = (await told({ bus, peers: () => ['n2', 'n3'] })).filter((line) => /_(link|clients)_/.test(line));
  expect(links).toEqual(
    expect.arrayContaining([
      'quorate_link_connected{peer="n2"} 1',
      'quorate_link_connected{peer="n3"} 0',
      'quorate_link_waiting_frames{peer="n2"} 5',
      'quorate_link_waiting_frames{peer="n3"} 0',
      'quorate_link_waiting_bytes{peer="n2"} 640',
      'quorate_clients_waiting_bytes 99',
      'quorate_link_connections_total{peer="n2"} 1',
      'quorate_link_lost_total{peer="n2",reason="dropped"} 8',
      'quorate_link_lost_total{peer="n3",reason="dropped"} 0',
      'quorate_link_refused_total{peer="(others)"} 0',
    ]),
  );
});
