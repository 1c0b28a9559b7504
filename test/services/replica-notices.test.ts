/** What an operator is told of replicas of primary-backup: each degradation by a code of its own, and each loss. */

import { expect, test } from 'vitest';
import { createReplicaNotices, type NodeNotice } from '../../src/services/replica-notices.ts';
import type { ReplicaReport } from '../../src/services/store/log/primary-backup.ts';

function noticesOf(...reports: readonly ReplicaReport[]): readonly NodeNotice[] {
  const { notices, report } = createReplicaNotices();
  const told: NodeNotice[] = [];
  notices.subscribe((it) => told.push(it));
  for (const it of reports) report(it);
  return told;
}
const inSync = (nodes: readonly string[], missing: readonly string[], isEnough = true): ReplicaReport => ({
  type: 'in-sync',
  nodes,
  missing,
  isEnough,
});

test('a store that loses replicas is degraded, then has too few, and is whole again, by these codes', () => {
  const told = noticesOf(
    inSync(['n1', 'n2', 'n3'], []),
    inSync(['n1', 'n2'], ['n3']),
    inSync(['n1'], ['n2', 'n3'], false),
    inSync(['n1', 'n2', 'n3'], []),
  );
  expect(told.map(({ code }) => code)).toEqual(['DEGRADED', 'TOO_FEW_IN_SYNC', 'IN_SYNC']);
  expect(told.map(({ message }) => message)).toEqual([
    expect.stringContaining('without n3, held by n1, n2 alone'),
    expect.stringContaining('nothing is acknowledged, as n1 alone would hold it'),
    expect.stringContaining('all replicas hold'),
  ]);
});

test('what was acknowledged and is lost is told apart from what never was', () => {
  const told = noticesOf({ type: 'discarded', from: 7, to: 10, acknowledged: 3 });
  expect(told).toEqual([
    { code: 'LOST', message: expect.stringContaining('3 acknowledged entries are lost, 7 to 9:') },
    { code: 'DISCARDED', message: expect.stringContaining('entries 10 to 10 are gone') },
  ]);
  const codes = (report: ReplicaReport): readonly string[] => noticesOf(report).map(({ code }) => code);
  expect(codes({ type: 'discarded', from: 7, to: 9, acknowledged: 3 })).toEqual(['LOST']);
  expect(codes({ type: 'discarded', from: 7, to: 9, acknowledged: 0 })).toEqual(['DISCARDED']);
});
