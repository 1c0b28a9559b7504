import { beforeAll, describe, expect, test, vi } from 'vitest';
import { OddsInputError } from '../../../src/odds.ts';
import { disagreementsOf, unverifiedOf } from '../../../src/proof/odds/agreement.ts';
import type { GivenOdds } from '../../../src/proof/odds/parameters.ts';
import type { FormulaAnswers, ModelAnswers, SampleAnswers } from '../../../src/proof/odds/quantities.ts';
import { twoPhaseCommitOdds } from '../../../src/proof/two-phase-commit/odds.ts';

// Thousands of runs take their time on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const { verified } = twoPhaseCommitOdds;

const sampleOf = (given: GivenOdds): SampleAnswers => {
  const runs = twoPhaseCommitOdds.runs(given);
  for (let seed = 1; seed <= 2_000; seed += 1) runs.play(seed);
  return runs.answers();
};

describe('the odds of two-phase commit', () => {
  let formulas: FormulaAnswers;
  let model: ModelAnswers;
  let sample: SampleAnswers;
  beforeAll(() => {
    formulas = twoPhaseCommitOdds.formulas(verified);
    model = twoPhaseCommitOdds.fromModel(verified);
    sample = sampleOf(verified);
  });

  test('are the same by formula, from the model, and by runs of the actors', () => {
    expect(disagreementsOf({ formulas, model, sample })).toEqual([]);
    expect(unverifiedOf({ formulas, model, sample })).toEqual([]);
  });

  test('count a commit over the runs that are prepared', () => {
    const { commit, commitIfPrepared, prepare } = sample;
    if (commit.type !== 'sample' || commitIfPrepared.type !== 'sample' || prepare.type !== 'sample') {
      throw new Error('expected a sample of each');
    }
    expect(commitIfPrepared.runs).toBe(prepare.count);
    expect(commitIfPrepared.count).toBe(commit.count);
    expect(prepare.runs).toBe(2_000);
    expect(commitIfPrepared.runs).toBeLessThan(2_000);
  });

  test.each<[string, GivenOdds, string[]]>([
    ['a loss', { loss: 0.02 }, ['latencyMs', 'messages']],
    ['how often participants refuse', { voteYes: 0.98 }, ['prepare', 'commit']],
  ])('do not agree where one way is wrong about %s', (_name, wrong, quantities) => {
    const given = { ...verified, ...wrong };
    const found = (problems: ReturnType<typeof disagreementsOf>): string[] => problems.map(({ quantity }) => quantity);
    expect(found(disagreementsOf({ formulas, model, sample: sampleOf(given) }))).toEqual(
      expect.arrayContaining(quantities),
    );
    const otherFormulas = twoPhaseCommitOdds.formulas(given);
    expect(found(disagreementsOf({ formulas: otherFormulas, model, sample }))).toEqual(
      expect.arrayContaining(quantities),
    );
  });

  test('give no probability of a commit that is never prepared', () => {
    const never = { ...verified, voteYes: 0 };
    expect(twoPhaseCommitOdds.formulas(never).commitIfPrepared.type).toBe('not-given');
    expect(twoPhaseCommitOdds.formulas(never).commit).toEqual({ type: 'value', value: 0 });
    const runs = twoPhaseCommitOdds.runs(never);
    runs.play(1);
    expect(runs.answers().commitIfPrepared.type).toBe('not-given');
  });

  test.each<[string, GivenOdds]>([
    ['a probability above 1', { loss: 1.2 }],
    ['what is no number', { voteYes: Number.NaN }],
    ['too many participants', { participants: 50 }],
    ['no time to failure', { mttfMs: 0 }],
    ['a parameter that it does not take', { servers: 3 }],
  ])('refuse %s', (_name, given) => {
    expect(() => twoPhaseCommitOdds.formulas(given)).toThrow(OddsInputError);
    expect(() => twoPhaseCommitOdds.fromModel(given)).toThrow(OddsInputError);
    expect(() => twoPhaseCommitOdds.runs(given)).toThrow(OddsInputError);
  });
});
