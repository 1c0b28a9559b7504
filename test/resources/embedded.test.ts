import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { createMemoryStorage } from '../../src/journal/memory.ts';
import type { Branch } from '../../src/resources/branch.ts';
import {
  type EmbeddedStore,
  type EmbeddedStoreOptions,
  openEmbeddedStore,
} from '../../src/resources/embedded/store.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

const timeoutMs = 1_000;
const at = (transaction: number | string): Branch => ({
  manager: 'm1',
  transaction: `t${transaction}`,
  branch: 'store',
});

function createWorld(options: Partial<EmbeddedStoreOptions> = {}, flushDelayMs = 5) {
  const clock = createVirtualClock();
  const ids = seededIds(seededRandomness(1).stream('ids'));
  const storage = createMemoryStorage({ node: 'n1', clock, ids, flushDelayMs });
  let journal: Journal;
  const open = (): EmbeddedStore => {
    journal = storage.open();
    return openEmbeddedStore({ journal, clock, ...options });
  };
  return {
    clock,
    storage,
    open,
    journal: () => journal,
    crash(): EmbeddedStore {
      storage.crash();
      return open();
    },
    /** Lets virtual time pass until the promise settles. */
    async settled<T>(promise: Promise<T>): Promise<T> {
      let isSettled = false;
      const mark = (): void => {
        isSettled = true;
      };
      promise.then(mark, mark);
      for (let step = 0; !isSettled; step += 1) {
        if (step > 100_000) throw new Error('the promise does not settle');
        await new Promise((resolve) => setImmediate(resolve));
        if (!isSettled) clock.runNext();
      }
      return promise;
    },
  };
}

describe('the embedded store', () => {
  test('votes after one flush, and takes effect after another', async () => {
    const world = createWorld({}, 7);
    const store = world.open();
    const session = await store.begin(at(1), { timeoutMs });
    await session.put('a', 1);
    const voted = session.prepare({ timeoutMs });
    expect(await world.settled(voted)).toEqual({ type: 'yes' });
    expect(world.clock.nowMs()).toBe(7);
    const committed = store.commit(at(1), { timeoutMs });
    await world.settled(committed);
    expect(world.clock.nowMs()).toBe(14);
    expect(store.peek('a')).toBe(1);
  });

  test('says that it is prepared only when that survives a crash', async () => {
    const world = createWorld();
    const store = world.open();
    const session = await store.begin(at(1), { timeoutMs });
    await session.put('a', 1);
    world.storage.stall();
    expect(await world.settled(session.prepare({ timeoutMs: 50 }))).toMatchObject({ type: 'unknown' });
    expect(await world.settled(store.outcomeOf(at(1), { timeoutMs: 50 }))).toMatchObject({ type: 'unknown' });
    expect(await store.prepared('m1', { timeoutMs })).toEqual([]);
    world.storage.resume();
    const after = world.crash();
    expect(await world.settled(after.outcomeOf(at(1), { timeoutMs }))).toEqual({ type: 'absent' });
    expect(await world.settled(after.rollback(at(1), { timeoutMs }))).toEqual({ type: 'done' });
  });

  test('shows nothing of a commit before it is durable, and has it prepared after a crash until then', async () => {
    const world = createWorld();
    const store = world.open();
    const session = await store.begin(at(1), { timeoutMs });
    await session.put('a', 1);
    await world.settled(session.prepare({ timeoutMs }));
    world.storage.stall();
    expect(await world.settled(store.commit(at(1), { timeoutMs: 50 }))).toMatchObject({ type: 'unknown' });
    expect(store.peek('a')).toBeUndefined();
    world.storage.resume();
    const after = world.crash();
    expect(after.peek('a')).toBeUndefined();
    expect(await world.settled(after.outcomeOf(at(1), { timeoutMs }))).toEqual({ type: 'prepared' });
    expect(await world.settled(after.commit(at(1), { timeoutMs }))).toEqual({ type: 'done' });
    expect(after.peek('a')).toBe(1);
  });

  test('votes no in a deadlock at once, and lets the other branch go on', async () => {
    const world = createWorld();
    const store = world.open();
    const [one, two] = [await store.begin(at(1), { timeoutMs }), await store.begin(at(2), { timeoutMs })];
    await one.put('a', 1);
    await two.put('b', 2);
    const waiting = one.put('b', 1);
    await expect(two.get('a')).rejects.toMatchObject({ code: 'LOCK', message: expect.stringContaining('deadlock') });
    expect(await two.prepare({ timeoutMs })).toMatchObject({ type: 'no', reason: expect.stringContaining('deadlock') });
    await waiting;
    expect(await world.settled(one.prepare({ timeoutMs }))).toEqual({ type: 'yes' });
    expect(world.clock.nowMs()).toBeLessThan(timeoutMs);
  });

  test('finds a deadlock of two readers that both want to write', async () => {
    const world = createWorld();
    const store = world.open();
    const [one, two] = [await store.begin(at(1), { timeoutMs }), await store.begin(at(2), { timeoutMs })];
    await one.get('a');
    await two.get('a');
    const waiting = one.put('a', 1);
    await expect(two.put('a', 2)).rejects.toMatchObject({ code: 'LOCK' });
    await two.rollback();
    await waiting;
    expect(await world.settled(one.commitDirectly({ timeoutMs }))).toEqual({ type: 'committed' });
    expect(store.peek('a')).toBe(1);
  });

  test('bounds the wait for a lock by the time of the branch, and names who holds it', async () => {
    const world = createWorld();
    const store = world.open();
    const holder = await store.begin(at(1), { timeoutMs });
    await holder.put('a', 1);
    const waiting = await store.begin(at(2), { timeoutMs: 300 });
    const refused = expect(waiting.get('a')).rejects.toMatchObject({
      code: 'LOCK',
      message: expect.stringContaining('t1'),
    });
    await world.settled(refused);
    expect(world.clock.nowMs()).toBe(300);
  });

  test('keeps what was listed as it was, until the branch is over', async () => {
    const world = createWorld();
    const store = world.open();
    const lister = await store.begin(at(1), { timeoutMs });
    expect(await lister.list('a/')).toEqual([]);
    const adding = await store.begin(at(2), { timeoutMs });
    let isAdded = false;
    const added = adding.put('a/new', 1).then(() => {
      isAdded = true;
    });
    expect(await lister.list('a/')).toEqual([]);
    expect(isAdded).toBe(false);
    await lister.rollback();
    await added;
    expect(isAdded).toBe(true);
  });

  test('serves those who wait in the order in which they came', async () => {
    const world = createWorld();
    const store = world.open();
    const first = await store.begin(at(0), { timeoutMs });
    await first.put('a', 0);
    const order: number[] = [];
    const runs = [1, 2, 3].map(async (number) => {
      const session = await store.begin(at(number), { timeoutMs });
      await session.put('a', number);
      order.push(number);
      await session.rollback();
    });
    await first.rollback();
    await world.settled(Promise.all(runs));
    expect(order).toEqual([1, 2, 3]);
  });

  test('brings prepared branches back with the locks of what they read, too', async () => {
    const world = createWorld();
    const store = world.open();
    const session = await store.begin(at(1), { timeoutMs });
    await session.get('read');
    await session.list('listed/');
    await session.put('written', 1);
    await world.settled(session.prepare({ timeoutMs }));
    const after = world.crash();
    for (const [index, key] of ['read', 'listed/x', 'written'].entries()) {
      const next = await after.begin(at(10 + index), { timeoutMs: 10 });
      await world.settled(expect(next.put(key, 2)).rejects.toMatchObject({ code: 'LOCK' }));
      await next.rollback();
    }
    await world.settled(after.rollback(at(1), { timeoutMs }));
    const free = await after.begin(at(20), { timeoutMs: 10 });
    for (const key of ['read', 'listed/x', 'written']) await free.put(key, 3);
  });

  test('does not know what became of anything when the disk is full, and takes no work then', async () => {
    const world = createWorld();
    const store = world.open();
    const [one, two] = [await store.begin(at(1), { timeoutMs }), await store.begin(at(2), { timeoutMs })];
    await one.put('a', 1);
    await two.put('b', 1);
    world.storage.fail(new Error('ENOSPC: no space left on device'));
    expect(await world.settled(one.prepare({ timeoutMs }))).toMatchObject({
      type: 'unknown',
      reason: expect.stringContaining('ENOSPC'),
    });
    expect(await world.settled(two.commitDirectly({ timeoutMs }))).toMatchObject({ type: 'unknown' });
    await expect(store.begin(at(3), { timeoutMs })).rejects.toMatchObject({ code: 'RESOURCE_UNREACHABLE' });
    const { findings } = await store.check({ timeoutMs });
    expect(findings.find((it) => it.level === 'error')?.subject).toBe('journal');
  });

  test('votes no when the data would grow beyond its limit, and refuses what cannot be kept', async () => {
    const world = createWorld({ maxSizeBytes: 1_000 });
    const store = world.open();
    const big = await store.begin(at(1), { timeoutMs });
    await big.put('a', 'x'.repeat(400));
    expect(await big.prepare({ timeoutMs })).toMatchObject({
      type: 'no',
      reason: expect.stringContaining('maxSizeBytes'),
    });
    for (const [index, wrong] of [Number.NaN, new Date(0), new Map(), () => 1, undefined].entries()) {
      const session = await store.begin(at(10 + index), { timeoutMs });
      // A wrong value, as a program without types would give it.
      await expect(Reflect.apply(session.put, session, ['a', wrong])).rejects.toMatchObject({ code: 'NOT_PLAIN_DATA' });
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
    }
  });

  test('hands out copies: changing them changes nothing', async () => {
    const world = createWorld();
    const store = world.open();
    const given = { list: [1, 2], bytes: new Uint8Array([1, 2]) };
    const session = await store.begin(at(1), { timeoutMs });
    await session.put('a', given);
    given.list.push(3);
    given.bytes[0] = 9;
    await world.settled(session.commitDirectly({ timeoutMs }));
    const expected = { list: [1, 2], bytes: new Uint8Array([1, 2]) };
    expect(store.peek('a')).toEqual(expected);
    expect(world.crash().peek('a')).toEqual(expected);
  });

  test('forgets the oldest finished branches beyond the limit', async () => {
    const world = createWorld({ maxFinished: 3 });
    const store = world.open();
    for (let number = 1; number <= 5; number += 1) await world.settled(store.writeAbsence(at(number), { timeoutMs }));
    const outcomes = [1, 2, 3, 4, 5].map(async (it) => (await store.outcomeOf(at(it), { timeoutMs })).type);
    expect(await Promise.all(outcomes)).toEqual(['absent', 'absent', 'aborted', 'aborted', 'aborted']);
  });

  test('keeps the journal small, and everything in it that counts', async () => {
    const world = createWorld({}, 1);
    const store = world.open();
    const waiting = await store.begin(at('waiting'), { timeoutMs });
    await waiting.put('prepared', 'x');
    await world.settled(waiting.prepare({ timeoutMs }));
    const value = 'x'.repeat(20_000);
    let largestBytes = 0;
    for (let number = 0; number < 150; number += 1) {
      const session = await store.begin(at(number), { timeoutMs });
      await session.put(`k${number % 5}`, `${number}${value}`);
      await world.settled(session.commitDirectly({ timeoutMs, idempotencyKey: `key ${number}` }));
      largestBytes = Math.max(largestBytes, world.journal().sizeBytes);
    }
    expect(largestBytes).toBeLessThan(2_000_000);
    const after = world.crash();
    expect(after.keys()).toEqual(['k0', 'k1', 'k2', 'k3', 'k4']);
    expect(after.peek('k4')).toBe(`149${value}`);
    expect(await after.prepared('m1', { timeoutMs })).toMatchObject([{ branch: at('waiting') }]);
    expect(await world.settled(after.outcomeOf(at(0), { timeoutMs }))).toEqual({ type: 'committed' });
    const again = await after.begin(at('again'), { timeoutMs });
    await again.put('k0', 'twice');
    expect(await world.settled(again.commitDirectly({ timeoutMs, idempotencyKey: 'key 7' }))).toMatchObject({
      type: 'no',
      committedBy: at(7),
    });
    expect(await world.settled(after.commit(at('waiting'), { timeoutMs }))).toEqual({ type: 'done' });
    expect(after.peek('prepared')).toBe('x');
  });

  test('is after any crash what its answers said', async () => {
    const action = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      value: fc.integer({ min: 0, max: 9 }),
      end: fc.constantFrom('commit', 'rollback', 'direct', 'leave', 'prepare' as const),
      crash: fc.boolean(),
      stall: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
        const world = createWorld();
        let store = world.open();
        const expected = new Map<string, number>();
        const prepared = new Map<string, { key: string; value: number }>();
        for (const [number, { key, value, end, crash, stall }] of actions.entries()) {
          const branch = at(number);
          const session = await store.begin(branch, { timeoutMs: 10 });
          const isFree = ![...prepared.values()].some((it) => it.key === key);
          const written = await world.settled(
            session.put(key, value).then(
              () => true,
              () => false,
            ),
          );
          expect(written).toBe(isFree);
          if (end === 'direct') {
            const result = await world.settled(session.commitDirectly({ timeoutMs }));
            expect(result.type).toBe(isFree ? 'committed' : 'no');
            if (isFree) expected.set(key, value);
          } else if (end !== 'leave') {
            const vote = await world.settled(session.prepare({ timeoutMs }));
            expect(vote.type).toBe(isFree ? 'yes' : 'no');
            if (isFree) prepared.set(branch.transaction, { key, value });
          } else {
            await session.rollback();
          }
          if (isFree && (end === 'commit' || end === 'rollback')) {
            if (stall && crash) {
              world.storage.stall();
              expect(await world.settled(store[end](branch, { timeoutMs: 20 }))).toMatchObject({ type: 'unknown' });
              world.storage.resume();
            } else {
              expect(await world.settled(store[end](branch, { timeoutMs }))).toEqual({ type: 'done' });
              prepared.delete(branch.transaction);
              if (end === 'commit') expected.set(key, value);
            }
          }
          if (crash) store = world.crash();
          for (const each of ['a', 'b', 'c']) expect(store.peek(each)).toBe(expected.get(each));
          const listed = await store.prepared('m1', { timeoutMs });
          expect(listed.map((it) => it.branch.transaction).sort()).toEqual([...prepared.keys()].sort());
        }
      }),
      { numRuns: 60 },
    );
  });
});
