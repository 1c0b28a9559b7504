import { expect, test } from 'vitest';
import { check } from '../../../src/checker.ts';
import { primaryBackupModel } from '../../../src/proof/primary-backup/model.ts';

test('a store of two replicas keeps its claims as one takes the place of the other', { timeout: 600_000 }, () => {
  const { ok, states, transitions } = check(primaryBackupModel({ nodes: 2, entries: 1 }));
  expect([ok, states, transitions]).toEqual([true, 5_020, 12_864]);
});

test('a store may lose as much as it says, and no more, of what it acknowledges asynchronously', {
  timeout: 600_000,
}, () => {
  const bounds = { nodes: 2, mode: 'async', maxLoss: 1, entries: 2, inFlight: 3 } as const;
  const { ok, properties } = check(primaryBackupModel(bounds));
  expect([ok, properties.filter(({ verdict }) => verdict === 'violated')]).toEqual([true, []]);
  expect(properties).toContainEqual(expect.objectContaining({ name: 'as much is lost as may be', verdict: 'reached' }));
});

test('primaries hand over without loss', { timeout: 600_000 }, () => {
  const { ok } = check(primaryBackupModel({ nodes: 2, entries: 1, elections: 0, transfers: 1 }));
  expect(ok).toBe(true);
});
