import { describe, expect, test } from 'vitest';
import { boundOfNone, confidenceInterval, OddsInputError } from '../../../src/odds.ts';

describe('a confidence interval', () => {
  // Clopper & Pearson's intervals as tables of statistics have them.
  test.each([
    [0, 10, 0, 0.3084971],
    [1, 10, 0.0025286, 0.4450161],
    [5, 10, 0.187086, 0.812914],
    [10, 10, 0.6915029, 1],
    [81, 263, 0.2527196, 0.3676581],
  ])('of %i in %i runs is [%f, %f]', (successes, runs, lower, upper) => {
    const interval = confidenceInterval(successes, runs);
    expect(interval.lower).toBeCloseTo(lower, 4);
    expect(interval.upper).toBeCloseTo(upper, 4);
  });

  test('holds the true probability at least as often as said, whatever that is', () => {
    for (const p of [0.001, 0.03, 0.3, 0.5, 0.97]) {
      const runs = 60;
      let held = 0;
      let weight = (1 - p) ** runs;
      for (let successes = 0; successes <= runs; successes += 1) {
        const { lower, upper } = confidenceInterval(successes, runs, 0.9);
        if (lower <= p && p <= upper) held += weight;
        weight *= ((runs - successes) / (successes + 1)) * (p / (1 - p));
      }
      expect(held).toBeGreaterThanOrEqual(0.9 - 1e-12);
    }
  });

  test('of many runs stays exact', () => {
    const { lower, upper } = confidenceInterval(500, 100_000);
    expect(lower).toBeGreaterThan(0.00456);
    expect(upper).toBeLessThan(0.00546);
  });

  test('proves of what never happened that it is rare', () => {
    expect(boundOfNone(1_000)).toBeCloseTo(2.9912e-3, 6);
    expect((1 - boundOfNone(50, 0.99)) ** 50).toBeCloseTo(0.01, 12);
  });

  test.each([
    [-1, 10],
    [11, 10],
    [0, 0],
    [0.5, 10],
  ])('refuses %f successes in %f runs', (successes, runs) => {
    expect(() => confidenceInterval(successes, runs)).toThrow(OddsInputError);
  });
  test('refuses a confidence above 1', () => {
    expect(() => confidenceInterval(1, 2, 1.5)).toThrow(OddsInputError);
    expect(() => confidenceInterval(5e14, 9e15)).toThrow(/at most 10000000/);
    expect(() => boundOfNone(10, -1)).toThrow(OddsInputError);
  });
});
