/** Clients on the in-memory bus, under virtual time. */

import { describe, expect, test } from 'vitest';
import {
  KeyLimitError,
  OutcomeUnknownError,
  OverloadedError,
  StoreClosedError,
  UnavailableError,
  ValueLimitError,
} from '../../../src/services/store/errors.ts';
import { encodeCommand, valueLimitBytes } from '../../../src/services/store/key-value/commands.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { type Cluster, createCluster } from './cluster.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each(logProtocolNames)('over %s', (protocol) => {
  function elected(): Cluster {
    const cluster = createCluster({ protocol });
    cluster.elect();
    return cluster;
  }

  describe('a client', () => {
    test('stores, reads, swaps and deletes', async () => {
      const cluster = elected();
      const client = cluster.client();
      const { version } = await cluster.value(client.put('a', bytes('x')));
      expect(await cluster.value(client.get('a'))).toEqual({ value: bytes('x'), version });
      const swap = await cluster.value(client.compareAndSet('a', version, bytes('y')));
      expect(swap.swapped).toBe(true);
      expect(await cluster.value(client.compareAndSet('a', version, bytes('z')))).toEqual({
        swapped: false,
        version: swap.version,
      });
      expect(await cluster.value(client.delete('a'))).toEqual({ version: swap.version });
      expect(await cluster.value(client.get('a'))).toBeUndefined();
      await client.close();
    });

    test('learns who leads, and asks there from then on', async () => {
      const cluster = elected();
      const client = cluster.client();
      await cluster.value(client.put('a', bytes('x')));
      const repeatedAtFirst = client.repeated;
      for (let place = 0; place < 10; place += 1) await cluster.value(client.put(`k${place}`, bytes('x')));
      expect(client.repeated).toBe(repeatedAtFirst);
      expect(cluster.members().every(({ store }) => store.status().inFlight === 0)).toBe(true);
    });

    test('that reaches only a follower has its requests passed on', async () => {
      const cluster = elected();
      const client = cluster.client({ reaches: [cluster.follower().id] });
      const writes = Array.from({ length: 100 }, (_, place) => client.put(`k${place}`, bytes(String(place))));
      const versions = (await cluster.value(Promise.all(writes))).map(({ version }) => version);
      expect(new Set(versions).size).toBe(100);
      expect((await cluster.value(client.get('k99')))?.value).toEqual(bytes('99'));
    });

    test('pipelines: requests that are made together share a round', async () => {
      const cluster = elected();
      const client = cluster.client();
      await cluster.value(client.put('warm', bytes('up')));
      const lastIndex = cluster.leader().store.status().lastIndex;
      const writes = Array.from({ length: 200 }, (_, place) => client.put(`k${place}`, bytes('x')));
      await cluster.value(Promise.all(writes));
      expect(cluster.leader().store.status().lastIndex - lastIndex).toBe(1);
    });

    test('goes on with the next leader, and nothing is applied twice', async () => {
      const cluster = elected();
      const client = cluster.client();
      await cluster.value(client.put('warm', bytes('up')));
      const writes = Array.from({ length: 50 }, (_, place) =>
        client.put(`k${place}`, bytes('x'), { condition: { type: 'absent' }, deadlineMs: 20_000 }),
      );
      cluster.clock.advance(0.5);
      cluster.crash(cluster.leader().id);
      const versions = (await cluster.value(Promise.all(writes))).map(({ version }) => version);
      expect(new Set(versions).size).toBe(50);
      expect(client.repeated).toBeGreaterThanOrEqual(50);
    });

    test('notices a leader that is silent without being disconnected', async () => {
      const cluster = elected();
      const client = cluster.client();
      await cluster.value(client.put('warm', bytes('up')));
      const silent = cluster.leader().id;
      cluster.isolate(silent);
      const { version } = await cluster.value(client.put('a', bytes('x'), { deadlineMs: 20_000 }));
      cluster.heal();
      expect((await cluster.value(cluster.member(silent).keys.get('a')))?.version).toBe(version);
    });

    test('is told, without a majority, that its request did not happen', async () => {
      const cluster = elected();
      const client = cluster.client();
      await cluster.value(client.put('warm', bytes('up')));
      const survivor = cluster.follower();
      for (const { id } of cluster.members()) if (id !== survivor.id) cluster.crash(id);
      await cluster.until(() => survivor.store.status().leader === undefined);
      const startMs = cluster.clock.nowMs();
      expect(await cluster.failure(client.put('a', bytes('x'), { deadlineMs: 1_000 }))).toBeInstanceOf(
        UnavailableError,
      );
      expect(cluster.clock.nowMs() - startMs).toBeLessThan(1_100);
    });

    test('is told that nobody knows, when its request was under way', async () => {
      const cluster = elected();
      const client = cluster.client();
      await cluster.value(client.put('warm', bytes('up')));
      for (const { id } of cluster.members()) cluster.cut(id, 'client-1');
      const failure = await cluster.failure(client.put('a', bytes('x'), { deadlineMs: 2_500 }));
      expect(failure).toBeInstanceOf(OutcomeUnknownError);
      cluster.heal();
      expect((await cluster.value(client.get('a')))?.value).toEqual(bytes('x'));
    });

    test('is told that nobody knows, when everybody was lost while its request was under way', async () => {
      const cluster = elected();
      const client = cluster.client();
      await cluster.value(client.put('warm', bytes('up')));
      const write = client.put('a', bytes('x'), { deadlineMs: 3_000 });
      cluster.clock.advance(0);
      for (const { id } of cluster.members()) cluster.crash(id);
      expect(await cluster.failure(write)).toBeInstanceOf(OutcomeUnknownError);
    });

    test('takes no more requests at once than it may', async () => {
      const cluster = elected();
      const client = cluster.client({ inFlight: 4 });
      const settled = cluster.settled(Promise.all([1, 2, 3, 4].map((key) => client.put(`k${key}`, bytes('x')))));
      await expect(client.put('one more', bytes('x'))).rejects.toBeInstanceOf(OverloadedError);
      expect((await settled).status).toBe('fulfilled');
      expect(client.inFlight).toBe(0);
    });

    test('refuses keys and values beyond the limits before they are sent', async () => {
      const cluster = elected();
      const client = cluster.client();
      await expect(client.get('')).rejects.toBeInstanceOf(KeyLimitError);
      await expect(client.put('a', new Uint8Array(valueLimitBytes + 1))).rejects.toBeInstanceOf(ValueLimitError);
      const largest = new Uint8Array(valueLimitBytes).fill(7);
      await cluster.value(client.put('a', largest));
      const answer = await cluster.value(client.get('a'));
      expect(Buffer.compare(answer?.value ?? bytes(''), largest)).toBe(0);
    });

    test('that is closed ends what is under way', async () => {
      const cluster = elected();
      const client = cluster.client();
      const failure = cluster.failure(client.put('a', bytes('x')));
      await client.close();
      expect(await failure).toBeInstanceOf(StoreClosedError);
      await expect(client.get('a')).rejects.toBeInstanceOf(StoreClosedError);
    });

    test('that is closed leaves no session behind', async () => {
      const cluster = elected();
      const [first] = cluster.members();
      const client = cluster.client();
      await cluster.value(client.put('a', bytes('x')));
      const before = first?.store.status().sessions ?? 0;
      await client.close();
      await cluster.until(() => first?.store.status().sessions === before - 1);
    });

    test('loses neither its session nor a request to another one that guesses sessions', async () => {
      const cluster = elected();
      const client = cluster.client();
      await cluster.value(client.put('a', bytes('mine')));
      const { node, store } = cluster.leader();
      const before = store.status().sessions;
      const guesser = node.open('stranger', '', {});
      const command = encodeCommand({ type: 'put', key: 'b', value: bytes('theirs') });
      const requests = Array.from({ length: 100 }, (_, session) => [
        { id: 2 * session, waitMs: 1, body: { type: 'command', session, sequence: 2, lowestUnanswered: 1, command } },
        { id: 2 * session + 1, waitMs: 1, body: { type: 'close', session } },
      ]).flat();
      guesser.send(`${node.id}/store/kv`, Object.assign({ type: 'requests' }, { forward: false, requests }));
      await cluster.value(client.put('a', bytes('mine, too')));
      expect((await cluster.value(client.get('a')))?.value).toEqual(bytes('mine, too'));
      expect(await cluster.value(client.get('b'))).toBeUndefined();
      expect(store.status().sessions).toBe(before);
    });

    test('that nobody answers says so in time', async () => {
      const cluster = elected();
      const client = cluster.client({ reaches: [] });
      expect(await cluster.failure(client.connected(500))).toBeInstanceOf(UnavailableError);
      expect(await cluster.failure(client.put('a', bytes('x'), { deadlineMs: 500 }))).toBeInstanceOf(UnavailableError);
    });
  });

  test('a store refuses what is no request, and goes on', async () => {
    const cluster = elected();
    const { node, store } = cluster.leader();
    const stranger = node.open('stranger', '', {});
    const refused: string[] = [];
    node.inspection.subscribe((event) => {
      if (event.type === 'refused') refused.push(event.reason);
    });
    const requests = [
      [
        {
          id: 1,
          waitMs: 1,
          body: { type: 'command', session: 1, sequence: 1, lowestUnanswered: 2, command: bytes('') },
        },
      ],
      [{ id: -1, waitMs: 1, body: { type: 'register' } }],
      [{ id: 1, waitMs: Number.NaN, body: { type: 'register' } }],
      [{ id: 1, waitMs: 1, body: { type: 'destroy' } }],
      [7],
    ];
    for (const run of requests) {
      const message = { type: 'requests', forward: false, requests: run };
      stranger.send(`${node.id}/store/kv`, message);
    }
    expect(refused).toHaveLength(requests.length);
    expect(refused.every((reason) => reason.includes('malformed at requests'))).toBe(true);
    expect(store.status().waiting).toBe(0);
  });
});
