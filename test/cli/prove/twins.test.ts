import { expect, test } from 'vitest';
import { survives } from '../../../src/cli/prove/twins.ts';

const invariant = { name: 'agreement', kind: 'always' } as const;
const goal = { name: 'a leader is elected', kind: 'sometimes' } as const;

test('actors that violate nothing survive a system too small for a goal', () => {
  expect(
    survives({
      properties: [
        { ...invariant, verdict: 'holds' },
        { ...goal, verdict: 'unreached' },
      ],
    }),
  ).toBe(true);
});

test('actors survive a system of which a limit left states out', () => {
  expect(survives({ properties: [{ ...invariant, verdict: 'inconclusive' }] })).toBe(true);
});

test('actors that violate one property do not survive', () => {
  expect(
    survives({
      properties: [
        { ...goal, verdict: 'reached' },
        { ...invariant, verdict: 'violated' },
      ],
    }),
  ).toBe(false);
});
