import { describe, expect, test } from 'vitest';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { JournalLockedError } from '../../src/journal/errors.ts';
import { createMemoryJournal, createMemoryStorage, type MemoryStorage } from '../../src/journal/memory.ts';
import { createVirtualClock, type VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { a, entry, journalConformance, valuesOf } from './conformance.ts';

const ids = () => seededIds(seededRandomness(1).stream('ids'));

describe.each([0, 5])('in memory, with flushes of %i ms', (flushDelayMs) => {
  journalConformance(async () => {
    const clock = createVirtualClock();
    const options = { node: 'n1', clock, ids: ids(), flushDelayMs };
    let storage: MemoryStorage | undefined;
    return {
      async open(limits) {
        storage ??= createMemoryStorage(limits === undefined ? options : { ...options, limits });
        return storage.open();
      },
      async crash() {
        storage?.crash();
      },
      async until(condition) {
        clock.runUntil(condition, 1000);
      },
      finish(closed) {
        while (clock.runNext());
        return closed;
      },
      async dispose() {},
    };
  });
});

function setUp(flushDelayMs = 10): { clock: VirtualClock; storage: MemoryStorage } {
  const clock = createVirtualClock();
  return { clock, storage: createMemoryStorage({ node: 'n1', clock, ids: ids(), flushDelayMs }) };
}

test('a crash loses what was not flushed, and calls nobody', () => {
  const { clock, storage } = setUp();
  const journal = storage.open();
  const told: number[] = [];
  journal.append([entry(a, 1)], () => told.push(1));
  clock.advance(10);
  journal.append([entry(a, 2)], () => told.push(2));
  clock.advance(5);
  storage.crash();
  clock.advance(100);
  expect(told).toEqual([1]);
  expect(valuesOf(storage.open().take(a))).toEqual([1]);
});

test('while a flush is under way, appends gather for the next', () => {
  const { clock, storage } = setUp();
  const journal = storage.open();
  const toldAtMs: number[] = [];
  const append = (): void => journal.append([entry(a, 0)], () => toldAtMs.push(clock.nowMs()));
  append();
  clock.advance(1);
  append();
  append();
  clock.advance(100);
  expect(toldAtMs).toEqual([10, 20, 20]);
});

test('a stalled journal shows since when, and goes on when the disk does', () => {
  const { clock, storage } = setUp();
  const journal = storage.open();
  clock.advance(7);
  storage.stall();
  let isDurable = false;
  journal.append([entry(a, 1)], () => {
    isDurable = true;
  });
  clock.advance(1000);
  expect(isDurable).toBe(false);
  expect(journal.unflushedSinceMs).toBe(7);
  storage.resume();
  clock.advance(0);
  expect(isDurable).toBe(true);
});

test('a failed flush is final', () => {
  const { clock, storage } = setUp();
  const journal = storage.open();
  const error = new Error('broken');
  const told: unknown[] = [];
  storage.fail(error);
  journal.append([entry(a, 1)], (it) => told.push(it));
  clock.advance(10);
  journal.append([entry(a, 2)], (it) => told.push(it));
  clock.advance(10);
  expect(told).toEqual([error, error]);
  expect(journal.failure).toBe(error);
});

test('one journal at a time is open on a storage', async () => {
  const { storage } = setUp();
  const journal = storage.open();
  expect(() => storage.open()).toThrow(JournalLockedError);
  await journal.close();
  expect(storage.open().isNew).toBe(false);
});

test('journals of different storages have different ids', () => {
  const options = { node: 'n1', clock: createVirtualClock(), ids: ids() };
  expect(createMemoryJournal(options).id).not.toBe(createMemoryJournal(options).id);
});
