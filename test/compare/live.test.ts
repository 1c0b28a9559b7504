import { expect, test } from 'vitest';
import { faultNames } from '../../src/compare/faults.ts';
import { sortedOut } from '../../src/compare/live/methods.ts';
import { methods } from '../../src/compare/methods.ts';

test('every method runs as processes, or says why it cannot', () => {
  const { live, notLive } = sortedOut(methods);
  expect(live.map(({ method }) => method.name)).toEqual([
    'raft',
    'multi-paxos',
    'primary-backup-sync',
    'primary-backup-quorum',
    'primary-backup-async',
    'none',
  ]);
  expect([...live.map(({ method }) => method.name), ...notLive.map(({ name }) => name)].sort()).toEqual(
    methods.map(({ name }) => name).sort(),
  );
  for (const { notApplicable } of notLive) expect(notApplicable).toMatch(/\w+ \w+/);
});

test('processes are killed and stopped, and all other faults say why they are not done', () => {
  for (const { method } of sortedOut(methods).live) {
    expect(faultNames.filter((it) => method.spared[it] === undefined)).toEqual(['crash', 'pause']);
  }
});
