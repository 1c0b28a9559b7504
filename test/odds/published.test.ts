import { describe, expect, test } from 'vitest';
import { type Bounds, exploreProcess } from '../../src/odds.ts';
import { boundedRetransmission, type Retransmission } from './published/bounded-retransmission.ts';
import { sharedCoin } from './published/shared-coin.ts';

const expectBounds = ({ lower, upper }: Bounds, value: number): void => {
  expect(lower).toBeLessThanOrEqual(value);
  expect(upper).toBeGreaterThanOrEqual(value);
  expect(upper - lower).toBeLessThanOrEqual(1e-6 * value);
};

/** The published value is rounded. */
const expectNear = ({ lower, upper }: Bounds, value: number): void => {
  expect(Math.abs(lower - value)).toBeLessThanOrEqual(1e-6 * value);
  expect(Math.abs(upper - value)).toBeLessThanOrEqual(1e-6 * value);
};

describe('the shared coin of randomised consensus with 2 processes and K = 2', () => {
  const { isFinished, allShow, disagree, ...options } = sharedCoin(2, 2);
  const process = exploreProcess(options);

  test('has 272 states', () => {
    expect(process.states).toHaveLength(272);
  });
  test('finishes with probability 1, whatever the scheduler does', () => {
    expect(process.probability(isFinished, { over: 'least' })).toEqual({ lower: 1, upper: 1 });
  });
  test('shows 1 everywhere with a probability of 49/128 at least', () => {
    expectBounds(process.probability(allShow(1), { over: 'least' }), 49 / 128);
  });
  test('disagrees with a probability of 13/120 at most', () => {
    expectBounds(process.probability(disagree, { over: 'greatest' }), 13 / 120);
  });
  test('takes 48 steps at least and 75 at most, as is to be expected', () => {
    expectBounds(process.expected('steps', isFinished, { over: 'least' }), 48);
    expectBounds(process.expected('steps', isFinished, { over: 'greatest' }), 75);
  });
});

describe('the bounded retransmission protocol with 16 chunks and 2 retransmissions', () => {
  const process = exploreProcess(boundedRetransmission(16, 2));
  const probabilityOf = (isGoal: (state: Retransmission) => boolean) =>
    process.probability(isGoal, { over: 'greatest' });

  test('has 677 states and 867 branches', () => {
    expect(process.states).toHaveLength(677);
    expect(process.outcomeCount).toBe(867);
  });
  test('does not report success with a probability of 4.2333344e-4', () => {
    expectNear(
      probabilityOf(({ sender }) => sender === 'error'),
      4.2333344e-4,
    );
  });
  test('is unsure with a probability of 2.6453089e-5', () => {
    expectNear(
      probabilityOf(({ sender, report }) => sender === 'error' && report === 'unsure'),
      2.6453089e-5,
    );
  });
  test('tries and delivers nothing with a probability of 8e-6', () => {
    expectNear(
      probabilityOf(({ report, hasReceived }) => report !== 'none' && !hasReceived),
      8e-6,
    );
  });
});
