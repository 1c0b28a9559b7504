/** What is particular to a log that is kept by Multi-Paxos: the sizes of its quorums, and snapshots for a node that was away. */

import { describe, expect, test } from 'vitest';
import { paxos } from '../../../../src/services/store/log/paxos.ts';
import { AcceptorsError, PaxosBootstrapError } from '../../../../statecharts/paxos.ts';
import { type Cluster, createCluster } from '../cluster.ts';

const value = (text: string): Uint8Array => new TextEncoder().encode(text);
const five = ['n1', 'n2', 'n3', 'n4', 'n5'];

function startFlexible(phase1Size: number, phase2Size: number): Cluster {
  const cluster = createCluster({
    nodes: five,
    log: (voters) => paxos({ voters, quorums: { phase1Size, phase2Size } }),
  });
  cluster.elect();
  return cluster;
}

describe('quorums of a log (Flexible Paxos)', () => {
  test.each([
    [2, 3, 'quorums-apart'],
    [3, 2, 'quorums-apart'],
    [6, 1, 'no-such-quorum'],
    [0, 5, 'no-such-quorum'],
  ] as const)('of %i and %i nodes of five are refused by name', (phase1Size, phase2Size, reason) => {
    let thrown: unknown;
    try {
      startFlexible(phase1Size, phase2Size);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AcceptorsError);
    expect(thrown).toMatchObject({ reason });
  });

  test('of four and two let a leader go on with one other node', async () => {
    const cluster = startFlexible(4, 2);
    const leader = cluster.leader();
    const away = five.filter((id) => id !== leader.id).slice(0, 3);
    cluster.isolate(...away);
    await cluster.value(leader.keys.put('k', value('of two')));
    cluster.heal();
    cluster.crash(leader.id);
    await cluster.until(() => cluster.members().some(({ store }) => store.status().role === 'leader'));
    const next = cluster.leader();
    expect(await cluster.value(next.keys.get('k'))).toMatchObject({ value: value('of two') });
  });

  test('of two nodes of which none is this one are no cluster of its', () => {
    const start = (): unknown => createCluster({ nodes: ['n1'], log: () => paxos({ voters: ['n2', 'n3'] }) });
    expect(start).toThrow(PaxosBootstrapError);
  });
});

test('a node that was away for longer than the log reaches back gets a snapshot, and goes on from there', async () => {
  const limits = { compactBeyondBytes: 2_000, retainBytes: 200 };
  const cluster = createCluster({ log: (voters) => paxos({ voters, limits }) });
  cluster.elect();
  const away = cluster.follower().id;
  cluster.crash(away);
  for (let count = 0; count < 100; count += 1) {
    await cluster.value(cluster.leader().keys.put(`k${count}`, value('x'.repeat(50))));
  }
  const { commitIndex } = cluster.leader().store.status();
  cluster.restart(away);
  const { journal } = cluster.member(away).node;
  await cluster.until(() => journal.snapshots.names().some((name) => !name.endsWith(`-${away}`)));
  await cluster.until(() => cluster.member(away).store.status().commitIndex >= commitIndex);
  cluster.crash(cluster.leader().id);
  cluster.elect();
  expect(await cluster.value(cluster.member(away).keys.get('k99'))).toMatchObject({ value: value('x'.repeat(50)) });
});
