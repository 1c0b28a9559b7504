/** The odds of protocols of groups, by formula, from the model and by runs of the actors: they agree, or something is wrong. */

import { describe, expect, test, vi } from 'vitest';
import { disagreementsOf, unverifiedOf } from '../../../src/proof/odds/agreement.ts';
import { protocolOdds } from '../../../src/proof/odds/all.ts';
import type { GivenOdds } from '../../../src/proof/odds/parameters.ts';
import type { SampleAnswers } from '../../../src/proof/odds/quantities.ts';
import type { ProtocolOdds } from '../../../src/proof/odds.ts';

// Thousands of runs take their time on a busy machine.
vi.setConfig({ testTimeout: 600_000 });

function sampleOf(odds: ProtocolOdds, given: GivenOdds, count: number): SampleAnswers {
  const runs = odds.runs(given);
  for (let seed = 1; seed <= count; seed += 1) runs.play(seed);
  return runs.answers();
}

const groups = protocolOdds.filter(({ name }) => name !== '2pc');

test('there are six methods, in their order', () => {
  expect(protocolOdds.map(({ name }) => name)).toEqual([
    '2pc',
    'paxos',
    'raft',
    'primary-backup',
    'failover',
    'standby',
  ]);
});

describe.each(groups)('the odds of $name', (odds) => {
  const { verified } = odds;
  const wrong = { ...verified, loss: 0.3 };

  test('are the same in three ways, and are not with another loss in one of them', () => {
    const formulas = odds.formulas(verified);
    const model = odds.fromModel(verified);
    const sample = sampleOf(odds, verified, 1_000);
    expect(disagreementsOf({ formulas, model, sample })).toEqual([]);
    expect(unverifiedOf({ formulas, model, sample })).toEqual([]);
    const problems = disagreementsOf({ formulas, model, sample: sampleOf(odds, wrong, 300) });
    expect(problems.map(({ quantity }) => quantity)).toContain('commit');
    // A formula whose assumption is not met is not held against the model: so the loss stays small enough for all of them.
    const slightly = odds.formulas({ ...verified, loss: (odds.parameters(verified).loss ?? 0) + 0.005 });
    expect(disagreementsOf({ formulas: slightly, model, sample }).map(({ quantity }) => quantity)).toContain('commit');
  });
});
