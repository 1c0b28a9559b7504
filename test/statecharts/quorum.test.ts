import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alwaysMeet,
  anyOf,
  isQuorum,
  jointOf,
  majorityOf,
  majoritySize,
  type Quorum,
  reachedBy,
} from '../../statecharts/quorum.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const groups = (members: readonly string[]): string[][] =>
  Array.from({ length: 2 ** members.length }, (_, group) => members.filter((_member, bit) => (group >> bit) & 1));

const members = fc.subarray(names, { minLength: 1 });
const threshold = members.chain((those) => fc.nat(those.length - 1).map((size) => anyOf(those, size + 1)));
const quorum = fc.oneof(
  threshold,
  members.map(majorityOf),
  fc.tuple(threshold, threshold).map((both) => jointOf(...both)),
);

describe('a majority', () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
  ])('of %i is %i', (count, size) => {
    expect(majoritySize(count)).toBe(size);
  });

  test('counts no stranger, and nobody twice', () => {
    expect(isQuorum(majorityOf(['a', 'b', 'c']), ['a', 'x', 'y'])).toBe(false);
    expect(isQuorum(majorityOf(['a', 'b', 'c']), ['a', 'a'])).toBe(false);
    expect(isQuorum(majorityOf(['a', 'b', 'c']), ['c', 'a'])).toBe(true);
  });
});

test('a joint quorum needs a quorum of each, which together is no majority of all', () => {
  const joint = jointOf(majorityOf(['a', 'b', 'c']), majorityOf(['c', 'd', 'e']));
  expect(isQuorum(joint, ['a', 'b', 'd'])).toBe(false);
  expect(isQuorum(joint, ['a', 'b', 'd', 'e'])).toBe(true);
  expect(isQuorum(joint, ['b', 'c', 'd'])).toBe(true);
  expect(reachedBy(joint, (member) => names.indexOf(member))).toBe(1);
});

test('what asks for nothing is met by nobody', () => {
  expect(isQuorum([], names)).toBe(false);
  expect(reachedBy([], () => 7)).toBe(0);
});

test('a quorum has reached a number when those who have come that far are one', () => {
  const far = fc.array(fc.nat(4), { minLength: names.length, maxLength: names.length });
  fc.assert(
    fc.property(quorum, far, (asked, numbers) => {
      const reached = (member: string): number => numbers[names.indexOf(member)] ?? 0;
      const whole = reachedBy(asked, reached);
      for (let number = 0; number <= 4; number += 1) {
        const there = names.filter((member) => reached(member) >= number);
        expect(isQuorum(asked, there)).toBe(number <= whole);
      }
    }),
  );
});

describe('quorums that always share a member', () => {
  test('are found by their sizes', () => {
    fc.assert(
      fc.property(threshold, threshold, (one, other) => {
        const quorumsOf = (asked: Quorum): string[][] => groups(names).filter((group) => isQuorum(asked, group));
        const others = quorumsOf(other);
        const meet = quorumsOf(one).every((mine) => others.every((theirs) => theirs.some((it) => mine.includes(it))));
        expect(alwaysMeet(one, other)).toBe(meet);
      }),
      { numRuns: 60 },
    );
  });

  test('need not be majorities: a larger one to prepare allows a smaller one to accept', () => {
    const five = ['a', 'b', 'c', 'd', 'e'];
    expect(alwaysMeet(anyOf(five, 4), anyOf(five, 2))).toBe(true);
    expect(alwaysMeet(anyOf(five, 3), anyOf(five, 2))).toBe(false);
  });

  test('include a joint one and a majority of either side', () => {
    const before = majorityOf(['a', 'b', 'c']);
    const after = majorityOf(['b', 'c', 'd']);
    expect(alwaysMeet(jointOf(before, after), before)).toBe(true);
    expect(alwaysMeet(jointOf(before, after), after)).toBe(true);
    expect(alwaysMeet(majorityOf(['a', 'b', 'c']), majorityOf(['c', 'd', 'e']))).toBe(false);
  });
});
