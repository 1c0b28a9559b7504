/** Reads that may be stale, within a bound. */

import { describe, expect, test } from 'vitest';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { checkHistory, HistoryFormatError, modelNamed, readHistory } from '../../src/history.ts';

const { clock } = systemEnvironment();
const model = modelNamed('kv');

/** A read of x that is invoked at 100 ms, after writes that were answered at 20, 50 and 80 ms. */
function verdictOf(value: unknown, maxStalenessMs?: number, answeredMs = 105): string {
  const write = (put: number, from: number, to: number) => [
    { process: 1, type: 'invoke', f: 'put', key: 'x', value: put, time: from },
    { process: 1, type: 'ok', time: to },
  ];
  const events = [
    ...[...write(1, 10, 20), ...write(2, 40, 50), ...write(3, 70, 80)],
    { process: 2, type: 'invoke', f: 'get', key: 'x', maxStalenessMs, time: 100 },
    { process: 2, type: 'ok', value, time: answeredMs },
  ];
  const lines = events.map((it) => JSON.stringify(it));
  return checkHistory(readHistory(lines, model), model, { clock }).verdict;
}

describe('a read that may be stale', () => {
  test.each([
    ['without a bound holds all that was answered before', 3, undefined, 'linearizable'],
    ['without a bound holds nothing older', 2, undefined, 'violation'],
    ['may lack what was answered within its bound', 2, 25, 'linearizable'],
    ['may lack what was answered at its bound', 2, 20, 'linearizable'],
    ['lacks nothing that was answered before that', 2, 19.5, 'violation'],
    ['may be as of any time within its bound', 1, 60, 'linearizable'],
    ['is no older than that', 1, 49, 'violation'],
    ['holds one write more, or not, that was under way then', 2, 55, 'linearizable'],
    ['may be as fresh as one that is not stale', 3, 60, 'linearizable'],
    ['may be as of the beginning', null, 1_000, 'linearizable'],
    ['holds nothing that never was', 4, 1_000, 'violation'],
  ])('%s', (_, value, maxStalenessMs, expected) => {
    expect(verdictOf(value, maxStalenessMs)).toBe(expected);
  });

  test('comes in the order of the invocations by which it is judged', () => {
    const lines = [
      { process: 1, type: 'invoke', f: 'put', key: 'x', value: 1, time: 10 },
      { process: 1, type: 'ok', time: 20 },
      { process: 2, type: 'invoke', f: 'get', key: 'x', maxStalenessMs: 95, time: 100 },
    ].map((it) => JSON.stringify(it));
    const { operations } = readHistory(lines, model);
    expect(operations.map(({ f, index, invokedAt }) => [f, index, invokedAt])).toEqual([
      ['get', 0, { line: 0, timeMs: 5 }],
      ['put', 1, { line: 1, timeMs: 10 }],
    ]);
  });

  test.each([
    ['a write', { process: 1, type: 'invoke', f: 'put', key: 'x', value: 1, maxStalenessMs: 5, time: 1 }],
    ['a read without a time', { process: 1, type: 'invoke', f: 'get', key: 'x', maxStalenessMs: 5 }],
    ['a bound below 0', { process: 1, type: 'invoke', f: 'get', key: 'x', maxStalenessMs: -1, time: 1 }],
  ])('is not %s', (_, event) => {
    expect(() => readHistory([JSON.stringify(event)], model)).toThrow(HistoryFormatError);
  });
});
