/** Primary-backup replication, as a protocol that is simulated, checked and broken. */

import { defineReplica, type ReplicaRules, replicaRules } from '../../../statecharts/primary-backup.ts';
import { defineProtocol } from '../protocol.ts';
import { primaryBackupAsyncBounds, primaryBackupBounds } from './bounds.ts';
import { primaryBackupAsyncTwins, primaryBackupTwins } from './broken.ts';
import { primaryBackupAsyncSystems, primaryBackupSystems } from './configurations.ts';
import { primaryBackupModel } from './model.ts';
import { primaryBackupScenario } from './scenario.ts';

/** The replicas of a store. */
export const primaryBackup = defineProtocol({
  name: 'primary-backup',
  about: 'the replicated store over primary-backup, with an in-sync set',
  bounds: primaryBackupBounds,
  model: (given, broken?: Partial<ReplicaRules>) => primaryBackupModel({ ...given, ...(broken && { broken }) }),
  scenario: (broken) => primaryBackupScenario({ server: defineReplica({ ...replicaRules, ...broken }) }),
  systems: primaryBackupSystems,
  suites: [
    { runs: 2_000, nodes: 3, budgetSeconds: 50 },
    { seed: 100_000, runs: 1_000, nodes: 5, budgetSeconds: 50 },
  ],
  statesToFind: 60_000,
  runsToFind: { runs: 40, nodes: 3 },
  twins: primaryBackupTwins,
  examples: [
    { nodes: 2, entries: 1, crashes: 1, inFlight: 2 },
    { nodes: 3, mode: 'quorum', entries: 0, inFlight: 4 },
  ],
});

/** What of the acknowledged entries a failover may lose in simulated runs: few, so that it comes to that. */
const simulatedLoss = 2;

/** The same, whose primary acknowledges by itself. */
export const primaryBackupAsync = defineProtocol({
  name: 'primary-backup-async',
  about: 'the replicated store over primary-backup that may lose the last of what it acknowledged',
  bounds: primaryBackupAsyncBounds,
  model: (given, broken?: Partial<ReplicaRules>) =>
    primaryBackupModel({ mode: 'async', maxLoss: 1, ...given, ...(broken && { broken }) }),
  scenario: (broken) =>
    primaryBackupScenario({
      name: 'primary-backup-async',
      mode: 'async',
      maxLoss: simulatedLoss,
      server: defineReplica({ ...replicaRules, ...broken }),
    }),
  systems: primaryBackupAsyncSystems,
  suites: [{ runs: 1_000, nodes: 3, budgetSeconds: 40 }],
  statesToFind: 60_000,
  runsToFind: { runs: 40, nodes: 3 },
  twins: primaryBackupAsyncTwins,
  examples: [{ nodes: 2, entries: 2, inFlight: 4 }],
});
