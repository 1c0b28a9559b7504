import { expect, test } from 'vitest';
import { check } from '../../../src/checker.ts';
import { primaryBackupModel } from '../../../src/proof/primary-backup/model.ts';

test('a store of two replicas keeps its claims as one takes the place of the other', { timeout: 120_000 }, () => {
  const { ok, states, transitions } = check(primaryBackupModel({ nodes: 2, entries: 1 }));
  expect([ok, states, transitions]).toEqual([true, 13_704, 38_117]);
});

test('a store may lose as much as it says, and no more, of what it acknowledges asynchronously', {
  timeout: 240_000,
}, () => {
  const bounds = { nodes: 2, mode: 'asynchronous', entries: 1, inFlight: 3 } as const;
  const { ok, properties } = check(primaryBackupModel({ ...bounds, maxLoss: 2 }));
  expect([ok, properties.filter(({ verdict }) => verdict === 'violated')]).toEqual([true, []]);
});

test('primaries hand over without loss', { timeout: 120_000 }, () => {
  const { ok } = check(primaryBackupModel({ nodes: 2, entries: 1, elections: 0, transfers: 1 }));
  expect(ok).toBe(true);
});
