/** Reads that a node answers which does not lead, and stale ones that may not be older than some time. */

import { describe, expect, test } from 'vitest';
import { TooStaleError } from '../../../src/services/store/errors.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { createDesk } from '../../../src/services/store/requests/desk.ts';
import type { Done } from '../../../src/services/store/requests/requester.ts';
import { FollowerReads } from '../../../src/services/store/server/follower-reads.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type Cluster, createCluster, type Member } from './cluster.ts';

const encoder = new TextEncoder();
const textOf = (found: { readonly value: Uint8Array } | undefined): string => new TextDecoder().decode(found?.value);
const follower = { consistency: 'follower' } as const;
const within = (maxStalenessMs: number, deadlineMs = 1_000) =>
  ({ consistency: 'stale', maxStalenessMs, deadlineMs }) as const;

describe.each(logProtocolNames)('over %s', (protocol) => {
  const begun = async (): Promise<{ cluster: Cluster; near: Member }> => {
    const cluster = createCluster({ protocol });
    cluster.elect();
    await cluster.value(cluster.leader().keys.put('x', encoder.encode('old')));
    return { cluster, near: cluster.follower() };
  };

  test('a read at a follower holds every write that was acknowledged before', async () => {
    const { cluster, near } = await begun();
    for (let value = 0; value < 20; value += 1) {
      await cluster.value(cluster.leader().keys.put('x', encoder.encode(String(value))));
      expect(textOf(await cluster.value(near.keys.get('x', follower)))).toBe(String(value));
    }
  });

  test('a read at a follower that reaches no leader is not answered', async () => {
    const { cluster, near } = await begun();
    cluster.isolate(near.id);
    const read = near.keys.get('x', { ...follower, deadlineMs: 400 });
    expect(await cluster.failure(read)).toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('a read at a follower may be asked of the leader, and of a client', async () => {
    const { cluster, near } = await begun();
    expect(textOf(await cluster.value(cluster.leader().keys.get('x', follower)))).toBe('old');
    const client = cluster.client({ reaches: [near.id] });
    await cluster.value(client.connected(1_000));
    expect(textOf(await cluster.value(client.get('x', follower)))).toBe('old');
    expect(textOf(await cluster.value(client.get('x', within(0))))).toBe('old');
    await cluster.value(client.close());
  });

  test('a stale read with a bound holds what was acknowledged before that', async () => {
    const { cluster, near } = await begun();
    await cluster.value(near.keys.get('x', within(0)));
    cluster.clock.advance(500);
    await cluster.value(cluster.leader().keys.put('x', encoder.encode('new')));
    cluster.clock.advance(200);
    expect(textOf(await cluster.value(near.keys.get('x', within(150))))).toBe('new');
  });

  test('a stale read whose bound nothing shows is refused by name', async () => {
    const { cluster, near } = await begun();
    await cluster.value(near.keys.get('x', within(0)));
    cluster.isolate(near.id);
    cluster.clock.advance(300);
    expect(await cluster.failure(near.keys.get('x', within(200)))).toBeInstanceOf(TooStaleError);
  });
});

describe('over a log that loses nothing', () => {
  test('a stale read is answered by the node itself, as long as its last word with the leader is recent enough', async () => {
    const cluster = createCluster();
    cluster.elect();
    await cluster.value(cluster.leader().keys.put('x', encoder.encode('old')));
    const near = cluster.follower();
    await cluster.value(near.keys.get('x', within(0)));
    cluster.isolate(near.id);
    await cluster.value(cluster.leader().keys.put('x', encoder.encode('new')));
    cluster.clock.advance(300);
    expect(textOf(await cluster.value(near.keys.get('x', within(2_000))))).toBe('old');
    expect(textOf(await cluster.value(near.keys.get('x', { consistency: 'stale' })))).toBe('old');
  });

  test('a follower answers by itself: the leader is asked for an index, and not for the value', async () => {
    const cluster = createCluster();
    cluster.elect();
    await cluster.value(cluster.leader().keys.put('x', encoder.encode('old')));
    const near = cluster.follower();
    const before = near.store.status().repeated;
    const reads = Array.from({ length: 50 }, () => near.keys.get('x', follower));
    for (const found of await cluster.value(Promise.all(reads))) expect(textOf(found)).toBe('old');
    expect(near.store.status().repeated).toBe(before);
  });
});

describe('the reads that wait at a follower', () => {
  /** A follower whose state has come to entry 5, and what it has asked and answered. */
  const follows = () => {
    const clock = createVirtualClock();
    const state = { appliedIndex: 5, isRestoring: false };
    const asked: Done[] = [];
    const answered: number[] = [];
    const desk = createDesk();
    const reads = new FollowerReads({
      clock,
      log: { leader: 'n1' },
      replica: state,
      desk,
      limits: { waitingRequests: 10 },
      askLeader: (_body, _deadlineAtMs, done) => void asked.push(done),
      answer: ({ id }) => void answered.push(id),
    });
    const take = (id: number): void => {
      const body = { type: 'query', question: null, stale: false, how: 'follower' } as const;
      desk.enter(body);
      reads.take({
        id,
        body,
        sink: { isOwn: true, push() {}, flush() {}, hasRoom: true, whenRoom() {} },
        expiresAtMs: 1_000,
      });
      reads.ask();
    };
    return { reads, state, asked, answered, take };
  };

  test('are answered once the state has come to the index of the leader, and is not being restored', () => {
    const { reads, state, asked, answered, take } = follows();
    take(1);
    asked[0]?.(undefined, 7);
    expect(answered).toEqual([]);
    Object.assign(state, { appliedIndex: 7, isRestoring: true });
    reads.advanced();
    expect(answered).toEqual([]);
    state.isRestoring = false;
    reads.advanced();
    expect(answered).toEqual([1]);
  });

  test('share an asking that begins after they came', () => {
    const { asked, answered, take } = follows();
    for (const id of [1, 2, 3]) take(id);
    expect(asked).toHaveLength(1);
    asked[0]?.(undefined, 5);
    expect(answered).toEqual([1]);
    expect(asked).toHaveLength(2);
    asked[1]?.(undefined, 5);
    expect(answered).toEqual([1, 2, 3]);
  });
});

test.each([
  { consistency: 'linearizable', maxStalenessMs: 5 },
  { consistency: 'stale', maxStalenessMs: -1 },
  { consistency: 'stale', maxStalenessMs: 0.5 },
] as const)('a bound that makes no sense is refused: %o', async (options) => {
  const cluster = createCluster();
  cluster.elect();
  expect(await cluster.failure(cluster.leader().keys.get('x', options))).toMatchObject({ code: 'MALFORMED_REQUEST' });
});
