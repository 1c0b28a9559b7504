import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readComparison } from '../../src/compare/comparison.ts';
import { faultNames } from '../../src/compare/faults.ts';
import { methods } from '../../src/compare/methods.ts';

const file = join(import.meta.dirname, '..', 'proof', 'comparison.json');
const recorded = readComparison(JSON.parse(readFileSync(file, 'utf8')));

test('the documents show every method and every kind of fault', () => {
  expect(recorded.methods.map(({ name }) => name)).toEqual(methods.map(({ name }) => name));
  expect(Object.keys(recorded.faults)).toEqual([...faultNames]);
});
