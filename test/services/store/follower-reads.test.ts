/** Reads that a node answers which does not lead, and stale ones that may not be older than some time. */

import { describe, expect, test } from 'vitest';
import { TooStaleError } from '../../../src/services/store/errors.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
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

test.each([
  { consistency: 'linearizable', maxStalenessMs: 5 },
  { consistency: 'stale', maxStalenessMs: -1 },
  { consistency: 'stale', maxStalenessMs: 0.5 },
] as const)('a bound that makes no sense is refused: %o', async (options) => {
  const cluster = createCluster();
  cluster.elect();
  expect(await cluster.failure(cluster.leader().keys.get('x', options))).toMatchObject({ code: 'MALFORMED_REQUEST' });
});
