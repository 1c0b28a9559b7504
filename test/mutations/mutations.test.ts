import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutations } from './mutations.ts';

const root = join(import.meta.dirname, '../..');

test('each mutation names a text that stands in its file once, and a fault of its own', () => {
  const stale = mutations.filter(({ file, text }) => readFileSync(join(root, file), 'utf8').split(text).length !== 2);
  expect(stale.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
  expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
});
