/** How long the servers of a log wait for each other, whichever protocol they follow. */

import { describe, expect, test } from 'vitest';
import { logProtocolNames } from '../../../../src/services/store/log/protocol-names.ts';
import {
  type LogTiming,
  LogTimingError,
  paxosDelays,
  primaryBackupDelays,
  raftDelays,
} from '../../../../src/services/store/log/timing.ts';
import * as paxos from '../../../../statecharts/paxos/log/vocabulary.ts';
import * as primaryBackup from '../../../../statecharts/primary-backup/vocabulary.ts';
import * as raft from '../../../../statecharts/raft/vocabulary.ts';
import { createCluster } from '../cluster.ts';

test.each([
  ['raft', raftDelays, raft.delays],
  ['paxos', paxosDelays, paxos.delays],
  ['primary-backup', primaryBackupDelays, primaryBackup.delays],
])('the default times of %s are those of its definition', (_name, delaysFrom, defaults) => {
  expect(defaults).toMatchObject(delaysFrom({}));
});

const contradictory: readonly LogTiming[] = [
  { heartbeatMs: 200 },
  { electionTimeoutMs: 299 },
  { heartbeatMs: 1_000, electionTimeoutMs: 2_999 },
];
const none: readonly LogTiming[] = [
  { heartbeatMs: 0 },
  { heartbeatMs: -1 },
  { heartbeatMs: Number.NaN },
  { electionTimeoutMs: Number.POSITIVE_INFINITY },
];

describe.each(logProtocolNames)('a store over %s', (protocol) => {
  test.each([...contradictory, ...none])('does not start with %o', (timing) => {
    expect(() => createCluster({ protocol, timing })).toThrow(LogTimingError);
  });

  test.each([
    ['short', { heartbeatMs: 10, electionTimeoutMs: 50 }],
    ['long', { heartbeatMs: 1_000, electionTimeoutMs: 5_000 }],
  ])('misses a leader within %s times as they are asked for', (_what, timing) => {
    const cluster = createCluster({ protocol, timing });
    cluster.elect();
    const { electionTimeoutMs } = timing;
    cluster.clock.advance(4 * electionTimeoutMs);
    const { id } = cluster.leader();
    const crashedAtMs = cluster.clock.nowMs();
    cluster.crash(id);
    cluster.clock.runUntil(() => cluster.members().some(({ store }) => store.status().role === 'leader'), 120_000);
    const missedMs = cluster.clock.nowMs() - crashedAtMs;
    expect(missedMs).toBeGreaterThan(electionTimeoutMs / 2);
    expect(missedMs).toBeLessThan(12 * electionTimeoutMs);
  });
});
