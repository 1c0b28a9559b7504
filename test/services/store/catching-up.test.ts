/** Stale answers of nodes that were started again: none before they have applied what they had, whatever the protocol. */

import { describe, expect, test } from 'vitest';
import { NotCaughtUpError } from '../../../src/services/store/errors.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { type Cluster, createCluster } from './cluster.ts';

const stale = { consistency: 'stale' } as const;

describe.each(logProtocolNames)('a node of a store over %s', (protocol) => {
  const written = async (logLimits = {}): Promise<Cluster> => {
    const cluster = createCluster({ protocol, logLimits });
    cluster.elect();
    for (let place = 0; place < 40; place += 1) {
      await cluster.value(cluster.leader().keys.put(`k${place}`, new Uint8Array(200)));
    }
    return cluster;
  };
  const restartedAlone = async (cluster: Cluster): Promise<ReturnType<Cluster['restart']>> => {
    const ids = cluster.members().map(({ id }) => id);
    for (const id of ids) cluster.crash(id);
    return cluster.restart(ids[0] ?? '');
  };

  test.each([
    ['its log', {}],
    ['a snapshot and a log after it', { compactBeyondBytes: 4_000, retainBytes: 100 }],
  ])('that was started again without the others gives no stale answer from %s', async (_what, logLimits) => {
    const cluster = await written(logLimits);
    const alone = await restartedAlone(cluster);
    cluster.clock.advance(3_000);
    expect(alone.store.status().isCaughtUp).toBe(false);
    expect(await cluster.failure(alone.keys.get('k39', stale))).toBeInstanceOf(NotCaughtUpError);
    cluster.restart('n2');
    await cluster.until(() => alone.store.status().isCaughtUp);
    expect((await cluster.value(alone.keys.get('k39', stale)))?.value).toHaveLength(200);
  });

  test('gives none before anything was ever committed', async () => {
    const cluster = createCluster({ protocol });
    cluster.isolate('n1');
    expect(await cluster.failure(cluster.member('n1').keys.get('x', stale))).toBeInstanceOf(NotCaughtUpError);
  });

  test('that is started again is passed over by clients that reach others', async () => {
    const cluster = await written();
    const { id } = cluster.follower();
    const { revision } = cluster.leader().store.status();
    await cluster.until(() => cluster.members().every(({ store }) => store.status().revision === revision));
    cluster.crash(id);
    cluster.restart(id);
    for (const other of cluster.members()) {
      cluster.cut(id, other.id);
      cluster.cut(other.id, id);
    }
    const client = cluster.client();
    for (const key of ['k0', 'k20', 'k39']) {
      expect((await cluster.value(client.get(key, stale)))?.value).toHaveLength(200);
    }
  });
});
