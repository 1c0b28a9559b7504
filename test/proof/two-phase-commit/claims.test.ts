import { describe, expect, test } from 'vitest';
import * as claims from '../../../src/proof/two-phase-commit/claims.ts';

const branches = (at: Partial<claims.Branches>): claims.Branches => ({
  transaction: 'tx-1',
  open: [],
  prepared: [],
  committed: [],
  aborted: [],
  ...at,
});

describe('each claim of atomic commit', () => {
  test('agreement: says where a transaction is committed and where it is rolled back', () => {
    const split = branches({ committed: ['r3', 'r1'], aborted: ['r2'] });
    expect(claims.agreement(split)).toBe('atomicity: tx-1 is committed at r1, r3 and rolled back at r2');
    expect(claims.agreement(branches({ committed: ['r1'], prepared: ['r2'] }))).toBeUndefined();
    expect(claims.agreement(branches({ aborted: ['r1'], prepared: ['r2'] }))).toBeUndefined();
  });

  test('validity: says that a branch commits while another is not prepared', () => {
    expect(claims.validity(branches({ committed: ['r1'], open: ['r2'] }))).toMatch(/not prepared at r2/);
    expect(claims.validity(branches({ committed: ['r1'], prepared: ['r2'] }))).toBeUndefined();
    expect(claims.validity(branches({ open: ['r1'], aborted: ['r2'] }))).toBeUndefined();
  });

  test('one outcome: says that a decision was reversed, but not that it was told again', () => {
    expect(claims.oneOutcome('tx-1', 'a manager', ['committed', 'aborted'])).toMatch(
      /reversed: a manager told committed/,
    );
    expect(claims.oneOutcome('tx-1', 'a manager', ['committed', 'committed'])).toBeUndefined();
    expect(claims.oneOutcome('tx-1', 'a manager', [])).toBeUndefined();
  });

  test('what callers hear: says which branch contradicts it', () => {
    expect(claims.truthful('committed', branches({ prepared: ['r1'], open: ['r2'] }))).toMatch(/not so at r2/);
    expect(claims.truthful('committed', branches({ prepared: ['r1'], aborted: ['r2'] }))).toMatch(/not so at r2/);
    expect(claims.truthful('aborted', branches({ prepared: ['r1'], committed: ['r2'] }))).toMatch(/not so at r2/);
    expect(claims.truthful('committed', branches({ prepared: ['r1'], committed: ['r2'] }))).toBeUndefined();
    expect(claims.truthful('aborted', branches({ prepared: ['r1'], open: ['r2'] }))).toBeUndefined();
  });

  test('absence: says that a branch came back, prepared or committed', () => {
    expect(claims.goneForGood('r1', branches({ prepared: ['r1'] }))).toMatch(/absence: tx-1/);
    expect(claims.goneForGood('r1', branches({ committed: ['r1'] }))).toMatch(/absence: tx-1/);
    expect(claims.goneForGood('r1', branches({ aborted: ['r1'], prepared: ['r2'] }))).toBeUndefined();
  });

  test('durability: says where a transaction that committed is not committed', () => {
    const lost = branches({ committed: ['r1'], prepared: ['r3'], open: ['r2'] });
    expect(claims.durability(lost)).toBe('durability: tx-1 committed, but not at r2, r3');
    expect(claims.durability(branches({ committed: ['r1', 'r2'] }))).toBeUndefined();
  });

  test('owners and repetitions: say who both own a transaction, and what was committed twice', () => {
    const one = { transaction: 'tx-1', epoch: 2, owner: 'c' };
    expect(claims.oneOwnerPerEpoch(one, { ...one, owner: 'd' })).toMatch(/two owners: c and d/);
    expect(claims.oneOwnerPerEpoch(one, { ...one, epoch: 3, owner: 'd' })).toBeUndefined();
    expect(claims.committedOnce('pay', ['tx-1', 'tx-2'])).toMatch(/idempotency: 'pay'/);
    expect(claims.committedOnce('pay', ['tx-1'])).toBeUndefined();
  });
});
