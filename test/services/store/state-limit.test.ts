/** The limit on a state: nothing takes it beyond, and nothing that fits is refused, whichever protocol keeps the log. */

import { describe, expect, test } from 'vitest';
import { StoreFullError } from '../../../src/services/store/errors.ts';
import { logProtocolNames } from '../../../src/services/store/log/protocol-names.ts';
import { type Cluster, createCluster } from './cluster.ts';

/** What a key takes beside its text and its value. */
const overheadBytes = 24;
const stateBytes = 1_000;
const limits = { server: { stateBytes } };

const sizesOf = (cluster: Cluster): readonly number[] =>
  cluster.members().map(({ store }) => store.status().stateBytes ?? Number.NaN);

describe.each(logProtocolNames)('a store over %s with a limit of 1,000 bytes', (protocol) => {
  const elected = (): Cluster => {
    const cluster = createCluster({ protocol, limits });
    cluster.elect();
    return cluster;
  };

  test('takes what fills it to the last byte, and not one more', async () => {
    const cluster = elected();
    const { keys, store } = cluster.leader();
    const room = stateBytes - overheadBytes - 1;
    const failure = await cluster.failure(keys.put('a', new Uint8Array(room + 1)));
    expect(failure).toBeInstanceOf(StoreFullError);
    expect(String(failure)).toContain('of 1000');
    await cluster.value(keys.put('a', new Uint8Array(room)));
    expect(store.status().stateBytes).toBe(stateBytes);
    expect(await cluster.failure(keys.put('b', new Uint8Array(0)))).toBeInstanceOf(StoreFullError);
    expect(await cluster.failure(keys.put('a', new Uint8Array(room + 1)))).toBeInstanceOf(StoreFullError);
  });

  test('that is full takes what does not grow it', async () => {
    const cluster = elected();
    const { keys } = cluster.follower();
    const room = stateBytes - overheadBytes - 1;
    await cluster.value(keys.put('a', new Uint8Array(room)));
    await cluster.value(keys.put('a', new Uint8Array(room).fill(1)));
    await cluster.value(keys.put('a', new Uint8Array(room - overheadBytes - 1)));
    await cluster.value(keys.put('b', new Uint8Array(0)));
    expect(await cluster.failure(keys.put('c', new Uint8Array(0)))).toBeInstanceOf(StoreFullError);
    await cluster.value(keys.delete('b'));
    await cluster.value(keys.put('c', new Uint8Array(0)));
  });

  test('is taken beyond it neither by writes that come together nor by a change of leaders', async () => {
    const cluster = elected();
    let largest = 0;
    const watch = (): boolean => {
      largest = Math.max(largest, ...sizesOf(cluster));
      return false;
    };
    const put = (round: number): Promise<PromiseSettledResult<unknown>[]> =>
      Promise.allSettled(
        Array.from({ length: 40 }, (_, at) =>
          cluster.members()[at % cluster.members().length]?.keys.put(`${round}-${at}`, new Uint8Array(60), {
            deadlineMs: 20_000,
          }),
        ),
      );
    for (let round = 0; round < 3; round += 1) {
      const writes = put(round);
      const { id } = cluster.leader();
      cluster.clock.advance(round * 2);
      cluster.crash(id);
      let isOver = false;
      void writes.then(() => {
        isOver = true;
      });
      await cluster.until(() => watch() || isOver);
      cluster.restart(id);
      cluster.elect();
      await cluster.until(() => cluster.members().every(({ store }) => store.status().isCaughtUp));
      watch();
    }
    expect(largest).toBeLessThanOrEqual(stateBytes);
    expect(largest).toBeGreaterThan(stateBytes - 100);
  });
});

test('a state machine that cannot tell how much a command grows it is never taken beyond its limit either', async () => {
  let state = 0;
  const cluster = createCluster({
    limits,
    machine: () => ({
      apply: (command) => {
        state = Math.max(state, command[0] ?? 0);
        return state;
      },
      get sizeBytes() {
        return 980;
      },
      snapshot: () => Uint8Array.of(state),
      restore: ([first = 0]) => {
        state = first;
      },
    }),
  });
  cluster.elect();
  expect(await cluster.failure(cluster.leader().store.execute(Uint8Array.of(1)))).toBeInstanceOf(StoreFullError);
});
