import { expect, test } from 'vitest';
import { describeLock, shortestPaths } from '../../examples/generated-paths.ts';
import { lockOf } from '../../examples/lock.ts';

const messages = [{ type: 'acquire', ...{ client: 'ann' } }, { type: 'release' }];

test('the paths lead to each state once, the shortest first', () => {
  expect(describeLock(4)).toEqual([
    'at first: free {"token":0}',
    'acquire: held {"token":1}',
    'acquire, release: free {"token":1}',
    'acquire, release, acquire: held {"token":2}',
    'acquire, release, acquire, release: free {"token":2}',
  ]);
});

test('on every path each token is greater than the one before, and is written down before it is told', () => {
  const paths = shortestPaths(lockOf(false), messages, 6);
  expect(paths).toHaveLength(7);
  for (const { steps } of paths) {
    const effects = steps.flatMap((step) => step.effects);
    const kinds = effects.map(({ type }) => type);
    expect(kinds).toEqual(effects.map((_, at) => (at % 2 === 0 ? 'persist' : 'deliver')));
    expect(effects.some((effect) => effect.type === 'deliver' && effect.ahead === true)).toBe(false);
    const tokens = effects.flatMap((effect) => (effect.type === 'deliver' ? [JSON.stringify(effect.output)] : []));
    expect(new Set(tokens).size).toBe(tokens.length);
  }
});

test('the hasty lock is told apart on the first path that grants', () => {
  const paths = shortestPaths(lockOf(true), messages, 6);
  const hasty = paths.find(({ steps }) =>
    steps.some(({ effects }) => effects.some((effect) => effect.type === 'deliver' && effect.ahead === true)),
  );
  expect(hasty?.happenings).toEqual(['acquire']);
});
