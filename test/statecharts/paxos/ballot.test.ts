import * as v from 'valibot';
import { expect, test } from 'vitest';
import { type Ballot, ballot, ballotText, compareBallots, isLater, sameBallot } from '../../../statecharts/paxos.ts';

const of = (round: number, node: string): Ballot => ({ round, proposer: `${node}/paxos.proposer/agree/k` });

test('ballots are ordered by round first, and then by proposer', () => {
  const shuffled = [of(2, 'n1'), of(1, 'n3'), of(10, 'n1'), of(2, 'n2'), of(1, 'n1')];
  expect(shuffled.sort(compareBallots)).toEqual([of(1, 'n1'), of(1, 'n3'), of(2, 'n1'), of(2, 'n2'), of(10, 'n1')]);
});

test('no two proposers share a ballot, and a ballot is the same as itself alone', () => {
  expect(sameBallot(of(1, 'n1'), of(1, 'n1'))).toBe(true);
  expect(sameBallot(of(1, 'n1'), of(1, 'n2'))).toBe(false);
  expect(sameBallot(of(1, 'n1'), of(2, 'n1'))).toBe(false);
  expect(sameBallot(null, null)).toBe(true);
  expect(sameBallot(of(1, 'n1'), null)).toBe(false);
});

test('any ballot is later than none, and none is later than itself', () => {
  expect(isLater(of(0, 'n1'), null)).toBe(true);
  expect(isLater(of(1, 'n1'), of(1, 'n1'))).toBe(false);
  expect(isLater(of(1, 'n2'), of(1, 'n1'))).toBe(true);
  expect(isLater(of(1, 'n2'), of(2, 'n1'))).toBe(false);
});

test('a ballot reads as its round and its proposer', () => {
  expect(ballotText(of(3, 'n1'))).toBe('3 of n1/paxos.proposer/agree/k');
});

test.each([{ round: -1 }, { round: 0.5 }, { round: 2 ** 53 }, { proposer: 'n1' }, { proposer: undefined }])(
  'a ballot with %o is none',
  (wrong) => {
    expect(v.is(ballot, of(1, 'n1'))).toBe(true);
    expect(v.is(ballot, { ...of(1, 'n1'), ...wrong })).toBe(false);
  },
);
