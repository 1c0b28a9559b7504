import { describe, expect, test } from 'vitest';
import {
  type ConsistencyName,
  readHistory,
  register,
  separationPairs,
  shortestSeparation,
  verdictsOf,
} from '../../../src/history.ts';
import { satisfies } from './brute-force.ts';

/** As the literature has them, for each model and the next weaker one. */
const known: readonly (readonly [ConsistencyName, ConsistencyName | undefined, readonly string[]])[] = [
  ['linearizable', 'sequential', ['1: write x 1', '2: read x → null']],
  ['linearizable', 'eventual', ['1: write x 1', '1: write x 2', '1: read x → 1']],
  ['sequential', 'causal', ['1: write x 1, read x → 2', '2: write x 2, read x → 1']],
  ['causal', 'pram', ['1: write x 1', '2: read x → 1, write x 2', '3: read x → 2, read x → 1']],
  ['causal', 'writes-follow-reads', ['1: write x 1, read x → null']],
  ['pram', 'monotonic-writes', ['1: write x 1, read x → null']],
  ['pram', 'read-your-writes', ['1: write x 1, write x 2, read x → 1']],
  ['writes-follow-reads', 'monotonic-reads', ['1: write x 1, read x → 1, write x 2', '2: read x → 2, read x → 1']],
  ['monotonic-writes', 'monotonic-reads', ['1: write x 1, write x 2, read x → 2, read x → 1']],
  ['monotonic-reads', undefined, ['1: write x 1, read x → 1, read x → null']],
  ['read-your-writes', undefined, ['1: write x 1, read x → null']],
  ['eventual', undefined, ['1: write x 1', '1: read x → null']],
];

describe('the shortest history that a model forbids and the next weaker one allows', () => {
  test('is known for every pair', () => {
    expect(known.map(([stronger, weaker]) => [stronger, weaker])).toEqual(separationPairs);
  });

  test.each(known)('of %s and %s', (stronger, weaker, text) => {
    const separation = shortestSeparation(stronger, weaker);
    expect(separation?.text).toEqual(text);
    const model = register();
    const history = readHistory(separation?.lines ?? [], model);
    const { satisfied, violated } = verdictsOf(history);
    expect(violated).toContain(stronger);
    if (weaker !== undefined) expect(satisfied).toContain(weaker);
    for (const name of [...satisfied, ...violated].filter((it) => it !== 'eventual')) {
      expect(satisfies(history, model, name), name).toBe(satisfied.includes(name));
    }
  });

  test('is none within limits that are too narrow', () => {
    expect(shortestSeparation('causal', 'pram', { operations: 4 })).toBeUndefined();
    expect(shortestSeparation('linearizable', 'sequential', { processes: 1 })).toBeUndefined();
  });
});
