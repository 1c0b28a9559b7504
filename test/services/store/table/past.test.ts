import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandomness } from '../../../../src/environment/random.ts';
import {
  type Change,
  type KeptChange,
  keyOf,
  storedOf,
  type TableEntry,
  type TableView,
  textOf,
} from '../../../../src/services/store/table/contract.ts';
import { VersionedTable } from '../../../../src/services/store/table/table.ts';

/** Looking for a shorter example of a fault ends then, too. */
const mostMs = 20_000;
const retention = { changes: 40, bytes: 4_000 };
const createTable = (): VersionedTable =>
  new VersionedTable(seededRandomness(1).stream('hash'), { slabBytes: 2 ** 12, retention });

/** A state as text, by key. */
type State = ReadonlyMap<string, string>;
interface ToldChange {
  readonly key: string;
  readonly revision: number;
  readonly value: string | undefined;
  readonly previousVersion: number | undefined;
}

const told = ({ version, value }: { version: number; value: Uint8Array }): string => `${version}: ${value.join()}`;
const toldChange = ({ key, revision, value, previousVersion }: Change): ToldChange => ({
  key: textOf(key),
  revision,
  value: value?.join(),
  previousVersion,
});

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const inOrder = (a: string, b: string): number => Buffer.compare(bytesOf(a), bytesOf(b));

const key = fc.oneof(
  fc.constantFrom('a', 'a/1', 'a/2', 'b', '\u00fc', '\uffee', '\u{1f600}', ''),
  fc.integer({ min: 0, max: 20 }).map((it) => `n${it}`),
);
const value = fc
  .tuple(fc.constantFrom(0, 1, 8, 40, 300, 2_000), fc.nat({ max: 255 }))
  .map(([length, byte]) => new Uint8Array(length).fill(byte));
const write = fc.oneof(
  { weight: 3, arbitrary: fc.record({ key, value }) },
  { weight: 2, arbitrary: fc.record({ key, value: fc.constant(undefined) }) },
);
const step = fc.oneof(
  // What one revision changes has different keys.
  {
    weight: 20,
    arbitrary: fc.record({
      type: fc.constant('write' as const),
      writes: fc.uniqueArray(write, { minLength: 1, maxLength: 4, selector: (it) => it.key }),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ type: 'view' as const }, { type: 'release' as const }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('read' as const), limitBytes: fc.nat({ max: 2_000 }) }) },
);

/** What a table must be able to tell. */
class Model {
  readonly states: Map<string, string>[] = [new Map()];
  readonly changes: ToldChange[] = [];

  get revision(): number {
    return this.states.length - 1;
  }

  apply(writes: readonly { key: string; value: Uint8Array | undefined }[]): void {
    const before = this.stateAt(this.revision);
    const state = new Map(before);
    const revision = this.revision + 1;
    for (const { key: of, value: to } of writes) {
      const previous = before.get(of);
      const previousVersion = previous === undefined ? undefined : Number.parseInt(previous, 10);
      if (to === undefined) {
        if (!state.delete(of)) continue;
      } else state.set(of, told({ version: revision, value: to }));
      this.changes.push({ key: of, revision, value: to?.join(), previousVersion });
    }
    this.states.push(state);
  }

  stateAt(revision: number): State {
    const state = this.states[revision];
    if (state === undefined) throw new RangeError(`expected a revision up to ${this.revision}, got ${revision}`);
    return state;
  }
}

/** What a table has as of a revision, in the order of its keys. */
const scannedAt = (table: VersionedTable, revision: number) =>
  [...table.scan('', revision)].flatMap((it) => {
    const stored = storedOf(it);
    return stored === undefined ? [] : [[textOf(keyOf(it)), told(stored)] as const];
  });

/** Whatever a table tells of each of its revisions is what the model says. */
function expectTold(table: VersionedTable, { states, changes, revision, stateAt }: Model): void {
  const keys = new Set(states.flatMap((it) => [...it.keys()]));
  for (let at = table.floor; at <= revision; at += 1) {
    const state = stateAt.call({ states, revision } as Model, at);
    const scanned = scannedAt(table, at);
    expect(scanned).toEqual([...state].sort(([a], [b]) => inOrder(a, b)));
    for (const of of keys) {
      const stored = table.getAsOf(of, at);
      expect(stored && told(stored)).toEqual(state.get(of));
    }
    expect([...table.changesAfter(at)].map(toldChange)).toEqual(changes.filter((it) => it.revision > at));
  }
  for (const of of keys) {
    const ofKey = changes.filter((it) => it.key === of && it.revision > table.floor);
    expect([...table.changesOf(of)].map(toldChange)).toEqual(ofKey.reverse());
  }
}

/** All that a view has left to tell, added to `to`. @returns whether it had anything */
function take(view: TableView, limitBytes: number, to: { changes: KeptChange[]; entries: TableEntry[] }): boolean {
  const part = view.next(limitBytes);
  if (part?.type === 'changes') {
    expect(to.entries).toEqual([]);
    to.changes.push(...part.changes.map((it) => ({ ...it, value: it.value && new Uint8Array(it.value) })));
  }
  if (part?.type === 'entries') {
    to.entries.push(...part.entries.map((it) => ({ ...it, value: new Uint8Array(it.value) })));
  }
  return part !== undefined;
}

function restored(
  floor: number,
  { changes, entries }: { changes: KeptChange[]; entries: TableEntry[] },
): VersionedTable {
  const table = createTable();
  table.set('another', 1, new Uint8Array(3));
  table.clear(floor);
  for (const change of changes) table.restoreChange(change);
  for (const entry of entries) table.restoreEntry(entry);
  table.restored(floor);
  return table;
}

test('a table tells how it was, and what has changed, since its floor; so does one that is restored from any view', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const table = createTable();
      const model = new Model();
      let open:
        | { view: TableView; taken: { changes: KeptChange[]; entries: TableEntry[] }; sizeAt: number }
        | undefined;
      let complete: { floor: number; taken: { changes: KeptChange[]; entries: TableEntry[] }; at: number } | undefined;
      for (const it of steps) {
        if (it.type === 'write') {
          model.apply(it.writes);
          for (const { key: of, value: to } of it.writes) {
            if (to === undefined) table.delete(of, model.revision);
            else table.set(of, model.revision, to);
          }
        } else if (it.type === 'view') {
          open = { view: table.view(), taken: { changes: [], entries: [] }, sizeAt: model.revision };
        } else if (open !== undefined) {
          if (it.type === 'release') open.view.release();
          else if (take(open.view, Math.max(1, it.limitBytes), open.taken)) continue;
          else complete = { floor: open.view.floor, taken: open.taken, at: open.sizeAt };
          open = undefined;
        }
      }
      expectTold(table, model);
      expect(table.size).toBe(model.stateAt(model.revision).size);
      if (complete === undefined) return;

      const again = restored(complete.floor, complete.taken);
      const then = new Model();
      then.states.push(...model.states.slice(1, complete.at + 1));
      then.changes.push(...model.changes.filter(({ revision }) => revision <= (complete?.at ?? 0)));
      expectTold(again, then);
      // What comes later changes both in the same way, floors included.
      for (const changed of model.states.keys()) {
        if (changed <= complete.at) continue;
        for (const change of model.changes.filter(({ revision }) => revision === changed)) {
          if (change.value === undefined) again.delete(change.key, changed);
          else
            again.set(
              change.key,
              changed,
              Uint8Array.from(change.value === '' ? [] : change.value.split(',').map(Number)),
            );
        }
      }
      expect(again.floor).toBe(table.floor);
      expectTold(again, model);
      expect(again.contentBytes).toBe(table.contentBytes);
    }),
    { numRuns: 200, interruptAfterTimeLimit: mostMs },
  );
});

test('what is kept of the past is bounded by a number of changes and of bytes, and forgotten a revision at a time', () => {
  const table = createTable();
  for (let revision = 1; revision <= 100; revision += 1) {
    for (const name of ['a', 'b', 'c']) table.set(name, revision, new Uint8Array(1));
    expect(table.keptChanges).toBeLessThanOrEqual(retention.changes);
    expect(table.keptChanges % 3).toBe(0);
  }
  expect(table.floor).toBe(100 - 13);
  table.set('large', 101, new Uint8Array(retention.bytes));
  expect([table.floor, table.keptChanges]).toEqual([101, 0]);
  expect(table.get('large')?.value.length).toBe(retention.bytes);
});

test('records that are cleaned up move with what came before and after them, and keys stay in their order', () => {
  const random = seededRandomness(3).stream('writes');
  const pick = (bound: number): number => Math.floor(random.next() * bound);
  const table = new VersionedTable(seededRandomness(1).stream('hash'), {
    slabBytes: 2 ** 12,
    retention: { changes: 1_500, bytes: 300_000 },
  });
  const state = new Map<string, string>();
  const states = new Map<number, State>();
  for (let revision = 1; revision <= 20_000; revision += 1) {
    // Some keys are written all the time, many seldom: slabs hold what is kept and what is not side by side.
    const name = `key-${pick(pick(3) === 0 ? 1_200 : 40)}`;
    if (pick(10) < 3) {
      table.delete(name, revision);
      state.delete(name);
    } else {
      const written = new Uint8Array(pick(200)).fill(revision % 251);
      table.set(name, revision, written);
      state.set(name, told({ version: revision, value: written }));
    }
    if (revision % 250 === 0) states.set(revision, new Map(state));
    if (revision % 1_000 !== 0) continue;
    for (const [at, expected] of states) {
      if (at < table.floor) continue;
      const scanned = scannedAt(table, at);
      expect(scanned).toEqual([...expected].sort(([a], [b]) => inOrder(a, b)));
    }
  }
  const { liveBytes, takenBytes } = table.memory;
  expect(takenBytes).toBeLessThanOrEqual(1.5 * liveBytes + 6 * 2 ** 12);
});

test('a view tells the changes of its moment, however many come before it has told them', () => {
  const table = createTable();
  const model = new Model();
  const put = (name: string): void => {
    const written = { key: name, value: new Uint8Array(8).fill(model.revision % 251) };
    model.apply([written]);
    table.set(name, model.revision, written.value);
  };
  for (let it = 0; it < 60; it += 1) put(`n${it % 7}`);
  const view = table.view();
  const taken = { changes: [], entries: [] };
  const then = new Model();
  then.states.push(...model.states.slice(1));
  then.changes.push(...model.changes);
  take(view, 100, taken);
  for (let it = 0; it < 300; it += 1) put(`n${it % 11}`);
  while (take(view, 100, taken));
  expectTold(restored(view.floor, taken), then);
  // What was to be told is forgotten by and by, once it was.
  for (let it = 0; it < 200; it += 1) put('n0');
  expectTold(table, model);
  expect(table.memory.liveBytes).toBeLessThan(100 * (retention.changes + 11));
});
