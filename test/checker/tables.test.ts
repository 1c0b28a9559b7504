import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBudgets } from '../../src/checker/system/budgets.ts';
import { createPairTable } from '../../src/checker/tables/pairs.ts';
import { createSequenceTable } from '../../src/checker/tables/sequences.ts';
import { createStateTable } from '../../src/checker/tables/states.ts';

const word = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 2 ** 32 - 3 }));

test('a pair table is a map from pairs', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word), { minLength: 1_500, maxLength: 2_000 }), (entries) => {
      const table = createPairTable();
      const map = new Map<string, number>();
      for (const [a, b, value] of entries) {
        const key = `${a} ${b}`;
        expect(table.get(a, b)).toBe(map.get(key) ?? -1);
        if (map.has(key)) continue;
        table.add(a, b, value);
        map.set(key, value);
      }
      expect(table.size).toBe(map.size);
    }),
    { numRuns: 5 },
  );
});

test('a state table gives equal states equal numbers, in the order of their discovery', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word, word), { minLength: 2_000, maxLength: 3_000 }), (vectors) => {
      const table = createStateTable(3);
      const known = new Map<string, number>();
      const read = new Uint32Array(3);
      for (const vector of vectors) {
        const state = Uint32Array.from(vector);
        const key = vector.join();
        const number = table.find(state);
        expect(number).toBe(known.get(key) ?? -1);
        if (number >= 0) continue;
        const added = table.add(state, Math.max(0, table.count - 1));
        expect(added).toBe(known.size);
        known.set(key, added);
        table.read(added, read);
        expect([...read]).toEqual(vector);
        expect(table.parentOf(added)).toBe(Math.max(0, added - 1));
      }
    }),
    { numRuns: 5 },
  );
});

test('a sequence table gives equal sequences equal numbers, whatever follows them in the buffer', () => {
  fc.assert(
    fc.property(fc.array(fc.array(word, { maxLength: 40 }), { minLength: 300, maxLength: 500 }), (sequences) => {
      const table = createSequenceTable();
      const ids = new Map<string, number>();
      const buffer = new Uint32Array(64);
      for (const sequence of sequences) {
        buffer.fill(7);
        buffer.set(sequence);
        const id = table.intern(buffer, sequence.length);
        expect(id).toBe(ids.get(sequence.join()) ?? ids.size);
        ids.set(sequence.join(), id);
        expect(table.read(id, buffer)).toBe(sequence.length);
        expect([...buffer.subarray(0, sequence.length)]).toEqual(sequence);
      }
    }),
    { numRuns: 5 },
  );
});

test('budgets are kept apart, however they are packed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 12 }),
      fc.nat(),
      (limits, pick) => {
        const budgets = createBudgets();
        const numbers = limits.map((limit) => budgets.add(limit, 'limit'));
        const state = new Uint32Array(budgets.words + 1);
        budgets.fill(state, 1);
        const spent = pick % limits.length;
        budgets.spend(numbers[spent] ?? 0, state, 1);
        expect(numbers.map((number) => budgets.left(number, state, 1))).toEqual(
          limits.map((limit, index) => (index === spent ? limit - 1 : limit)),
        );
      },
    ),
  );
});
