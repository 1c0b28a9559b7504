import { expect, test } from 'vitest';
import { Cursor } from '../../../src/resources/sql/cursor.ts';

/** A cursor over the numbers up to `last`, and what it has asked for. */
function numbers(last: number, rowsPerFetch = 2) {
  const asked: string[] = [];
  let next = 1;
  const cursor = new Cursor<readonly [number]>(
    {
      async fetch(count) {
        asked.push(`fetch ${count}`);
        if (next > 100) throw new Error('too far');
        const rows: (readonly [number])[] = [];
        while (rows.length < count && next <= last) rows.push([next++]);
        return rows;
      },
      close: async () => asked.push('close'),
    },
    rowsPerFetch,
  );
  return { cursor, asked };
}

test('a cursor gives its rows in order, and is closed once, at its end', async () => {
  const { cursor, asked } = numbers(3);
  const found: number[] = [];
  for await (const [number] of cursor) found.push(number);
  await cursor.close();
  expect(found).toEqual([1, 2, 3]);
  expect(asked).toEqual(['fetch 2', 'fetch 2', 'fetch 2', 'close']);
});

test('a cursor that failed asks for nothing more, and the loop throws what it failed with', async () => {
  const { cursor, asked } = numbers(1_000, 60);
  const loop = async () => {
    for await (const _row of cursor);
  };
  await expect(loop()).rejects.toThrow('too far');
  expect(await cursor.read()).toEqual([]);
  expect(asked).toEqual(['fetch 60', 'fetch 60', 'fetch 60']);
});

test('a cursor passes all that it asks through what it is told to', async () => {
  const { cursor, asked } = numbers(3);
  let passed = 0;
  const through = cursor.through((step) => {
    passed += 1;
    return step();
  });
  expect(await through.read(1)).toEqual([[1]]);
  await through.close();
  expect([passed, asked]).toEqual([2, ['fetch 1', 'close']]);
});
