import { describe, expect, test } from 'vitest';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import { DiskError } from '../../src/journal/disk.ts';
import { JournalFailedError, JournalFullError } from '../../src/journal/errors.ts';
import { type Journal, unforcedDelayMs } from '../../src/journal/journal.ts';
import { openJournalOn } from '../../src/journal/segmented/open.ts';
import type { SegmentedJournalOptions } from '../../src/journal/segmented/options.ts';
import { segmentHeaderBytes } from '../../src/journal/segmented/segments.ts';
import { createVirtualClock, type VirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { Address } from '../../statecharts/actor.ts';
import { a, b, entry, journalConformance, valuesOf } from './conformance.ts';
import { createRamDisk, type RamDisk } from './ram-disk.ts';

const ids = seededIds(seededRandomness(1).stream('ids'));

describe.each([4096, 65_536])('on a disk in memory, in segments of %i bytes', (segmentBytes) => {
  journalConformance(async () => {
    const clock = createVirtualClock();
    let disk: RamDisk | undefined;
    return {
      async open(limits) {
        disk = disk?.restart() ?? createRamDisk(clock);
        return openJournalOn(disk, { node: 'n1', clock, ids, segmentBytes, ...(limits && { limits }) });
      },
      async crash() {
        disk?.crash();
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

interface Bench {
  readonly clock: VirtualClock;
  readonly disk: RamDisk;
  readonly journal: Journal;
}

function setUp(options: Partial<SegmentedJournalOptions> = {}): Bench {
  const clock = createVirtualClock();
  const disk = createRamDisk(clock);
  return { clock, disk, journal: openJournalOn(disk, { node: 'n1', clock, ids, segmentBytes: 4096, ...options }) };
}

const reopen = ({ clock, disk }: Bench): Journal =>
  openJournalOn(disk.restart(), { node: 'n1', clock, ids, segmentBytes: 4096 });

const ignore = (): void => {};
const settleAll = (clock: VirtualClock): void => {
  while (clock.runNext());
};

test('what is not forced waits for a write of what is, and no longer than a moment for one of its own', () => {
  const bench = setUp();
  const { clock, disk, journal } = bench;
  settleAll(clock);
  const before = disk.writes;
  const durableAtMs: number[] = [];
  const note = (): void => void durableAtMs.push(clock.nowMs());
  const startMs = clock.nowMs();
  journal.append([entry(a, 1)], note, 'unforced');
  clock.advance(unforcedDelayMs - 1);
  expect(disk.writes).toBe(before);
  journal.append([entry(b, 2)], note);
  clock.advance(0);
  expect(disk.writes).toBe(before + 1);
  journal.append([entry(a, 3)], note, 'unforced');
  settleAll(clock);
  expect(disk.writes).toBe(before + 2);
  const sharedMs = startMs + unforcedDelayMs - 1;
  expect(durableAtMs).toEqual([sharedMs, sharedMs, sharedMs + unforcedDelayMs]);
});

test('everybody who waits in one turn shares one write', () => {
  const { clock, disk, journal } = setUp({ segmentBytes: 65_536 });
  for (let index = 0; index < 50; index += 1) journal.append([entry(index % 2 === 0 ? a : b, index)], ignore);
  settleAll(clock);
  expect(disk.writes).toBe(1);
});

test('what is appended during a flush goes into the next one', () => {
  const { clock, disk, journal } = setUp({ segmentBytes: 65_536 });
  disk.writeMs = 10;
  const toldAtMs: number[] = [];
  journal.append([entry(a, 0)], () => toldAtMs.push(clock.nowMs()));
  clock.advance(1);
  for (let index = 0; index < 50; index += 1) journal.append([entry(a, index)], () => toldAtMs.push(clock.nowMs()));
  settleAll(clock);
  expect(disk.writes).toBe(2);
  expect(toldAtMs).toEqual([10, ...Array.from({ length: 50 }, () => 20)]);
});

test('a stalled disk shows since when the oldest append waits', () => {
  const { clock, disk, journal } = setUp();
  disk.writeMs = 1e6;
  clock.advance(3);
  journal.append([entry(a, 0)], ignore);
  clock.advance(500);
  journal.append([entry(a, 1)], ignore);
  expect(journal.unflushedSinceMs).toBe(3);
});

test.each([
  ['full', JournalFullError],
  ['failed', JournalFailedError],
] as const)('a %s disk ends the journal by name: nothing is acknowledged, and nothing tried again', (reason, named) => {
  const bench = setUp();
  const { clock, disk, journal } = bench;
  journal.append([entry(a, 1)], ignore);
  settleAll(clock);
  disk.failWith = new DiskError(reason, 'injected');
  const told: (Error | undefined)[] = [];
  journal.append([entry(a, 2)], (error) => told.push(error));
  clock.runNext();
  journal.append([entry(b, 3)], (error) => told.push(error));
  settleAll(clock);
  disk.failWith = undefined;
  journal.append([entry(a, 4)], (error) => told.push(error));
  settleAll(clock);
  expect(told).toEqual([expect.any(named), expect.any(named), expect.any(named)]);
  expect(journal.failure).toBeInstanceOf(named);
  expect(disk.writes).toBe(2);
  const again = reopen(bench);
  expect(valuesOf(again.take(a))).toEqual([1]);
});

test('a disk without room for the next segment ends the journal by name', () => {
  const { clock, disk, journal } = setUp();
  disk.create = (_name, _start, _sizeBytes, onDone) => clock.enqueue(() => onDone(new DiskError('full', 'injected')));
  const told: (Error | undefined)[] = [];
  for (let index = 0; index < 10; index += 1) {
    journal.append([entry(a, new Uint8Array(index === 0 ? 10 : 1000))], (error) => told.push(error));
    settleAll(clock);
  }
  expect(told[0]).toBeUndefined();
  expect(told.at(-1)).toBeInstanceOf(JournalFullError);
});

test('a disk that fails while nobody waits for it is told to those who listen', () => {
  const { clock, disk, journal } = setUp();
  disk.create = (_name, _start, _sizeBytes, onDone) =>
    void clock.setTimeout(() => onDone(new DiskError('full', 'injected')), 1_000);
  const failures: Error[] = [];
  journal.failures.subscribe((error) => failures.push(error));
  const told: (Error | undefined)[] = [];
  for (let index = 0; index < 3; index += 1) {
    journal.append([entry(a, new Uint8Array(1000))], (error) => told.push(error));
    clock.advance(0);
  }
  expect({ told, failures }).toEqual({ told: [undefined, undefined, undefined], failures: [] });
  settleAll(clock);
  expect(failures).toEqual([expect.any(JournalFullError)]);
});

test('a full disk at the first opening is named, and leaves nothing behind that counts', () => {
  const clock = createVirtualClock();
  const disk = createRamDisk(clock);
  disk.failWith = new DiskError('full', 'injected');
  const options = { node: 'n1', clock, ids };
  expect(() => openJournalOn(disk, options)).toThrow(JournalFullError);
  disk.failWith = undefined;
  expect(openJournalOn(disk, options).isNew).toBe(true);
});

test('an append larger than a segment is written, and is there again', () => {
  const bench = setUp();
  const large = new Uint8Array(50_000).fill(5);
  bench.journal.append([entry(a, 1)], ignore);
  bench.journal.append([entry(a, large), entry(b, 2)], ignore);
  bench.journal.append([entry(a, 3)], ignore);
  settleAll(bench.clock);
  const again = reopen(bench);
  expect(valuesOf(again.take(a))).toEqual([1, large, 3]);
  expect(valuesOf(again.take(b))).toEqual([2]);
});

describe('reclaiming', () => {
  const lazy: Address = 'n1/test.actor/lazy';

  test('checkpoints keep the journal small, and a lazy actor pins nothing', () => {
    const bench = setUp();
    const { clock, disk, journal } = bench;
    journal.append([entry(lazy, 'only once'), entry(b, 'first')], ignore);
    let most = 0;
    for (let round = 0; round < 2000; round += 1) {
      journal.append(
        [entry(a, { round, fill: new Uint8Array(100) }, round % 10 === 0 ? 'checkpoint' : undefined)],
        ignore,
      );
      if (round % 700 === 0) journal.append([entry(b, round)], ignore);
      settleAll(clock);
      most = Math.max(most, journal.sizeBytes);
    }
    // Ten records of a live, at most; 2 x live + 4 segments + the one that is made ahead.
    expect(most).toBeLessThanOrEqual(2 * 2000 + 5 * 4096);
    expect(disk.files.size).toBeLessThanOrEqual(6);
    const again = reopen(bench);
    expect(again.notices).toEqual([]);
    expect(valuesOf(again.take(lazy))).toEqual(['only once']);
    expect(valuesOf(again.take(b))).toEqual(['first', 0, 700, 1400]);
    expect(again.take(a)).toHaveLength(10);
  });

  test('forgotten actors give their room back', () => {
    const bench = setUp();
    const { clock, journal } = bench;
    for (let round = 0; round < 1000; round += 1) {
      const actor: Address = `n1/test.actor/${round}`;
      journal.append([entry(actor, new Uint8Array(100))], ignore);
      journal.append([entry(actor, 'done', 'forget')], ignore);
      settleAll(clock);
    }
    expect(journal.sizeBytes).toBeLessThanOrEqual(5 * 4096);
    expect(reopen(bench).actors()).toEqual([]);
  });

  test('what waits is told when live records of a segment that is to be copied cannot be read', () => {
    const { clock, disk, journal } = setUp();
    journal.append([entry(lazy, 'only once')], ignore);
    settleAll(clock);
    for (const bytes of disk.files.values()) bytes.fill(0, segmentHeaderBytes, segmentHeaderBytes + 64);
    let appended = 0;
    const failures: string[] = [];
    let durable = 0;
    // The next one is appended in the turn in which the last one is durable: so one always waits.
    const append = (): void => {
      appended += 1;
      journal.append([entry(a, new Uint8Array(100), 'checkpoint')], (error) => {
        if (error !== undefined) failures.push(String(error));
        else {
          durable += 1;
          if (appended < 2000) append();
        }
      });
    };
    append();
    settleAll(clock);
    expect(failures).toEqual([expect.stringContaining('live records in it cannot be read')]);
    expect(durable).toBe(appended - 1);
  });

  test('live data is kept through many rounds of copying, and copying ends', () => {
    const bench = setUp();
    const { clock, journal } = bench;
    for (let index = 0; index < 200; index += 1) journal.append([entry(b, index)], ignore);
    for (let round = 0; round < 3000; round += 1) {
      journal.append([entry(a, new Uint8Array(50), 'checkpoint')], ignore);
      settleAll(clock);
    }
    const again = reopen(bench);
    expect(valuesOf(again.take(b))).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(again.take(a)).toHaveLength(1);
    expect(journal.sizeBytes).toBeLessThan(20 * 4096);
  });
});
