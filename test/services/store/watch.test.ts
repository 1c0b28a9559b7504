/** What changes, followed across a cluster. */

import { describe, expect, test } from 'vitest';
import { RevisionAheadError, RevisionForgottenError, StoreClosedError } from '../../../src/services/store/errors.ts';
import type { KeyValueStore, Update } from '../../../src/services/store/key-value/contract.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { type Cluster, createCluster } from './cluster.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (value: Uint8Array | null): string | null => value && new TextDecoder().decode(value);

/** What a watch has told so far. */
interface Watched {
  readonly updates: readonly Update[];
  /** Keys and values, in their order. */
  readonly told: readonly (readonly [string, string | null])[];
  error: unknown;
  isComplete: boolean;
  stop(): void;
}

function watched(keys: KeyValueStore, ...asked: Parameters<KeyValueStore['watch']>): Watched {
  const updates: Update[] = [];
  const watch: Watched = {
    updates,
    get told() {
      return updates.flatMap(({ changes }) => changes.map(({ key, value }) => [key, textOf(value)] as const));
    },
    error: undefined,
    isComplete: false,
    stop: () => subscription.unsubscribe(),
  };
  const subscription = keys.watch(...asked).subscribe({
    next: (update) => updates.push(update),
    error: (error: unknown) => {
      watch.error = error;
    },
    complete: () => {
      watch.isComplete = true;
    },
  });
  return watch;
}

describe.each(logProtocolNames)('over %s, a watch', (protocol) => {
  const elected = (more: Parameters<typeof createCluster>[0] = {}): Cluster => {
    const cluster = createCluster({ protocol, ...more });
    cluster.elect();
    return cluster;
  };
  const put = (cluster: Cluster, keys: KeyValueStore, key: string, value: string) =>
    cluster.value(keys.put(key, bytes(value), { deadlineMs: 30_000 }));

  test('tells each change once and in order, from the leader, from another node and at a client', async () => {
    const cluster = elected();
    const client = cluster.client();
    await put(cluster, client, 'a/0', 'before');
    const watches = [cluster.leader().keys, cluster.follower().keys, client].map((keys) =>
      watched(keys, { prefix: 'a/' }),
    );
    // It begins when it has asked what there was before.
    const { revision } = await cluster.value(client.count({}));
    for (let round = 0; round < 3; round += 1) await cluster.value(client.revision());
    for (let it = 1; it <= 20; it += 1) await put(cluster, client, it % 4 === 0 ? 'b' : `a/${it % 3}`, `${it}`);
    await cluster.value(client.delete('a/1'));
    const expected = Array.from({ length: 20 }, (_, at) => at + 1)
      .filter((it) => it % 4 !== 0)
      .map((it) => [`a/${it % 3}`, `${it}`]);
    await cluster.until(() => watches.every(({ told }) => told.length > expected.length));
    for (const { told, updates } of watches) {
      expect(told).toEqual([...expected, ['a/1', null]]);
      expect(updates.every((update, at) => update.revision > (updates[at - 1]?.revision ?? revision))).toBe(true);
    }
  });

  test('goes on where it was when the node that told it crashes, and another one leads', async () => {
    const cluster = elected();
    const client = cluster.client();
    const from = await cluster.value(client.revision());
    const watch = watched(client, {}, { after: from });
    for (let it = 0; it < 5; it += 1) await put(cluster, client, 'a', `${it}`);
    const { id } = cluster.leader();
    cluster.crash(id);
    for (let it = 5; it < 10; it += 1) await put(cluster, client, 'a', `${it}`);
    await cluster.until(() => watch.told.length >= 10);
    cluster.restart(id);
    await put(cluster, client, 'a', '10');
    await cluster.until(() => watch.told.length >= 11);
    expect(watch.told).toEqual(Array.from({ length: 11 }, (_, it) => ['a', `${it}`]));
  });

  test('of a transaction has all that it changed in one update', async () => {
    const cluster = elected();
    const { keys } = cluster.follower();
    const watch = watched(keys, {}, { after: await cluster.value(keys.revision()) });
    const { revision } = await cluster.value(
      keys.transaction({
        success: [
          { type: 'put', key: 'a', value: bytes('1') },
          { type: 'put', key: 'b', value: bytes('2') },
        ],
      }),
    );
    await cluster.until(() => watch.updates.length > 0);
    expect(watch.updates).toEqual([
      {
        revision,
        changes: [
          { key: 'a', revision, value: bytes('1') },
          { key: 'b', revision, value: bytes('2') },
        ],
      },
    ]);
  });
});

const putOne = (cluster: Cluster, key: string) =>
  cluster.value(cluster.leader().keys.put(key, bytes('1'), { deadlineMs: 30_000 }));

describe('a watch', () => {
  /** A cluster of which each node keeps ten changes. */
  const forgetful = (): Cluster => {
    const machine = () => createKeyValueMachine(undefined, { retention: { changes: 10, bytes: 100_000 } });
    const cluster = createCluster({ machine });
    cluster.elect();
    return cluster;
  };

  test('that begins too far back is told from where the store knows what has changed', async () => {
    const cluster = forgetful();
    const { keys } = cluster.leader();
    for (let it = 0; it < 15; it += 1) await cluster.value(keys.put('a', bytes(`${it}`)));
    const watch = watched(keys, {}, { after: 1 });
    await cluster.until(() => watch.error !== undefined);
    expect(watch.error).toBeInstanceOf(RevisionForgottenError);
    const { floor } = watch.error as RevisionForgottenError;
    const again = watched(keys, {}, { after: floor });
    await cluster.until(() => again.updates.length === 10);
    expect(again.updates[0]?.revision).toBeGreaterThan(floor);
  });

  test('whose reader is slower than the store forgets ends by name, and holds nothing meanwhile', async () => {
    const cluster = forgetful();
    const { keys } = cluster.leader();
    const updates = keys.updates({}, { after: await cluster.value(keys.revision()) })[Symbol.asyncIterator]();
    await cluster.value(keys.put('a', bytes('first')));
    expect(await cluster.value(updates.next())).toMatchObject({ value: { changes: [{ value: bytes('first') }] } });
    for (let it = 0; it < 15; it += 1) await cluster.value(keys.put('a', bytes(`${it}`)));
    expect(await cluster.failure(updates.next())).toBeInstanceOf(RevisionForgottenError);
  });

  test('from a revision that there has not been is refused by name', async () => {
    const cluster = forgetful();
    const watch = watched(cluster.leader().keys, {}, { after: 1_000_000 });
    await cluster.until(() => watch.error !== undefined);
    expect(watch.error).toBeInstanceOf(RevisionAheadError);
  });

  test('that is given up asks nothing more', async () => {
    const cluster = forgetful();
    const member = cluster.leader();
    const watch = watched(member.keys, {});
    await cluster.until(() => member.store.status().waiting === 1);
    watch.stop();
    await cluster.value(member.keys.put('a', bytes('1')));
    await cluster.until(() => member.store.status().waiting === 0);
    const untilMs = cluster.clock.nowMs() + 30_000;
    await cluster.until(() => cluster.clock.nowMs() > untilMs);
    expect(watch.updates).toEqual([]);
    expect(member.store.status().waiting).toBe(0);
  });

  test('ends by name when its store is closed', async () => {
    const cluster = forgetful();
    const { keys, store } = cluster.leader();
    const watch = watched(keys, {});
    await cluster.until(() => store.status().waiting === 1);
    store.close();
    await cluster.until(() => watch.error !== undefined);
    expect(watch.error).toBeInstanceOf(StoreClosedError);
  });

  test('is one question that waits, and one more than may wait is refused until there is room', async () => {
    const cluster = createCluster({ limits: { server: { waitingQuestions: 2 } } });
    cluster.elect();
    const { keys, store } = cluster.leader();
    const watches = ['a', 'b', 'c'].map((key) => watched(keys, { key }));
    await cluster.until(() => store.status().waiting === 2);
    for (const key of ['a', 'b', 'c']) await cluster.value(keys.put(key, bytes(key)));
    watches[0]?.stop();
    await cluster.until(() => watches[2]?.updates.length === 1);
    expect(watches[1]?.updates.length).toBe(1);
  });

  test('shares its question with those of the same keys, also once one of them was slower', async () => {
    const cluster = createCluster();
    cluster.elect();
    const { keys, store } = cluster.leader();
    const after = await cluster.value(keys.revision());
    const watches = Array.from({ length: 50 }, () => watched(keys, { prefix: 'a' }, { after }));
    const slow = keys.updates({ prefix: 'a' }, { after })[Symbol.asyncIterator]();
    const first = slow.next();
    await cluster.until(() => store.status().waiting === 1);
    for (let it = 0; it < 5; it += 1) await putOne(cluster, `a${it}`);
    await cluster.until(() => watches.every(({ updates }) => updates.length === 5) && store.status().waiting === 1);
    const told = [await cluster.value(first)];
    for (let it = 1; it < 5; it += 1) told.push(await cluster.value(slow.next()));
    const next = slow.next();
    await cluster.until(() => store.status().waiting === 1);
    await putOne(cluster, 'a5');
    told.push(await cluster.value(next));
    await cluster.until(() => watches.every(({ updates }) => updates.length === 6));
    const expected = [0, 1, 2, 3, 4, 5].map((it) => `a${it}`);
    for (const watch of watches) expect(watch.told.map(([key]) => key)).toEqual(expected);
    expect(told.flatMap(({ value }) => value?.changes ?? []).map(({ key }) => key)).toEqual(expected);
  });

  test('of a client that has its share of those that may wait takes no place of another client', async () => {
    const cluster = createCluster({ limits: { server: { waitingQuestions: 10, waitingQuestionsOfOne: 3 } } });
    cluster.elect();
    const [greedy, other] = [cluster.client(), cluster.client()];
    // Those of the same keys would be one question.
    const many = Array.from({ length: 40 }, (_, at) => watched(greedy, { prefix: 'a', to: `b${at}` }));
    const waiting = (): number => cluster.members().reduce((sum, { store }) => sum + store.status().waiting, 0);
    await cluster.until(() => waiting() >= 10);
    const one = watched(other, { key: 'a' });
    const own = watched(cluster.leader().keys, { key: 'a' });
    const begunMs = cluster.clock.nowMs();
    let least = Number.POSITIVE_INFINITY;
    await cluster.until(() => {
      // By then all have asked for changes; those that are refused ask again now and then.
      if (cluster.clock.nowMs() > begunMs + 1_000) least = Math.min(least, waiting());
      return cluster.clock.nowMs() > begunMs + 5_000;
    });
    expect(least).toBe(3 + 1 + 1);
    await putOne(cluster, 'a');
    await cluster.until(() => one.updates.length === 1 && own.updates.length === 1);
    await cluster.until(() => many.every(({ updates }) => updates.length === 1));
  });

  test('by one that connects to a node restored from a snapshot misses nothing', async () => {
    const cluster = createCluster({ logLimits: { compactBeyondBytes: 2_000, retainBytes: 500 } });
    cluster.elect();
    const { keys } = cluster.leader();
    const { id } = cluster.follower();
    const from = await cluster.value(keys.revision());
    cluster.crash(id);
    for (let it = 0; it < 60; it += 1) await cluster.value(keys.put('a', bytes(`${it} ${'x'.repeat(200)}`)));
    const watch = watched(cluster.restart(id).keys, {}, { after: from });
    await cluster.until(() => watch.updates.length === 60);
    expect(watch.told.map(([, value]) => Number.parseInt(value ?? '', 10))).toEqual(
      Array.from({ length: 60 }, (_, it) => it),
    );
  });
});
