import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  atLeast,
  atLeastAcross,
  availability,
  type Choice,
  exploreProcess,
  failoverAvailability,
  failsWithin,
  inParallel,
  inSeries,
  kOfN,
  meanTimeToLoss,
  OddsInputError,
} from '../../../src/odds.ts';

const probability = fc.double({ min: 0, max: 1, noNaN: true });

describe('availability', () => {
  test('is the share of time up', () => {
    expect(availability({ mttfMs: 99, mttrMs: 1 })).toBeCloseTo(0.99, 12);
    expect(availability({ mttfMs: 1, mttrMs: 0 })).toBe(1);
  });

  test('of k of n is what adding up all ways to be up gives', () => {
    fc.assert(
      fc.property(fc.array(probability, { maxLength: 6 }), fc.nat(7), (up, k) => {
        let sum = 0;
        for (let mask = 0; mask < 2 ** up.length; mask += 1) {
          const isUp = (place: number): boolean => (mask & (1 << place)) !== 0;
          if (up.filter((_one, place) => isUp(place)).length < k) continue;
          sum += up.reduce((product, one, place) => product * (isUp(place) ? one : 1 - one), 1);
        }
        expect(atLeast(k, up)).toBeCloseTo(sum, 10);
      }),
    );
  });

  test('of a majority of three is 3p^2 - 2p^3', () => {
    expect(kOfN(2, 3, 0.9)).toBeCloseTo(3 * 0.81 - 2 * 0.729, 12);
    expect(inSeries(0.9, 0.8)).toBeCloseTo(0.72, 12);
    expect(inParallel(0.9, 0.8)).toBeCloseTo(0.98, 12);
  });

  test('of three nodes in one zone is never better than that of the zone', () => {
    const inOne = atLeastAcross(2, [{ up: 0.999, members: [0.99, 0.99, 0.99] }]);
    expect(inOne).toBeCloseTo(0.999 * kOfN(2, 3, 0.99), 12);
    const apart = atLeastAcross(
      2,
      [0, 1, 2].map(() => ({ up: 0.999, members: [0.99] })),
    );
    expect(apart).toBeCloseTo(kOfN(2, 3, 0.999 * 0.99), 12);
    expect(apart).toBeGreaterThan(inOne);
  });

  test('of a quorum lasts as long as the chain of failures and repairs says', () => {
    const times = { mttfMs: 40, mttrMs: 1 };
    // Steps of a tenth of a millisecond would differ; so the embedded chain is asked, with its times as rewards.
    const chain = exploreProcess({
      start: 0,
      choices: (down: number) => {
        if (down === 2) return [];
        const [failing, repairing] = [(3 - down) / times.mttfMs, down / times.mttrMs];
        const outcomes = [
          { probability: failing / (failing + repairing), state: down + 1 },
          ...(down === 0 ? [] : [{ probability: repairing / (failing + repairing), state: down - 1 }]),
        ];
        return [{ outcomes, rewards: { timeMs: 1 / (failing + repairing) } }];
      },
    });
    const { lower } = chain.expected('timeMs', (down) => down === 2, { over: 'least' });
    expect(meanTimeToLoss(2, 3, times)).toBeCloseTo(lower, 5);
    expect(meanTimeToLoss(1, 1, times)).toBeCloseTo(40, 12);
    expect(meanTimeToLoss(2, 3, { mttfMs: 1, mttrMs: 0 })).toBe(Number.POSITIVE_INFINITY);
  });

  test('of a failover is bounded by its coverage', () => {
    const times = { mttfMs: 1_000_000, mttrMs: 1_000 };
    const perfect = failoverAvailability({ ...times, coverage: 1, switchMs: 0 });
    expect(1 - perfect).toBeLessThan(3e-6);
    const hopeless = failoverAvailability({ mttfMs: 1e-9, mttrMs: 1e12, coverage: 1, switchMs: 0 });
    expect(hopeless).toBeGreaterThan(0);
    expect(hopeless).toBeLessThan(1e-18);
    const uncovered = failoverAvailability({ ...times, coverage: 0, switchMs: 0 });
    // Each of both failures, of whichever server, takes the service down for a repair.
    expect(uncovered).toBeCloseTo(500_000 / 501_000, 10);
    const most = failoverAvailability({ ...times, coverage: 0.99, switchMs: 100 });
    expect(most).toBeLessThan(perfect);
    expect(most).toBeGreaterThan(uncovered);
  });

  test('of a failover is what the chain of its failures and repairs gives', () => {
    const [mttfMs, mttrMs, coverage, switchMs] = [50, 10, 0.9, 2];
    type State = 'both' | 'switching' | 'one' | 'none' | 'uncovered' | 'both again';
    const surely = (state: State, timeMs: number, upMs: number) => [
      { outcomes: [{ probability: 1, state }], rewards: { timeMs, upMs } },
    ];
    const cycle = exploreProcess({
      start: 'both' as State,
      choices: (state): readonly Choice<State, 'timeMs' | 'upMs'>[] => {
        const oneMs = 1 / (1 / mttfMs + 1 / mttrMs);
        switch (state) {
          case 'both':
            return [
              {
                outcomes: [
                  { probability: coverage, state: 'switching' },
                  { probability: 1 - coverage, state: 'uncovered' },
                ],
                rewards: { timeMs: mttfMs / 2, upMs: mttfMs / 2 },
              },
            ];
          case 'switching':
            return surely('one', switchMs, 0);
          case 'one':
            return [
              {
                outcomes: [
                  { probability: oneMs / mttrMs, state: 'both again' },
                  { probability: oneMs / mttfMs, state: 'none' },
                ],
                rewards: { timeMs: oneMs, upMs: oneMs },
              },
            ];
          case 'none':
            return surely('one', mttrMs, 0);
          case 'uncovered':
            return surely('both again', mttrMs, 0);
          default:
            return [];
        }
      },
    });
    const until = (state: State): boolean => state === 'both again';
    const [time, up] = (['timeMs', 'upMs'] as const).map(
      (name) => cycle.expected(name, until, { over: 'least' }).lower,
    );
    expect(failoverAvailability({ mttfMs, mttrMs, coverage, switchMs })).toBeCloseTo((up ?? 0) / (time ?? 1), 8);
  });

  test('of a window is the exponential one', () => {
    expect(failsWithin(1, { mttfMs: 1_000 })).toBeCloseTo(1 - Math.exp(-0.001), 15);
    expect(failsWithin(0, { mttfMs: 1 })).toBe(0);
  });

  test.each([
    ['a probability above 1', () => atLeast(1, [1.2])],
    ['a zone below 0', () => atLeastAcross(1, [{ up: -1, members: [] }])],
    ['no time to fail', () => availability({ mttfMs: 0, mttrMs: 1 })],
    ['half a node', () => kOfN(1, 1.5, 0.9)],
    ['more than there are', () => meanTimeToLoss(4, 3, { mttfMs: 1, mttrMs: 1 })],
    ['a coverage above 1', () => failoverAvailability({ mttfMs: 1, mttrMs: 1, coverage: 2, switchMs: 0 })],
    ['a negative window', () => failsWithin(-1, { mttfMs: 1 })],
    ['times without an end', () => availability({ mttfMs: Infinity, mttrMs: Infinity })],
    ['a mean time to failure without an end', () => meanTimeToLoss(1, 3, { mttfMs: Infinity, mttrMs: 1 })],
    ['a window without an end', () => failsWithin(Infinity, { mttfMs: 1 })],
    ['a switch without an end', () => failoverAvailability({ mttfMs: 1, mttrMs: 0, coverage: 1, switchMs: Infinity })],
    ['times that are text', () => availability(JSON.parse('{ "mttfMs": "5", "mttrMs": "1" }'))],
    ['probabilities that are text', () => atLeast(1, JSON.parse('["0.5"]'))],
    ['so many that it would take hours', () => kOfN(1, 1_000_000_000, 0.5)],
    ['a chain that would take hours', () => meanTimeToLoss(1, 1e15, { mttfMs: 1, mttrMs: 1 })],
    ['no number', () => atLeast(1, [Number.NaN])],
  ])('refuses %s', (_name, ask) => {
    expect(ask).toThrow(OddsInputError);
  });
});
