import { expect, test } from 'vitest';
import { fixedTimeout } from '../../../../../statecharts/failover/detector/estimators/fixed.ts';
import { DetectorConfigError } from '../../../../../statecharts/failover/errors.ts';

const started = fixedTimeout.start({ kind: 'fixed', timeoutMs: 300 }, 1_000);

test('a fixed timeout runs from the start, and anew from each heartbeat', () => {
  expect(fixedTimeout.suspectAtMs(started)).toBe(1_300);
  expect(fixedTimeout.suspectAtMs(fixedTimeout.heard(started, 1_250, 2))).toBe(1_550);
});

test('after an interruption it runs anew', () => {
  expect(fixedTimeout.suspectAtMs(fixedTimeout.interrupted(started, 9_000))).toBe(9_300);
});

test.each([0, -1, Number.POSITIVE_INFINITY, Number.NaN])('a timeout of %d ms is refused', (timeoutMs) => {
  expect(() => fixedTimeout.start({ kind: 'fixed', timeoutMs }, 0)).toThrow(DetectorConfigError);
});
