import { expect, test } from 'vitest';
import { check } from '../../../src/checker.ts';
import { BoundError } from '../../../src/proof/bounds.ts';
import { registerModel } from '../../../src/proof/caspaxos/model.ts';

test('registers of two nodes change a value one after the other, in every run', { timeout: 600_000 }, () => {
  const { ok, states, properties } = check(registerModel({ ballots: 0, flushes: false }));
  expect(properties.filter(({ verdict }) => verdict !== 'holds' && verdict !== 'reached')).toEqual([]);
  expect([ok, states]).toEqual([true, 30_063]);
});

test('a register that crashes and begins again makes other changes than before', { timeout: 600_000 }, () => {
  const bounds = { acceptors: 2, ballots: 0, flushes: false, crashes: 1, crashing: ['n1'] };
  const { ok, properties } = check(registerModel(bounds));
  expect(ok).toBe(true);
  const goal = 'a register that began again makes another change';
  expect(properties.find(({ name }) => name === goal)?.verdict).toBe('reached');
});

test.each([
  { registers: 3, acceptors: 2 },
  { crashes: 1, crashing: ['n4'] },
])('bounds that make no sense together are refused: %o', (given) => {
  expect(() => registerModel(given)).toThrow(BoundError);
});
