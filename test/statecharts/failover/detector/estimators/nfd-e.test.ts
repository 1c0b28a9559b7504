import { expect, test } from 'vitest';
import {
  expectedArrivalMs,
  type NfdEConfig,
  type NfdEEstimate,
  nfdE,
} from '../../../../../statecharts/failover/detector/estimators/nfd-e.ts';
import { DetectorConfigError } from '../../../../../statecharts/failover/errors.ts';

const config: NfdEConfig = { kind: 'nfd-e', intervalMs: 100, slackMs: 50, windowSize: 3 };
const start = nfdE.start(config, 0);
/** Heartbeats by number, each with the time that it took. */
const after = (delaysMs: readonly (readonly [sequence: number, delayMs: number])[]): NfdEEstimate =>
  delaysMs.reduce((state, [sequence, delayMs]) => nfdE.heard(state, 100 * sequence + delayMs, sequence), start);

test('the next arrival is estimated from the last ones, each set back by its number (§6.1)', () => {
  expect(expectedArrivalMs(start, 1)).toBeUndefined();
  expect(
    expectedArrivalMs(
      after([
        [1, 4],
        [2, 8],
      ]),
      3,
    ),
  ).toBe(306);
  expect(
    expectedArrivalMs(
      after([
        [1, 900],
        [2, 4],
        [4, 8],
        [5, 3],
      ]),
      6,
    ),
  ).toBe(605);
});

test('suspicion begins the slack after the estimate, however late the last heartbeat was (§6.1)', () => {
  const state = after([
    [1, 2],
    [2, 4],
    [3, 90],
  ]);
  expect(nfdE.suspectAtMs(state)).toBe(400 + 32 + 50);
});

test('a heartbeat that is lost does not move the freshness point of its successor', () => {
  expect(
    nfdE.suspectAtMs(
      after([
        [1, 6],
        [3, 6],
      ]),
    ),
  ).toBe(400 + 6 + 50);
});

test('before the first heartbeat, and after an interruption, it waits an interval and the slack', () => {
  expect(nfdE.suspectAtMs(start)).toBe(150);
  const away = nfdE.interrupted(after([[1, 6]]), 5_000);
  expect(nfdE.suspectAtMs(away)).toBe(5_150);
  expect(nfdE.suspectAtMs(nfdE.heard(away, 5_106, 51))).toBe(5_200 + 6 + 50);
});

test.each([{ intervalMs: 0 }, { slackMs: -1 }, { windowSize: 0 }, { windowSize: 1_001 }, { slackMs: Number.NaN }])(
  '%o is refused',
  (change) => {
    expect(() => nfdE.start({ ...config, ...change }, 0)).toThrow(DetectorConfigError);
  },
);
