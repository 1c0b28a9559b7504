import { describe, expect, test } from 'vitest';
import { check } from '../../../src/checker.ts';
import { durability } from '../../../src/proof/agree/claims.ts';
import { agreeModel } from '../../../src/proof/agree/model.ts';
import { BoundError } from '../../../src/proof/bounds.ts';
import { acceptorAddress, acceptorsOf, type Ballot } from '../../../statecharts/paxos.ts';

describe('single-decree Paxos, checked', () => {
  test('keeps to one value with two proposers that hinder each other, and refines Voting', { timeout: 600_000 }, () => {
    const { ok, states, transitions, properties } = check(agreeModel({ ballots: 0, flushes: false }));
    expect([ok, states, transitions]).toEqual([true, 25_809, 243_038]);
    expect(properties).toContainEqual({ name: 'Voting', kind: 'refines', verdict: 'holds' });
  });

  test('reaches a later ballot that takes over what an earlier one had accepted in part', { timeout: 600_000 }, () => {
    const { properties } = check(agreeModel({ flushes: false }), { maxStates: 100_000 });
    const goal = 'a value is chosen at a later ballot after a partial acceptance at an earlier one';
    expect(properties.find(({ name }) => name === goal)?.verdict).toBe('reached');
    expect(properties.flatMap(({ name, verdict }) => (verdict === 'violated' ? name : []))).toEqual([]);
  });

  test('comes to as much where acceptors that refuse are silent, in fewer states', { timeout: 600_000 }, () => {
    const { ok, states, properties } = check(agreeModel({ ballots: 0, flushes: false, refusals: false }));
    expect([ok, states]).toEqual([true, 5_480]);
    expect(properties).toContainEqual({ name: 'Voting', kind: 'refines', verdict: 'holds' });
  });

  test.each([
    { proposers: 3, acceptors: 2 },
    { promises: 4 },
    { crashes: 1, crashing: ['n4'] },
    { crashing: ['p1'] },
    { refusals: false },
  ])('refuses bounds that make no sense together: %o', (given) => {
    expect(() => agreeModel(given)).toThrow(BoundError);
  });
});

describe('the claim that chosen stays chosen', () => {
  const [a, b, c] = ['n1', 'n2', 'n3'].map((node) => acceptorAddress(node, 'agree', 'k'));
  const acceptors = acceptorsOf(['n1', 'n2', 'n3'].map((node) => acceptorAddress(node, 'agree', 'k')));
  const ballot = (round: number): Ballot => ({ round, proposer: 'n1/paxos.proposer/agree/k' });
  const problem = (...rounds: readonly (readonly [number, string] | null)[]): string | undefined =>
    durability(
      { key: 'k', proposed: ['v', 'w'], told: ['v'] },
      acceptors,
      new Map(
        [a, b, c].map((it, index) => {
          const [round, value] = rounds[index] ?? [0, ''];
          return [it ?? '', round === 0 ? null : { ballot: ballot(Number(round)), value: String(value) }] as const;
        }),
      ),
    );

  test('is kept where every quorum remembers it as the latest', () => {
    expect(problem([1, 'v'], [1, 'v'], null)).toBeUndefined();
    expect(problem([2, 'v'], [2, 'v'], [1, 'w'])).toBeUndefined();
  });

  test('is broken where a quorum remembers nothing, or another value as the latest', () => {
    expect(problem([1, 'v'], null, null)).toContain('remembers nothing as the latest');
    expect(problem([1, 'v'], [1, 'v'], [2, 'w'])).toContain('remembers w as the latest');
  });
});
