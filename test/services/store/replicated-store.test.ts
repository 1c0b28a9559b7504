/** Stores over each log, whole clusters of them, on virtual time. */

import { describe, expect, test } from 'vitest';
import {
  MalformedRequestError,
  NotHappenedError,
  OutcomeUnknownError,
  OverloadedError,
  PreconditionFailedError,
  UnavailableError,
} from '../../../src/services/store/errors.ts';
import { createKeyValueMachine } from '../../../src/services/store/key-value/machine.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { logProtocols } from '../../../src/services/store/log/protocols.ts';
import { startReplicatedStore } from '../../../src/services/store/replicated-store.ts';
import { type Cluster, createCluster } from './cluster.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);
const read = async (cluster: Cluster, id: string, key: string): Promise<string> =>
  text((await cluster.value(cluster.member(id).keys.get(key)))?.value);
const followersOf = (cluster: Cluster): readonly string[] =>
  cluster
    .members()
    .map(({ id }) => id)
    .filter((id) => id !== cluster.leader().id);

describe.each(logProtocolNames)('over %s', (protocol) => {
  function elected(options: Parameters<typeof createCluster>[0] = {}): Cluster {
    const cluster = createCluster({ protocol, ...options });
    cluster.elect();
    return cluster;
  }

  describe('a single node', () => {
    test('stores, reads, swaps and deletes', async () => {
      const cluster = createCluster({ protocol, nodes: ['n1'] });
      const { keys } = cluster.member('n1');
      const { version } = await cluster.value(keys.put('greeting', bytes('hello')));
      expect(await cluster.value(keys.get('greeting'))).toEqual({ value: bytes('hello'), version });
      expect(await cluster.value(keys.compareAndSet('greeting', version + 9, bytes('no')))).toEqual({
        swapped: false,
        version,
      });
      const swap = await cluster.value(keys.compareAndSet('greeting', version, bytes('hi')));
      expect(swap).toMatchObject({ swapped: true });
      const failure = await cluster.failure(keys.put('greeting', bytes('no'), { condition: { type: 'absent' } }));
      expect(failure).toBeInstanceOf(PreconditionFailedError);
      expect(failure).toMatchObject({ actualVersion: swap.version });
      expect(await cluster.value(keys.delete('greeting'))).toEqual({ version: swap.version });
      expect(await cluster.value(keys.get('greeting'))).toBeUndefined();
    });

    test('finds everything again after a crash, and applies nothing twice', async () => {
      const cluster = createCluster({ protocol, nodes: ['n1'] });
      const { keys } = cluster.member('n1');
      await cluster.value(keys.put('a', bytes('x'), { idempotencyKey: 'once' }));
      const { version } = await cluster.value(keys.put('b', bytes('y')));
      cluster.crash('n1');
      const again = cluster.restart('n1');
      expect(await cluster.value(again.keys.get('b'))).toEqual({ value: bytes('y'), version });
      const repeated = await cluster.value(again.keys.put('a', bytes('x'), { idempotencyKey: 'once' }));
      expect(repeated.version).toBe(1);
    });
  });

  describe('three nodes', () => {
    test('each take writes and linearizable reads', async () => {
      const cluster = elected();
      for (const { id, keys } of cluster.members()) await cluster.value(keys.put(id, bytes(`from ${id}`)));
      for (const { id } of cluster.members()) {
        for (const key of ['n1', 'n2', 'n3']) expect(await read(cluster, id, key)).toBe(`from ${key}`);
      }
    });

    test('say who leads and how far they are', async () => {
      const cluster = elected();
      await cluster.value(cluster.follower().keys.put('a', bytes('x')));
      const leader = cluster.leader().id;
      await cluster.until(() => cluster.members().every(({ store }) => store.status().revision === 2));
      for (const { id, store } of cluster.members()) {
        const status = store.status();
        expect(status).toMatchObject({
          id,
          key: 'kv',
          role: id === leader ? 'leader' : expect.stringMatching(/^(follower|backup)$/),
          leader,
          peers: ['n1', 'n2', 'n3'].filter((it) => it !== id),
          sessions: 1,
          waiting: 0,
          inFlight: 0,
        });
        expect(status.appliedIndex).toBe(status.commitIndex);
        expect(status.lastIndex).toBeGreaterThanOrEqual(status.commitIndex);
      }
    });

    test('answer writes from many places in an order that all agree on', async () => {
      const cluster = elected();
      const writes = Array.from({ length: 300 }, (_, place) => {
        const member = cluster.members()[place % 3];
        return member?.keys.put(`k${place % 7}`, bytes(String(place)));
      });
      const results = await cluster.value(Promise.all(writes));
      const versions = results.map((result) => result?.version ?? 0);
      expect(new Set(versions).size).toBe(300);
      await cluster.until(() => cluster.members().every(({ store }) => store.status().revision === 303));
      for (let key = 0; key < 7; key += 1) {
        const answers = await cluster.value(
          Promise.all(cluster.members().map(({ keys }) => keys.get(`k${key}`, { consistency: 'stale' }))),
        );
        const latest = Math.max(...versions.filter((_, place) => place % 7 === key));
        expect(answers.map((answer) => answer?.version)).toEqual([latest, latest, latest]);
      }
    });

    test('answer from any node what was acknowledged by another', async () => {
      const cluster = elected();
      for (let round = 0; round < 20; round += 1) {
        const writer = cluster.members()[round % 3];
        const reader = cluster.members()[(round + 1) % 3];
        if (writer === undefined || reader === undefined) throw new Error('three nodes were started');
        await cluster.value(writer.keys.put('a', bytes(String(round))));
        expect(await read(cluster, reader.id, 'a')).toBe(String(round));
      }
    });
  });

  describe('when the leader crashes', () => {
    test('requests under way are asked again at the next one, as soon as it is known, and applied once', async () => {
      // So late would a lost answer be noticed by itself.
      const cluster = elected({ limits: { router: { attemptMs: 60_000 } } });
      const follower = cluster.follower();
      await cluster.value(follower.keys.put('warm', bytes('up')));
      const writes = Array.from({ length: 50 }, (_, place) =>
        follower.keys.put(`k${place}`, bytes('x'), { condition: { type: 'absent' }, deadlineMs: 20_000 }),
      );
      // Far enough for the requests to be in the leader's log, not for their answers to have come back.
      cluster.clock.advance(0.5);
      cluster.crash(cluster.leader().id);
      const versions = (await cluster.value(Promise.all(writes))).map(({ version }) => version);
      expect(new Set(versions).size).toBe(50);
      expect(follower.store.status().repeated).toBeGreaterThanOrEqual(50);
    });

    test('what an answer was lost of is applied once, though it was applied before', async () => {
      const cluster = elected();
      const follower = cluster.follower();
      const leader = cluster.leader();
      await cluster.value(follower.keys.put('warm', bytes('up')));
      cluster.cut(leader.id, follower.id);
      const write = follower.keys.put('a', bytes('x'), { condition: { type: 'absent' }, deadlineMs: 30_000 });
      // At once more than 3 where it was asked again meanwhile.
      await cluster.until(() => leader.store.status().revision >= 3);
      cluster.heal();
      const { version } = await cluster.value(write);
      expect(version).toBe(3);
      expect(follower.store.status().repeated).toBeGreaterThan(0);
    });

    test('a write that nobody can tell about ends as unknown, and shows later whether it happened', async () => {
      const cluster = elected();
      const leader = cluster.leader();
      await cluster.value(leader.keys.put('warm', bytes('up')));
      cluster.isolate(leader.id);
      const failure = await cluster.failure(leader.keys.put('a', bytes('x'), { deadlineMs: 300 }));
      expect(failure).toBeInstanceOf(OutcomeUnknownError);
      await cluster.until(() =>
        cluster.members().some(({ id, store }) => id !== leader.id && store.status().role === 'leader'),
      );
      const [other] = followersOfIsolated(cluster, leader.id);
      await cluster.value(other.keys.put('b', bytes('y')));
      cluster.heal();
      expect(await read(cluster, leader.id, 'a')).toBe('');
      expect(await read(cluster, leader.id, 'b')).toBe('y');
    });
  });

  const followersOfIsolated = (cluster: Cluster, isolated: string) => {
    const [first, ...rest] = cluster.members().filter(({ id }) => id !== isolated);
    if (first === undefined) throw new Error('nobody else is alive');
    return [first, ...rest] as const;
  };

  describe('without a majority', () => {
    test('writes and reads end in time, and did not happen', async () => {
      const cluster = elected();
      const [survivor, other] = followersOf(cluster);
      if (survivor === undefined || other === undefined) throw new Error('three nodes were started');
      cluster.crash(cluster.leader().id);
      cluster.crash(other);
      const { keys, store } = cluster.member(survivor);
      await cluster.until(() => store.status().leader === undefined);
      const startMs = cluster.clock.nowMs();
      const failures = await Promise.all([
        cluster.failure(keys.put('a', bytes('x'), { deadlineMs: 700 })),
        cluster.failure(keys.get('a', { deadlineMs: 700 })),
      ]);
      expect(cluster.clock.nowMs() - startMs).toBeLessThan(800);
      for (const failure of failures) {
        expect(failure).toBeInstanceOf(UnavailableError);
        expect(failure).toBeInstanceOf(NotHappenedError);
      }
    });

    test('stale reads are still answered', async () => {
      const cluster = elected();
      const follower = cluster.follower();
      await cluster.value(follower.keys.put('a', bytes('x')));
      await cluster.until(() => follower.store.status().revision === 2);
      cluster.isolate(follower.id);
      const answer = await cluster.value(follower.keys.get('a', { consistency: 'stale' }));
      expect(text(answer?.value)).toBe('x');
    });

    test('a leader that is cut off answers no linearizable read, however little time has passed', async () => {
      const cluster = elected();
      const leader = cluster.leader();
      await cluster.value(leader.keys.put('a', bytes('old')));
      cluster.isolate(leader.id);
      const answer = cluster.settled(leader.keys.get('a', { deadlineMs: 5_000 }));
      await cluster.until(() =>
        cluster.members().some(({ id, store }) => id !== leader.id && store.status().role === 'leader'),
      );
      expect((await answer).status).toBe('rejected');
    });
  });

  test.each(['k'.repeat(41), '漢'.repeat(40), '\ud800'])(
    'a store under a key that can name no file, %j, is refused',
    (key) => {
      const cluster = createCluster({ protocol, nodes: ['n1'] });
      const { node } = cluster.member('n1');
      const machine = createKeyValueMachine();
      expect(() =>
        startReplicatedStore({ node, key, machine, log: logProtocols[protocol].start({ voters: ['n1'] }) }),
      ).toThrow(MalformedRequestError);
    },
  );

  test('a proposal beyond the uncommitted bytes that are allowed did not happen', async () => {
    const cluster = elected({ logLimits: { maxUncommittedBytes: 5_000 } });
    const leader = cluster.leader();
    await cluster.value(leader.keys.put('warm', bytes('up')));
    const first = leader.keys.put('first', new Uint8Array(4_000), { deadlineMs: 20_000 });
    cluster.clock.advance(0.1);
    const failure = await cluster.failure(leader.keys.put('second', new Uint8Array(4_000)));
    expect(failure).toBeInstanceOf(OverloadedError);
    await cluster.value(first);
    expect(await read(cluster, leader.id, 'second')).toBe('');
    await cluster.value(leader.keys.put('second', new Uint8Array(4_000)));
  });

  test('more unflushed bytes than a node allows refuse a proposal, which did not happen', async () => {
    const cluster = elected({ flushDelayMs: 1, nodeLimits: { unflushedBytes: 4_000 } });
    const leader = cluster.leader();
    await cluster.value(leader.keys.put('warm', bytes('up')));
    leader.storage.stall();
    const first = leader.keys.put('first', new Uint8Array(8_000), { deadlineMs: 20_000 });
    cluster.clock.advance(0.1);
    expect(await cluster.failure(leader.keys.put('second', bytes('x')))).toBeInstanceOf(OverloadedError);
    leader.storage.resume();
    await cluster.value(first);
  });

  describe('compaction', () => {
    const limits = { compactBeyondBytes: 4_000, retainBytes: 100 };
    const fill = async (cluster: Cluster, from: number, to: number): Promise<void> => {
      for (let place = from; place < to; place += 1) {
        await cluster.value(cluster.leader().keys.put(`k${place}`, new Uint8Array(200).fill(place)));
      }
    };

    test('lets a node that was away catch up by a snapshot', async () => {
      const cluster = elected({ logLimits: limits });
      const away = cluster.follower().id;
      cluster.crash(away);
      cluster.elect();
      await fill(cluster, 0, 60);
      const back = cluster.restart(away);
      const { revision } = cluster.leader().store.status();
      await cluster.until(() => back.store.status().revision === revision && back.store.status().isCaughtUp);
      for (const place of [0, 30, 59]) {
        const answer = await cluster.value(back.keys.get(`k${place}`, { consistency: 'stale' }));
        expect(answer?.value).toEqual(new Uint8Array(200).fill(place));
      }
    });

    test('and a restart of everybody lose nothing, not even what answers repeated requests', async () => {
      const cluster = elected({ logLimits: limits });
      const once = { idempotencyKey: 'once' };
      const { version } = await cluster.value(cluster.leader().keys.put('once', bytes('x'), once));
      await fill(cluster, 0, 60);
      const ids = cluster.members().map(({ id }) => id);
      for (const id of ids) cluster.crash(id);
      for (const id of ids) cluster.restart(id);
      cluster.elect();
      const { keys } = cluster.follower();
      expect(await cluster.value(keys.put('once', bytes('x'), once))).toEqual({ version });
      for (const place of [0, 59]) {
        expect((await cluster.value(keys.get(`k${place}`)))?.value).toEqual(new Uint8Array(200).fill(place));
      }
      await fill(cluster, 60, 90);
      expect((await cluster.value(keys.get('k89')))?.version).toBeGreaterThan(version + 89);
    });
  });
});
