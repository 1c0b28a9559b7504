import { expect, test } from 'vitest';
import { durationText } from '../../src/cli/odds/numbers.ts';

test.each([
  [30 * 86_400_000, '30d'],
  [300_000, '5m'],
  [90_061_000, '1d 1h'],
  [59_400, '59s 400ms'],
  [3_599_999, '1h'],
  [86_399_999, '1d'],
  [59_999.9, '1m'],
  [12.5, '12.5ms'],
  [0, '0ms'],
])('%d ms reads %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
