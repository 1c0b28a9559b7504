import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assertPlain, canonicalKey } from '../../../statecharts/actor.ts';
import { type Entry, entrySizeBytes, Log, RaftInvariantError } from '../../../statecharts/raft.ts';

/** A log as one would write it without caring for speed. */
interface Model {
  readonly baseIndex: number;
  readonly baseTerm: number;
  readonly entries: readonly Entry[];
}

const command = (index: number, term: number, sizeBytes = 1): Entry => ({
  index,
  term,
  kind: 'command',
  data: new Uint8Array(sizeBytes).fill(term),
});

/** `terms` as a log from index 1 on. */
const logOf = (...terms: number[]): Log => Log.empty.append(terms.map((term, at) => command(at + 1, term)));

type Change =
  | { readonly type: 'append'; readonly count: number; readonly laterTerm: boolean; readonly sizeBytes: number }
  | { readonly type: 'upTo' | 'from'; readonly place: number }
  | { readonly type: 'back'; readonly to: number };

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    type: fc.constant('append' as const),
    count: fc.nat(4),
    laterTerm: fc.boolean(),
    sizeBytes: fc.nat(40),
  }),
  fc.record({ type: fc.constantFrom('upTo' as const, 'from' as const), place: fc.nat(20) }),
  fc.record({ type: fc.constant('back' as const), to: fc.nat(20) }),
);

const lastOf = ({ baseIndex, entries }: Model): number => baseIndex + entries.length;
const termIn = ({ baseIndex, baseTerm, entries }: Model, index: number): number | undefined =>
  index === baseIndex ? baseTerm : entries[index - baseIndex - 1]?.term;
const sizeOf = (entries: readonly Entry[]): number => entries.reduce((sum, entry) => sum + entrySizeBytes(entry), 0);

function changed(log: Log, model: Model, it: Exclude<Change, { type: 'back' }>): readonly [Log, Model] {
  if (it.type === 'append') {
    const term = (termIn(model, lastOf(model)) ?? 0) + (it.laterTerm ? 1 : 0);
    const added = Array.from({ length: it.count }, (_, at) => command(lastOf(model) + 1 + at, term, it.sizeBytes));
    return [log.append(added), { ...model, entries: [...model.entries, ...added] }];
  }
  const index = model.baseIndex + Math.min(it.place, model.entries.length);
  const place = index - model.baseIndex;
  if (it.type === 'upTo') return [log.upTo(index), { ...model, entries: model.entries.slice(0, place) }];
  const baseTerm = termIn(model, index) ?? 0;
  return [log.from(index), { baseIndex: index, baseTerm, entries: model.entries.slice(place) }];
}

function expectSame(log: Log, model: Model): void {
  const { baseIndex, entries } = model;
  expect(log.toJSON()).toEqual(model);
  expect(log.lastIndex).toBe(lastOf(model));
  expect(log.lastTerm).toBe(termIn(model, lastOf(model)));
  expect(log.sizeBytes).toBe(sizeOf(entries));
  for (let index = Math.max(0, baseIndex - 2); index <= log.lastIndex + 2; index += 1) {
    expect(log.termAt(index)).toBe(index < baseIndex ? undefined : termIn(model, index));
    expect(log.entryAt(index)).toBe(entries[index - baseIndex - 1]);
  }
}

describe('a log', () => {
  test('is what an array would be, and none of its views ever changes', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
        const views: [Log, Model][] = [[Log.empty, { baseIndex: 0, baseTerm: 0, entries: [] }]];
        for (const it of changes) {
          const at = it.type === 'back' ? it.to % views.length : views.length - 1;
          const [log, model] = views[at] ?? [Log.empty, { baseIndex: 0, baseTerm: 0, entries: [] }];
          views.push(it.type === 'back' ? [log, model] : [...changed(log, model, it)]);
        }
        for (const [log, model] of views) expectSame(log, model);
      }),
    );
  });

  test('is plain data, equal to another one exactly when its entries are', () => {
    const growth = fc.array(change, { maxLength: 8 });
    const build = (changes: readonly Change[]): Log => {
      let state: readonly [Log, Model] = [Log.empty, { baseIndex: 0, baseTerm: 0, entries: [] }];
      for (const it of changes) if (it.type !== 'back') state = changed(...state, it);
      return state[0];
    };
    fc.assert(
      fc.property(growth, growth, (some, others) => {
        const [one, other] = [build(some), build(others)];
        assertPlain({ log: one });
        expect(one.equals(build(some))).toBe(true);
        expect(one.equals(other)).toBe(canonicalKey(one) === canonicalKey(other));
      }),
    );
  });

  test('gives as many entries as the bound allows, and at least one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { minLength: 1, maxLength: 20 }),
        fc.nat(19),
        fc.integer({ min: 1, max: 10 }),
        fc.nat(300),
        (sizes, from, maxEntries, maxBytes) => {
          const log = Log.empty.append(sizes.map((size, at) => command(at + 1, 1, size)));
          const fromIndex = (from % sizes.length) + 1;
          const slice = log.slice(fromIndex, { maxEntries, maxBytes });
          expect(slice[0]?.index).toBe(fromIndex);
          expect(slice.length).toBeLessThanOrEqual(maxEntries);
          expect(slice.length === 1 || sizeOf(slice) <= maxBytes).toBe(true);
          const next = log.entryAt(fromIndex + slice.length);
          if (next !== undefined && slice.length < maxEntries) {
            expect(sizeOf([...slice, next])).toBeGreaterThan(maxBytes);
          }
        },
      ),
    );
  });

  test('finds the last entry that another log with that term there may share', () => {
    const terms = fc.array(fc.nat(3), { minLength: 1, maxLength: 15 }).map((steps) => {
      let term = 0;
      return steps.map((step) => {
        term += Math.max(0, step - 1);
        return term;
      });
    });
    fc.assert(
      fc.property(terms, fc.nat(20), fc.nat(8), (of, index, term) => {
        const log = logOf(...of);
        let expected = Math.min(index, log.lastIndex);
        while (expected > 0 && (log.termAt(expected) ?? 0) > term) expected -= 1;
        expect(log.lastIndexOfTerm(index, term)).toBe(expected);
      }),
    );
  });

  test('finds from where on its entries fit a size', () => {
    const log = Log.empty.append([command(1, 1, 100), command(2, 1, 10), command(3, 1, 10), command(4, 1, 10)]);
    expect(log.lowestWithin(3, 84)).toBe(1);
    expect(log.lowestWithin(3, 83)).toBe(2);
    expect(log.lowestWithin(3, 0)).toBe(3);
    expect(log.lowestWithin(3, 10_000)).toBe(0);
  });

  test('refuses a gap by name', () => {
    expect(() => logOf(1, 1).append([command(4, 1)])).toThrow(RaftInvariantError);
    expect(() => logOf(1, 1).from(3)).toThrow(RaftInvariantError);
  });

  test('takes time for what is appended, not for what is there', () => {
    // Many entries one by one: were each append a copy, this would never end.
    let log = Log.empty;
    for (let index = 1; index <= 200_000; index += 1) log = log.append([command(index, 1, 0)]);
    expect(log.lastIndex).toBe(200_000);
  });

  test('looks at none of the entries that compaction leaves', () => {
    let looks = 0;
    const watched = (index: number): Entry => ({
      index,
      term: 1,
      kind: 'command',
      get data() {
        looks += 1;
        return new Uint8Array(10);
      },
    });
    const log = Log.empty.append(Array.from({ length: 1_000 }, (_, place) => watched(place + 1)));
    looks = 0;
    const rest = log.from(100).from(300);
    expect(looks).toBe(0);
    expect(rest.sizeBytes).toBe(log.sizeBetween(300, 1_000));
    expect(rest.append([watched(1_001)]).sizeBetween(999, 1_001)).toBe(2 * entrySizeBytes(watched(1)));
  });
});
