/** How actors of a model come to life: always with their node, once, or by a message. */

import { expect, test } from 'vitest';
import { type CheckResult, check } from '../../src/checker.ts';
import { births, type placements } from './models/starter.ts';

const every = [
  'first: begun',
  'first: woken',
  'first: nothing',
  'later: begun',
  'later: begun again',
  'later: woken',
  'later: recovered',
  'later: nothing',
] as const;
const reached = ({ properties }: CheckResult): string[] =>
  properties.flatMap(({ kind, name, verdict }) => (kind === 'sometimes' && verdict === 'reached' ? name : []));
const bornOf = (placement: keyof typeof placements, wakes: number): string[] =>
  reached(check(births(placement, wakes, every)));

test('who is started with its node is started by its application in every life', () => {
  expect(bornOf('always', 1)).toEqual(['first: begun', 'later: begun']);
});

test('who is started once lives on from its records, and without any waits for a message', () => {
  expect(bornOf('once', 0)).toEqual(['first: begun', 'later: recovered', 'later: nothing']);
  expect(bornOf('once', 1)).toEqual(['first: begun', 'later: woken', 'later: recovered', 'later: nothing']);
});

test('who is started once, and otherwise later, waits for nothing', () => {
  const expected = ['first: begun', 'later: begun again', 'later: recovered'];
  expect(bornOf('once, and again', 0)).toEqual(expected);
  expect(bornOf('once, and again', 1)).toEqual(expected);
});

test('who is born of a message is not there before one comes', () => {
  expect(bornOf('by a message', 0)).toEqual(['first: nothing', 'later: nothing']);
  expect(bornOf('by a message', 1)).toEqual([
    'first: woken',
    'first: nothing',
    'later: woken',
    'later: recovered',
    'later: nothing',
  ]);
});
