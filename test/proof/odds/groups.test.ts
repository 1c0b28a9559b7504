/** The odds of protocols of groups: what their formulas say lies between the bounds that their models give. */

import { describe, expect, test } from 'vitest';
import { OddsInputError, OddsLimitError } from '../../../src/odds.ts';
import { paxosOdds } from '../../../src/proof/agree/odds.ts';
import type { GivenOdds } from '../../../src/proof/odds/parameters.ts';
import { quantityNames } from '../../../src/proof/odds/quantities.ts';
import type { ProtocolOdds } from '../../../src/proof/odds.ts';
import { primaryBackupOdds } from '../../../src/proof/primary-backup/odds.ts';
import { raftOdds } from '../../../src/proof/raft/odds.ts';

/** The quantities of which the formula, with its parameters, lies outside of the bounds of the model, with its own. */
function outside(odds: ProtocolOdds, ofFormula: GivenOdds, ofModel: GivenOdds = ofFormula): readonly string[] {
  const formulas = odds.formulas(ofFormula);
  const model = odds.fromModel(ofModel);
  return quantityNames.filter((name) => {
    const [formula, bounds] = [formulas[name], model[name]];
    if (formula.type !== 'value' || bounds.type !== 'bounds' || formula.unmetAssumption !== undefined) return false;
    const slack = 1e-8 * Math.max(1, bounds.upper);
    return formula.value < bounds.lower - slack || formula.value > bounds.upper + slack;
  });
}

const oftenDown = { mttfMs: 1_000, mttrMs: 250 };

describe.each([
  [paxosOdds, { loss: 0.1, ...oftenDown }],
  [paxosOdds, { servers: 4, loss: 0.05 }],
  [raftOdds, { servers: 2, loss: 0.2, ...oftenDown }],
  [primaryBackupOdds, { loss: 0.01 }],
  [primaryBackupOdds, { loss: 0.2, ...oftenDown }],
] as const)('the odds of $name with %o', (odds, given) => {
  test('are between the bounds of the model, by formula', () => {
    expect(outside(odds, given)).toEqual([]);
  });

  test('are outside of them with another loss', () => {
    expect(outside(odds, { ...given, loss: given.loss + 0.01 }, given)).toContain('commit');
  });

  test('are outside of them with other repairs', () => {
    expect(outside(odds, { ...given, mttrMs: 3_600_000, mttfMs: 36_000_000 }, given)).toContain('prepare');
  });
});

test('a model that is too large is refused, and so are more servers than there may be', () => {
  expect(() => raftOdds.fromModel({ servers: 5 }, { maxStates: 1_000 })).toThrow(OddsLimitError);
  for (const odds of [paxosOdds, raftOdds]) expect(() => odds.fromModel({ servers: 6 })).toThrow(OddsInputError);
});

test('where no message arrives, nothing is prepared, and so nothing is said of what is prepared', () => {
  for (const odds of [paxosOdds, raftOdds]) {
    expect(odds.formulas({ loss: 1 }).commitIfPrepared.type).toBe('not-given');
  }
  expect(paxosOdds.fromModel({ loss: 1 }).commitIfPrepared.type).toBe('not-given');
});
