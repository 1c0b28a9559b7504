import { expect, test } from 'vitest';
import { normalQuantile, normalTail } from '../../../../../statecharts/failover/detector/estimators/normal.ts';

// The values of the tables, and the asymptotic series where no table goes.
test.each([
  [0, 0.5],
  [1, 0.158655253931457],
  [2, 0.0227501319481792],
  [2.5, 0.00620966532577613],
  [3, 0.00134989803163009],
  [6, 9.86587645037698e-10],
  [10, 7.61985302416053e-24],
  [-1, 0.841344746068543],
])('a normal variable exceeds %d deviations with a probability of %d', (z, probability) => {
  expect(normalTail(z) / probability).toBeCloseTo(1, 9);
});

test.each([0.9, 0.5, 0.1, 1e-3, 1e-8, 1e-100, 1e-290])(
  'the quantile of %d is where the tail is that',
  (probability) => {
    expect(normalTail(normalQuantile(probability)) / probability).toBeCloseTo(1, 9);
  },
);
