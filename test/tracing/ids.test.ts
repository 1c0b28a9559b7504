import { expect, test } from 'vitest';
import { isInShare } from '../../src/tracing/ids.ts';
import { commandTraceId, transactionTraceId } from '../../src/tracing.ts';

const ids = Array.from({ length: 20_000 }, (_, index) => commandTraceId({ key: 'kv', index, token: 1 }));

test('ids of traces are 32 hexadecimal digits, and differ', () => {
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^[0-9a-f]{32}$/.test(id))).toEqual([]);
  expect(transactionTraceId('j.abc.1.1')).not.toBe(transactionTraceId('j.abc.1.2'));
});

test('an id stays what it is from release to release, because nodes of several run side by side', () => {
  expect(commandTraceId({ key: 'kv', index: 7, token: 2 })).toBe('eb105f21fe8660e578b6144c1b262607');
  expect(transactionTraceId('j.abc.1.1')).toBe('c00fb078e9babefd2c6b17af3e14d30a');
});

test.each([0.01, 0.1, 0.5])('a share of %d takes about that many of successive commands', (share) => {
  const taken = ids.filter((id) => isInShare(id, share)).length / ids.length;
  expect(taken).toBeGreaterThan(share * 0.8);
  expect(taken).toBeLessThan(share * 1.2);
});
