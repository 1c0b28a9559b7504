import { expect, test } from 'vitest';
import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createNode } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { openEmbeddedStore } from '../../../src/resources/embedded/store.ts';
import { createTransactionManager, transactionDefinitions } from '../../../src/services/transactions.ts';
import { createMachineClock } from '../../../src/simulator/machine-clock.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { pump } from './bank.ts';

/** Two stores in a journal of their own, and a node that may be restarted without its manager. */
function createPlace() {
  const time = createVirtualClock();
  const storageOf = (node: string) =>
    createMemoryStorage({ node, clock: time, ids: seededIds(seededRandomness(1).stream(node)), flushDelayMs: 1 });
  const own = storageOf('n1');
  const databases = storageOf('databases');
  let lives = 0;
  const boot = () => {
    lives += 1;
    const clock = createMachineClock(time);
    const randomness = seededRandomness(lives);
    const environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
    const journal = databases.open();
    const stores = {
      north: openEmbeddedStore({ journal, clock, name: 'north' }),
      south: openEmbeddedStore({ journal, clock, name: 'south' }),
    };
    const node = createNode({
      id: 'n1',
      bus: createMemoryNetwork({ clock }).join('n1'),
      journal: own.open(),
      environment,
      resources: stores,
      definitions: transactionDefinitions,
    });
    const crash = (): void => {
      clock.kill();
      own.crash();
      databases.crash();
    };
    return { stores, manager: () => createTransactionManager({ node, environment }), crash };
  };
  const step = async (): Promise<void> => {
    if (!time.runNext()) throw new Error('nothing is pending');
    await pump();
  };
  const pass = async (ms: number): Promise<void> => {
    const untilMs = time.nowMs() + ms;
    for (let nextMs = time.nextAtMs(); nextMs !== undefined && nextMs <= untilMs; nextMs = time.nextAtMs())
      await step();
  };
  const value = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await pump();
    const untilMs = time.nowMs() + 600_000;
    while (!isSettled) {
      if (time.nowMs() > untilMs) throw new Error('not settled within 10 virtual minutes');
      await step();
    }
    return promise;
  };
  return { boot, pass, step, value };
}

test.each([0, 100, 60_000])(
  'a key of a commit that was told just before a crash holds when the manager is made %i ms after its node',
  async (waitMs) => {
    const place = createPlace();
    const first = place.boot();
    const manager = await place.value(first.manager());
    let told: string | undefined;
    void manager
      .transact(
        async ({ north, south }) => {
          await north.put('count', 1);
          await south.put('count', 1);
        },
        { idempotencyKey: 'once' },
      )
      .then(({ transaction }) => {
        told = transaction;
      });
    await pump();
    while (told === undefined) await place.step();
    first.crash();

    const second = place.boot();
    await place.pass(waitMs);
    const later = await place.value(second.manager());
    const repeated = await place.value(
      later.transact(({ north }) => north.put('count', 2), { idempotencyKey: 'once' }),
    );
    expect(repeated).toMatchObject({ isRepeated: true, transaction: told });
    expect(await place.value(later.outcome(told))).toMatchObject({ outcome: 'committed' });
    await place.pass(1_000);
    expect([second.stores.north.peek('count'), second.stores.south.peek('count')]).toEqual([1, 1]);
  },
);
