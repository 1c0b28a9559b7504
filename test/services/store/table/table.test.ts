import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { seededRandomness } from '../../../../src/environment/random.ts';
import { ViewEndedError } from '../../../../src/services/store/errors.ts';
import type { TableView } from '../../../../src/services/store/table/contract.ts';
import { KeyedHash } from '../../../../src/services/store/table/hash.ts';
import { VersionedTable } from '../../../../src/services/store/table/table.ts';

const slabBytes = 2 ** 12;
/** Looking for a shorter example of a fault ends then, too. */
const mostMs = 20_000;
/** By default one that keeps nothing of the past. */
const createTable = (size = slabBytes, retention = { changes: 0, bytes: 0 }): VersionedTable =>
  new VersionedTable(seededRandomness(1).stream('hash'), { slabBytes: size, retention });

/** Entries as text, so that they can be compared. */
type Content = Map<string, string>;
const told = (version: number, value: Uint8Array): string => `${version}: ${value.join()}`;

const contentOf = (table: VersionedTable, keys: Iterable<string>): Content =>
  new Map(
    [...keys].flatMap((key) => {
      const found = table.get(key);
      return found === undefined ? [] : [[key, told(found.version, found.value)] as const];
    }),
  );

/** What a view tells, from where it is. */
function restOf(view: TableView, limitBytes = 100, content: Content = new Map()): Content {
  while (takePart(view, limitBytes, content));
  return content;
}
function takePart(view: TableView, limitBytes: number, content: Content): boolean {
  const part = view.next(limitBytes);
  if (part?.type === 'changes') throw new RangeError('expected a table that keeps no changes');
  for (const { key, version, value } of part?.entries ?? []) {
    expect(content.has(key)).toBe(false);
    content.set(key, told(version, value));
  }
  return part !== undefined;
}

afterEach(() => {
  vi.restoreAllMocks();
});

const keys = [
  '',
  'a',
  'b',
  'key-1',
  'key-2',
  '\u00fc',
  '\u6f22\u5b57',
  '\u{1f600}',
  '\ufeff',
  '\ufeffa',
  '__proto__',
  'k'.repeat(2_000),
];
const key = fc.oneof(
  fc.constantFrom(...keys),
  fc.integer({ min: 0, max: 60 }).map((it) => `n${it}`),
);
const everyKey = [...keys, ...Array.from({ length: 61 }, (_, it) => `n${it}`)];
/** Sizes at which a record shares its slab, just does, and has one of its own. */
const value = fc
  .tuple(fc.constantFrom(0, 1, 7, 8, 30, 200, 222, 223, 224, 500, 5_000), fc.nat({ max: 255 }))
  .map(([length, byte]) => new Uint8Array(length).fill(byte));
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant('set' as const), key, value }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.constant({ type: 'view' as const }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('read' as const), limitBytes: fc.nat({ max: 2_000 }) }) },
  { weight: 1, arbitrary: fc.constantFrom({ type: 'release' as const }, { type: 'clear' as const }) },
);

test.each([
  ['keys are spread', undefined],
  ['all keys have the same hash', 7],
])('any run of steps is a map, and each view the map of its moment, when %s', (_name, hash) => {
  if (hash !== undefined) vi.spyOn(KeyedHash.prototype, 'of').mockReturnValue(hash);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const table = createTable();
      const model: Content = new Map();
      let contentBytes = 0;
      const sizes = new Map<string, number>();
      const size = (of: string, bytes: number): void => {
        contentBytes += bytes - (sizes.get(of) ?? 0);
        sizes.set(of, bytes);
      };
      let open: { readonly view: TableView; readonly moment: Content; readonly seen: Content } | undefined;
      steps.forEach((it, version) => {
        switch (it.type) {
          case 'set':
            table.set(it.key, version, it.value);
            model.set(it.key, told(version, it.value));
            size(it.key, new TextEncoder().encode(it.key).length + it.value.length);
            break;
          case 'delete':
            table.delete(it.key, version);
            model.delete(it.key);
            size(it.key, 0);
            break;
          case 'view': {
            const before = open?.view;
            open = { view: table.view(), moment: new Map(model), seen: new Map() };
            if (before !== undefined) expect(() => before.next(1)).toThrow(ViewEndedError);
            break;
          }
          case 'read':
            if (open === undefined || takePart(open.view, Math.max(1, it.limitBytes), open.seen)) break;
            expect(open.seen).toEqual(open.moment);
            open = undefined;
            break;
          case 'release':
            open?.view.release();
            expect(open?.view.next(1)).toBeUndefined();
            open = undefined;
            break;
          case 'clear': {
            const before = open?.view;
            table.clear();
            if (before !== undefined) expect(() => before.next(1)).toThrow(ViewEndedError);
            open = undefined;
            model.clear();
            for (const cleared of sizes.keys()) size(cleared, 0);
          }
        }
        expect(table.size).toBe(model.size);
        expect(table.contentBytes).toBe(contentBytes);
      });
      if (open !== undefined) expect(restOf(open.view, 100, open.seen)).toEqual(open.moment);
      expect(contentOf(table, everyKey)).toEqual(model);
      expect(restOf(table.view())).toEqual(model);
    }),
    { numRuns: hash === undefined ? 300 : 100, interruptAfterTimeLimit: mostMs },
  );
});

test('what is lent is a copy of what was given', () => {
  const table = createTable();
  const given = new Uint8Array([1, 2, 3]);
  table.set('a', 1, given);
  given.fill(9);
  expect(table.get('a')?.value).toEqual(new Uint8Array([1, 2, 3]));
});

const random = seededRandomness(2).stream('keys');
const pick = (bound: number): number => Math.floor(random.next() * bound);

test.each<[string, (table: VersionedTable, version: number) => void]>([
  [
    'some keys are written far more often than others, while the table grows and shrinks',
    (table, version) => {
      const chosen = `key-${pick(pick(2) === 0 ? 50 : 2_000)}`;
      if (pick(10) < (version % 20_000 < 12_000 ? 2 : 8)) table.delete(chosen, version);
      else table.set(chosen, version, new Uint8Array(pick(300)));
    },
  ],
  [
    'all slabs have as much waste as each other',
    (table, version) => table.set(`key-${pick(2_000)}`, version, new Uint8Array(100)),
  ],
])('the memory stays within its bound when %s', (_name, write) => {
  const table = createTable();
  let most = 0;
  for (let version = 1; version <= 60_000; version += 1) {
    write(table, version);
    const { liveBytes, takenBytes } = table.memory;
    most = Math.max(most, takenBytes - 1.5 * liveBytes);
  }
  // Beyond four slabs: the one that is being filled, and the one that is being cleaned.
  expect(most).toBeLessThanOrEqual(6 * slabBytes);
  expect(table.memory.takenBytes).toBeGreaterThan(0);
});

test('what a view held is cleaned up when it has passed, or was given up', () => {
  for (const ending of ['read', 'release'] as const) {
    const table = createTable();
    const fill = (from: number): void => {
      for (let it = 0; it < 1_000; it += 1) table.set(`key-${it}`, from + it, new Uint8Array(100));
    };
    fill(0);
    const view = table.view();
    for (let round = 1; round <= 5; round += 1) fill(1_000 * round);
    const { takenBytes: held, liveBytes } = table.memory;
    // All of its moment is still there, and nothing that came and went since.
    expect(held).toBeGreaterThan(2 * liveBytes);
    expect(held).toBeLessThanOrEqual(2.5 * liveBytes + 6 * slabBytes);
    if (ending === 'read') expect(restOf(view).size).toBe(1_000);
    else view.release();
    expect(table.memory.takenBytes).toBeLessThanOrEqual(1.5 * liveBytes + 6 * slabBytes);
  }
});

test('an emptied table takes no more than a slab or two', () => {
  const table = createTable();
  for (let it = 0; it < 2_000; it += 1) table.set(`key-${it}`, it, new Uint8Array(100));
  for (let it = 0; it < 2_000; it += 1) table.delete(`key-${it}`, 2_000 + it);
  expect(table.memory.liveBytes).toBe(0);
  expect(table.memory.takenBytes).toBeLessThanOrEqual(2 * slabBytes);
});

/** How often fields of records are read and written by each of some steps, at most. */
function mostAccesses(count: number, run: (number: number) => void): number {
  let accesses = 0;
  for (const name of ['getUint32', 'getFloat64'] as const) {
    const read = DataView.prototype[name];
    vi.spyOn(DataView.prototype, name).mockImplementation(function (this: DataView, at, little) {
      accesses += 1;
      return read.call(this, at, little);
    });
  }
  let most = 0;
  for (let number = 0; number < count; number += 1) {
    accesses = 0;
    run(number);
    most = Math.max(most, accesses);
  }
  vi.restoreAllMocks();
  return most;
}

test('no write does more the larger the table is: not as it grows, is cleaned, or shrinks', () => {
  const table = createTable(2 ** 16);
  const small = new Uint8Array(8);
  const count = 20_000;
  const bound = 400;
  expect(mostAccesses(count, (it) => table.set(`key-${it}`, it, small))).toBeLessThan(bound);
  expect(mostAccesses(count, (it) => table.set(`key-${(it * 7_919) % count}`, it, small))).toBeLessThan(bound);
  expect(mostAccesses(count, (it) => table.delete(`key-${it}`, count + it))).toBeLessThan(bound);
});

test('no part of a view goes through more than it was asked for, however much of it is gone', () => {
  const table = createTable(2 ** 16);
  for (let it = 0; it < 20_000; it += 1) table.set(`key-${it}`, it, new Uint8Array(8));
  // What goes while a view is open is not cleaned, and the next view meets all of it.
  const before = table.view();
  for (let it = 0; it < 20_000; it += 1) if (it % 1_000 !== 0) table.delete(`key-${it}`, 20_000 + it);
  before.release();
  const view = table.view();
  const content: Content = new Map();
  // 4 KiB are 85 records of 48 bytes, each with some fields.
  expect(mostAccesses(400, () => takePart(view, 4_096, content))).toBeLessThan(85 * 6);
  expect(content.size).toBe(20);
});
