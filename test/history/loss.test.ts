/** A store that may lose the last of what it acknowledged at a failover: as many writes as it says, and not one more. */

import { describe, expect, test } from 'vitest';
import { checkHistory, HistoryOptionError, keyValueWithLoss, readHistory } from '../../src/history.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

type Line = readonly [process: string, type: 'invoke' | 'ok' | 'fail' | 'info', f: string, value?: unknown];

/** One call after the other, each by a process of its own. */
const inTurn = (...calls: readonly (readonly [f: string, value?: unknown, result?: unknown])[]): readonly Line[] =>
  calls.flatMap(([f, value, result], at): readonly Line[] => [
    [`p${at}`, 'invoke', f, value],
    [`p${at}`, 'ok', f, result],
  ]);

function verdictOf(lines: readonly Line[], maxLoss: number): string {
  const model = keyValueWithLoss({ maxLoss });
  const texts = lines.map(([process, type, f, value]) =>
    JSON.stringify({ process, type, f, ...(value === undefined ? {} : { value }) }),
  );
  return checkHistory(readHistory(texts, model), model, { clock: createVirtualClock() }).verdict;
}

const three = [
  ['put', ['k', 1]],
  ['put', ['k', 2]],
  ['put', ['j', 3]],
  ['put', ['k', 4]],
] as const;
const failover = ['failover'] as const;

describe('a store that may lose something', () => {
  test('may lose exactly that, and one more is a violation', () => {
    const lines = inTurn(...three, failover, ['get', 'k', 1], ['get', 'j', null]);
    expect([2, 3].map((maxLoss) => verdictOf(lines, maxLoss))).toEqual(['violation', 'linearizable']);
  });

  test('loses the last writes, and none before them', () => {
    expect(verdictOf(inTurn(...three, failover, ['get', 'k', 4], ['get', 'j', null]), 3)).toBe('violation');
  });

  test('loses nothing without a failover, and what a failover has kept for good', () => {
    expect(verdictOf(inTurn(...three, ['get', 'k', 2]), 3)).toBe('violation');
    expect(verdictOf(inTurn(...three, failover, failover, ['get', 'k', 1]), 2)).toBe('violation');
    expect(verdictOf(inTurn(...three, failover, ['put', ['k', 5]], failover, ['get', 'k', 2]), 1)).toBe('linearizable');
  });

  test('may have shown what it loses, and not afterwards', () => {
    expect(verdictOf(inTurn(...three, ['get', 'k', 4], failover, ['get', 'k', 2]), 1)).toBe('linearizable');
    expect(verdictOf(inTurn(...three, failover, ['get', 'k', 2], ['get', 'k', 4]), 1)).toBe('violation');
  });

  test('may have writes acknowledged by a primary that is deposed, as many as were not lost before', () => {
    const late = inTurn(...three, failover, ['put', ['k', 5]], ['put', ['k', 6]], ['get', 'k', 4]);
    expect([1, 2].map((maxLoss) => verdictOf(late, maxLoss))).toEqual(['violation', 'linearizable']);
    const both = inTurn(...three, failover, ['put', ['k', 5]], ['get', 'k', 2]);
    expect([1, 2].map((maxLoss) => verdictOf(both, maxLoss))).toEqual(['violation', 'linearizable']);
  });

  test('swaps what it finds, and only that', () => {
    const swaps = (result: boolean) => inTurn(...three, ['cas', ['k', 4, 5], result], ['get', 'k', result ? 5 : 4]);
    expect([true, false].map((result) => verdictOf(swaps(result), 0))).toEqual(['linearizable', 'violation']);
    expect(verdictOf(inTurn(...three, failover, ['cas', ['k', 2, 5], true], ['get', 'k', 5]), 1)).toBe('linearizable');
  });

  test('deletes, and may lose that', () => {
    const deleted = [['put', ['k', 1]], ['delete', 'k'], failover] as const;
    expect(verdictOf(inTurn(...deleted, ['get', 'k', null]), 0)).toBe('linearizable');
    expect([0, 1].map((maxLoss) => verdictOf(inTurn(...deleted, ['get', 'k', 1]), maxLoss))).toEqual([
      'violation',
      'linearizable',
    ]);
  });

  test.each([-1, 0.5, 101])('is not judged by a bound of %d', (maxLoss) => {
    expect(() => keyValueWithLoss({ maxLoss })).toThrow(HistoryOptionError);
  });
});
