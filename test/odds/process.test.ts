import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Bounds, exploreProcess, OddsLimitError, ProcessError } from '../../src/odds.ts';
import { byHand, type SmallProcess } from './by-hand.ts';

const toProcess = (process: SmallProcess) =>
  exploreProcess({
    start: 0,
    choices: (state) => (process[state] ?? []).map(({ outcomes, reward }) => ({ outcomes, rewards: { cost: reward } })),
  });

/** Outcomes in eighths, rewards that are often 0, states that may end: end components of every kind. */
const smallProcesses = fc.integer({ min: 2, max: 6 }).chain((size) => {
  const choice = fc.record({
    states: fc.array(fc.nat(size - 1), { minLength: 1, maxLength: 3 }),
    split: fc.integer({ min: 1, max: 6 }),
    reward: fc.constantFrom(0, 0, 1, 2.5),
  });
  const split = ({
    states: [first = 0, second, third],
    split: eighths,
    reward,
  }: {
    states: number[];
    split: number;
    reward: number;
  }) => {
    if (second === undefined) return { outcomes: [{ probability: 1, state: first }], reward };
    if (third === undefined) {
      const probability = eighths / 8;
      return {
        outcomes: [
          { probability, state: first },
          { probability: 1 - probability, state: second },
        ],
        reward,
      };
    }
    const [one, two] = [eighths / 8, 1 / 8];
    return {
      outcomes: [
        { probability: one, state: first },
        { probability: two, state: second },
        { probability: 1 - one - two, state: third },
      ],
      reward,
    };
  };
  return fc.array(fc.array(choice.map(split), { maxLength: 2 }), { minLength: size, maxLength: size });
});

const expectAround = ({ lower, upper }: Bounds, value: number): void => {
  if (value === Number.POSITIVE_INFINITY) {
    expect({ lower, upper }).toEqual({ lower: value, upper: value });
    return;
  }
  expect(lower).toBeLessThanOrEqual(value + 1e-9 * Math.max(1, value));
  expect(upper).toBeGreaterThanOrEqual(value - 1e-9 * Math.max(1, value));
  expect(upper - lower).toBeLessThanOrEqual(1e-9 * upper);
};

describe('a Markov decision process', () => {
  test('answers as trying every scheduler by hand does', () => {
    fc.assert(
      fc.property(smallProcesses, fc.nat(5), (small, goalState) => {
        const goal = new Set([goalState % small.length]);
        const process = toProcess(small);
        const expected = byHand(small, goal);
        for (const over of ['least', 'greatest'] as const) {
          const isGoal = (state: number) => goal.has(state);
          expectAround(process.probability(isGoal, { over }), expected.probability[over]);
          expectAround(process.expected('cost', isGoal, { over }), expected.expected[over]);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('does not take waiting for ever for the cheapest way to a goal that costs something', () => {
    const process = toProcess([
      [
        { outcomes: [{ probability: 1, state: 1 }], reward: 0 },
        { outcomes: [{ probability: 1, state: 2 }], reward: 3 },
      ],
      [{ outcomes: [{ probability: 1, state: 0 }], reward: 0 }],
      [],
    ]);
    expectAround(
      process.expected('cost', (state) => state === 2, { over: 'least' }),
      3,
    );
  });

  test('comes down from above although an end component holds the start', () => {
    const process = toProcess([
      [
        { outcomes: [{ probability: 1, state: 0 }], reward: 0 },
        {
          outcomes: [
            { probability: 0.5, state: 1 },
            { probability: 0.5, state: 2 },
          ],
          reward: 0,
        },
      ],
      [],
      [],
    ]);
    expectAround(
      process.probability((state) => state === 1, { over: 'greatest' }),
      0.5,
    );
    expect(process.probability((state) => state === 1, { over: 'least' })).toEqual({ lower: 0, upper: 0 });
  });

  test('has no cost before a goal that it begins in, and an infinite one before a goal that can be missed', () => {
    const process = toProcess([
      [
        {
          outcomes: [
            { probability: 0.5, state: 1 },
            { probability: 0.5, state: 2 },
          ],
          reward: 1,
        },
      ],
      [],
      [],
    ]);
    expect(process.expected('cost', (state) => state === 0, { over: 'greatest' })).toEqual({ lower: 0, upper: 0 });
    expect(process.expected('cost', (state) => state === 1, { over: 'least' }).upper).toBe(Number.POSITIVE_INFINITY);
  });

  const outcomes = (...probabilities: number[]) => ({
    start: 0,
    choices: (state: number) =>
      state === 0 ? [{ outcomes: probabilities.map((probability, place) => ({ probability, state: place + 1 })) }] : [],
  });
  test.each([[[0.5, 0.4]], [[1.2]], [[-0.2, 1.2]], [[0, 1]], [[Number.NaN]], [[]]])(
    'refuses outcomes of %j',
    (probabilities) => {
      expect(() => exploreProcess(outcomes(...probabilities))).toThrow(ProcessError);
    },
  );
  test('refuses rewards that are negative or infinite', () => {
    const withReward = (cost: number) => ({
      start: 0,
      choices: () => [{ outcomes: [{ probability: 1, state: 0 }], rewards: { cost } }],
    });
    expect(() => exploreProcess(withReward(-1))).toThrow(ProcessError);
    expect(() => exploreProcess(withReward(Number.POSITIVE_INFINITY))).toThrow(ProcessError);
  });
  test('gives no number when it has more states than it may have', () => {
    const counting = {
      start: 0,
      choices: (n: number) => [{ outcomes: [{ probability: 1, state: n + 1 }] }],
      maxStates: 10,
    };
    expect(() => exploreProcess(counting)).toThrow(OddsLimitError);
  });
  test('gives no number when the sweeps are used up before the bounds are near enough', () => {
    const slow = toProcess([
      [
        {
          outcomes: [
            { probability: 0.99, state: 0 },
            { probability: 0.005, state: 1 },
            { probability: 0.005, state: 2 },
          ],
          reward: 1,
        },
      ],
      [],
      [],
    ]);
    const options = { over: 'greatest', precision: { maxSweeps: 10 } } as const;
    expect(() => slow.probability((state) => state === 1, options)).toThrow(/raise maxSweeps/);
    expect(() => slow.expected('cost', (state) => state !== 0, options)).toThrow(OddsLimitError);
  });
});
