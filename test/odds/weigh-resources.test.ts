/** What resources do in a weighted model, and crashes at an instant, worked out by hand. */

import { describe, expect, test } from 'vitest';
import { type Bounds, ProcessError, type TimedView, type Weights, weigh } from '../../src/odds.ts';
import { asks, lampModel, other, self, type Told } from './lamp.ts';

type Changing = NonNullable<Weights['changes']>;

const never: Changing = () => 'never';
const weighed = (weights: Weights) => weigh(lampModel, { horizonTicks: 20, ...weights });
const saw =
  (text: string) =>
  ({ history }: TimedView<Told>): boolean =>
    history.includes(text);

const expectBetween = ({ lower, upper }: Bounds, least: number, greatest = least): void => {
  expect(lower).toBeCloseTo(least, 10);
  expect(upper).toBeCloseTo(greatest, 10);
};

describe('a resource to which something happens by itself', () => {
  const soonOrLate: Changing = (_resource, { name }) =>
    name === 'breaks'
      ? [
          { ticks: 3, probability: 0.25 },
          { ticks: 9, probability: 0.75 },
        ]
      : 'never';

  test('changes as soon as was said', () => {
    const system = weighed({ changes: soonOrLate, requests: [asks(4)] });
    expectBetween(system.probability(saw('broken, broken'), { over: 'least' }), 0.25);
    expectBetween(system.probability(saw('lit, lit'), { over: 'greatest' }), 0.75);
  });

  test('is asked over what it made of the state in which it was asked', () => {
    const system = weighed({ changes: soonOrLate, operations: 2, requests: [asks(2)] });
    expectBetween(system.probability(saw('lit, broken'), { over: 'least' }), 0.25);
  });

  test('leaves it open whether a change, or an operation of the same tick, comes first', () => {
    const system = weighed({ changes: soonOrLate, requests: [asks(2)] });
    expectBetween(system.probability(saw('lit, broken'), { over: 'least' }), 0);
    expectBetween(system.probability(saw('lit, broken'), { over: 'greatest' }), 0.25);
  });

  test('waits anew for a change that was impossible meanwhile', () => {
    const changes: Changing = (_resource, { name }) => (name === 'breaks' ? 3 : 2);
    const seenAt = (afterTicks: number) =>
      weighed({ changes, requests: [asks(afterTicks)] }).probability(saw('broken, broken'), { over: 'least' });
    // Broken from 3 to 5, from 8 to 10, and so on; what is asked at 3 is carried out at 4.
    expectBetween(seenAt(3), 0);
    expectBetween(weighed({ changes, requests: [asks(7)] }).probability(saw('lit, broken'), { over: 'greatest' }), 1);
    expectBetween(seenAt(11), 0);
  });

  test('is asked by several nodes in any order', () => {
    const system = weighed({ changes: never, requests: [asks(1), asks(1, other)] });
    expectBetween(
      system.probability(({ history }) => history.length === 2, { over: 'least' }),
      1,
    );
  });

  test('is refused without its weights', () => {
    expect(() => weighed({})).toThrow(ProcessError);
  });
});

describe('a crash at an instant', () => {
  const changes = never;

  test('comes then, as probably as was said, and takes the answer along', () => {
    const scheduled = [{ node: 'a', afterTicks: 2, probability: 0.1 }];
    const system = weighed({ changes, operations: 5, requests: [asks(1)], crashes: { scheduled } });
    expectBetween(system.probability(saw('lit, lit'), { over: 'least' }), 0.9);
  });

  test('comes for sure where nothing else is said', () => {
    const system = weighed({
      changes,
      operations: 5,
      requests: [asks(1)],
      crashes: { scheduled: [{ node: 'a', afterTicks: 2 }] },
    });
    expectBetween(system.probability(saw('lit, lit'), { over: 'greatest' }), 0);
  });

  test.each([
    ['of a node that is not there', { node: 'c', afterTicks: 2 }],
    ['with what is no probability', { node: 'a', afterTicks: 2, probability: 2 }],
  ])('is refused %s', (_name, crash) => {
    expect(() => weighed({ changes, crashes: { scheduled: [crash] } })).toThrow(ProcessError);
  });
});

describe('what applications do when they are told something', () => {
  test('is asked at once', () => {
    const system = weighed({
      changes: never,
      requests: [asks(1)],
      reactions: (actor, output) =>
        actor === self && output.type === 'seen' ? [{ actor: self, request: { type: 'look' } }] : [],
    });
    expectBetween(
      system.probability(({ history }) => history.length > 3, { over: 'least' }),
      1,
    );
    expectBetween(
      system.probability(({ history }) => history.length > 30, { over: 'greatest' }),
      0,
    );
  });
});
