/** A node that leads lets another one lead: when it is asked to, and before it stops. */

import { describe, expect, test } from 'vitest';
import { NotHandedOverError, OutcomeUnknownError } from '../../../src/services/store/errors.ts';
import { type LogProtocolName, logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { type Cluster, createCluster } from './cluster.ts';

const value = new TextEncoder().encode('value');

/** Puts one value after the other through a client, while `act` goes on; how long the longest pause between two was. */
async function longestPauseMs(cluster: Cluster, act: () => void): Promise<number> {
  const { clock } = cluster;
  const client = cluster.client();
  await cluster.value(client.put('key', value));
  const answeredAtMs = [clock.nowMs()];
  const untilMs = clock.nowMs() + 2_500;
  const putting = (async () => {
    while (clock.nowMs() < untilMs) {
      await client.put('key', value);
      answeredAtMs.push(clock.nowMs());
    }
  })();
  clock.setTimeout(act, 500);
  await cluster.value(putting);
  expect(answeredAtMs.length).toBeGreaterThan(100);
  return Math.max(...answeredAtMs.map((atMs, index) => atMs - (answeredAtMs[index - 1] ?? atMs)));
}

/** Synchronous writes of primary-backup wait for a backup that stops until the in-sync set without it is recorded. */
const longestPauseOfStopMs: Readonly<Record<LogProtocolName, number>> = {
  raft: 100,
  paxos: 100,
  'primary-backup': 1_500,
};
/** Whether the leader itself tells another one to lead; a primary is told by the authority, also by way of a third node. */
const isToldByLeader: Readonly<Record<LogProtocolName, boolean>> = { raft: true, paxos: true, 'primary-backup': false };

describe.each(logProtocolNames)('over %s, a node', (protocol) => {
  /** A cluster whose leader is known to all. */
  const elected = (): Cluster => {
    const cluster = createCluster({ protocol });
    cluster.elect();
    return cluster;
  };

  describe('that leads', () => {
    test('and stops leaves no gap of an election timeout in a steady load of puts, all of which succeed', async () => {
      const cluster = elected();
      const { id, store, node } = cluster.leader();
      const pauseMs = await longestPauseMs(cluster, () => {
        void store.resign().then(() => {
          expect(store.status().role).not.toBe('leader');
          store.close();
          return node.stop();
        });
      });
      expect(pauseMs).toBeLessThan(longestPauseOfStopMs[protocol]);
      expect(cluster.members().find((it) => it.id !== id && it.store.status().role === 'leader')).toBeDefined();
    });

    test('leaves one when it crashes', async () => {
      const cluster = elected();
      expect(await longestPauseMs(cluster, () => cluster.crash(cluster.leader().id))).toBeGreaterThan(500);
    });

    test('lets the node lead that is named, whichever node is asked; and once more that is done', async () => {
      const cluster = elected();
      const to = cluster.follower().id;
      for (const { store } of cluster.members()) {
        expect(await cluster.value(store.handOver(to))).toBe(to);
        expect(cluster.leader().id).toBe(to);
      }
      expect(await cluster.value(cluster.client().handOver(to))).toBe(to);
    });

    test('lets another one lead when none is named', async () => {
      const cluster = elected();
      const { id, store } = cluster.leader();
      const next = await cluster.value(store.handOver());
      expect(next).not.toBe(id);
      expect(cluster.leader().id).toBe(next);
    });

    test('answers alike who asks for the same at once', async () => {
      const cluster = elected();
      const to = cluster.follower().id;
      const { store } = cluster.leader();
      expect(await cluster.value(Promise.all([store.handOver(to), store.handOver(to)]))).toEqual([to, to]);
    });

    test('says why none does, and leads on', async () => {
      const cluster = elected();
      const { id, store } = cluster.leader();
      const stranger = await cluster.failure(store.handOver('n9'));
      expect(stranger).toBeInstanceOf(NotHandedOverError);
      expect(stranger).toMatchObject({ code: 'NOT_HANDED_OVER', reason: 'not-a-voter' });
      expect(String(stranger)).toContain('none of the voters');
      expect(cluster.leader().id).toBe(id);
    });

    test('says that it is not known where the other one was told to lead and is not heard', async () => {
      const cluster = elected();
      const { id, store } = cluster.leader();
      const to = cluster.follower().id;
      cluster.cut(id, to);
      expect(await cluster.failure(store.handOver(to))).toBeInstanceOf(OutcomeUnknownError);
      expect(cluster.leader().id).toBe(isToldByLeader[protocol] ? id : to);
    });
  });

  describe('that stops', () => {
    test('without leading waits for nothing', async () => {
      const cluster = elected();
      const startedAtMs = cluster.clock.nowMs();
      await cluster.value(cluster.follower().store.resign());
      expect(cluster.clock.nowMs()).toBe(startedAtMs);
    });

    test('as the last of its cluster waits for an election timeout at most', async () => {
      const cluster = elected();
      const { id, store } = cluster.leader();
      for (const other of cluster.members()) if (other.id !== id) cluster.crash(other.id);
      const startedAtMs = cluster.clock.nowMs();
      await cluster.value(store.resign());
      expect(cluster.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(1_000);
    });
  });
});
