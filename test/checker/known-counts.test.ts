/** Counts that others have published for the same specifications, reproduced with XState machines. */

import { describe, expect, test } from 'vitest';
import { check } from '../../src/checker.ts';
import { paxosConsensus } from './models/paxos-consensus.ts';
import { registerPaxos } from './models/register-paxos.ts';
import { transactionCommit } from './models/transaction-commit.ts';
import { twoPhase } from './models/two-phase.ts';

describe("Lamport's TwoPhase", () => {
  test('3 resource managers have as many states as TLC finds, generated and distinct, and as deep', () => {
    const result = check(twoPhase(3));
    expect(result).toMatchObject({ ok: true, complete: true, states: 288, generated: 1_146, depth: 11 });
  });

  test('5 resource managers have 8,832 distinct states', () => {
    expect(check(twoPhase(5))).toMatchObject({ ok: true, complete: true, states: 8_832 });
  });

  test('7 resource managers have 296,448 distinct states, each stored in at most 150 bytes', () => {
    const result = check(twoPhase(7));
    expect(result).toMatchObject({ ok: true, complete: true, states: 296_448 });
    expect(result.bytesPerState).toBeLessThan(150);
  });

  test('the states are the same without remembering steps', () => {
    const remembered = check(twoPhase(3));
    const stepped = check(twoPhase(3), { memoise: false });
    expect(stepped).toMatchObject({ states: remembered.states, transitions: remembered.transitions });
    expect(stepped.memo.hits).toBe(0);
  });
});

test.each([
  [3, 34],
  [5, 274],
  [7, 2_314],
])("Lamport's TCommit with %i resource managers has %i distinct states", (count, states) => {
  expect(check(transactionCommit(count))).toMatchObject({ ok: true, complete: true, states });
});

test("Lamport's Paxos with 3 acceptors, 2 values and ballots 0 and 1 has 3,921 distinct states", () => {
  expect(check(paxosConsensus())).toMatchObject({ ok: true, complete: true, states: 3_921, depth: 17 });
});

test("Stateright's register on Paxos with 2 clients has 16,668 distinct states", () => {
  const result = check(registerPaxos(2));
  expect(result).toMatchObject({ ok: true, complete: true, states: 16_668 });
  const goal = result.properties.find(({ name }) => name === 'value chosen');
  expect(goal?.trace?.steps).toHaveLength(8);
});
