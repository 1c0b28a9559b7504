/** Conditions of requests: remembered by what they read of a state. */

import { expect, test } from 'vitest';
import { check, type Model, NotPureError, request } from '../../src/checker.ts';
import { transactionCommit } from './models/transaction-commit.ts';
import { first, second, silence } from './models/waiter.ts';

const asking = (when: NonNullable<NonNullable<Model['requests']>[number]['when']>): Model =>
  silence({
    actors: [first, second],
    requests: [request(first, { type: 'stop' }, { when }), request(second, { type: 'stop' })],
    clock: { tickMs: 1, ticks: 500 },
    eventually: {},
  });

test('a condition runs once for each value of what it reads, however many states there are', () => {
  let runs = 0;
  const result = check(
    asking((state) => {
      runs += 1;
      return state.of(second).snapshot?.value === 'done';
    }),
  );
  expect(result.states).toBe(3 * 501);
  expect(runs).toBe(2);
});

test('a condition that says something else of the same state is refused', () => {
  let runs = 0;
  const fickle = asking((state) => {
    runs += 1;
    return state.of(second).life === 'running' && runs % 2 === 1;
  });
  expect(() => check(fickle, { recomputeEvery: 1 })).toThrow(NotPureError);
});

test('states and transitions are the same without remembering', () => {
  const { states, transitions } = check(transactionCommit(5));
  expect(check(transactionCommit(5), { memoise: false })).toMatchObject({ states, transitions });
});
