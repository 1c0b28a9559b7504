import { describe, expect, test } from 'vitest';
import { chance, seededRandomness } from '../../../src/environment/random.ts';
import { Mean } from '../../../src/proof/odds/mean.ts';

const meanOf = (values: readonly number[]) => {
  const mean = new Mean();
  for (const value of values) mean.add(value);
  return mean.scaled(1);
};

describe('the mean of a sample', () => {
  test('is the sum over the number of runs, in the units that are asked for', () => {
    const mean = new Mean();
    for (const value of [1, 2, 3, 10]) mean.add(value);
    expect(mean.scaled(0.5)).toMatchObject({ type: 'sample', value: 2, runs: 4 });
  });

  test('is as near to both sides where the runs are not skewed', () => {
    const { value, lower, upper } = meanOf(Array.from({ length: 1_000 }, (_, at) => 10 + (at % 2 === 0 ? 1 : -1)));
    expect(value).toBeCloseTo(10, 10);
    expect(upper - value).toBeCloseTo(value - lower, 6);
    // 3.29 standard errors of 1 / sqrt(1000), and 10 times the bound of what 1,000 runs never showed.
    expect(upper - value).toBeCloseTo(3.2905 / Math.sqrt(999) + 10 * 6.884e-3, 3);
  });

  test('reaches further to where rare runs cost much', () => {
    const { value, lower, upper } = meanOf(Array.from({ length: 1_000 }, (_, at) => (at % 50 === 0 ? 600 : 3)));
    expect(upper - value).toBeGreaterThan(1.2 * (value - lower));
  });

  test('keeps away from certainty where all runs were the same', () => {
    const { lower, upper } = meanOf(Array.from({ length: 500 }, () => 2));
    expect(lower).toBeLessThan(1.992);
    expect(upper).toBeGreaterThan(2.008);
  });

  test('holds the truth in all but few of many samples of something rare', () => {
    const random = seededRandomness(1).stream('sample');
    let missed = 0;
    for (let sample = 0; sample < 1_000; sample += 1) {
      const { lower, upper } = meanOf(Array.from({ length: 500 }, () => (chance(random, 0.03) ? 600 : 3)));
      const truth = 0.03 * 600 + 0.97 * 3;
      if (lower > truth || upper < truth) missed += 1;
    }
    expect(missed).toBeLessThanOrEqual(3);
  });
});
