/** The replicated store over primary-backup under simulation. */

import { primaryBackupReplica } from '../../../statecharts/primary-backup/replica.ts';
import type { ReplicaContext } from '../../../statecharts/primary-backup.ts';
import type { Limits } from '../../../statecharts/replication/limits.ts';
import { type PrimaryBackupOptions, primaryBackup } from '../../services/store/log/primary-backup.ts';
import type { Scenario } from '../../simulator/scenario.ts';
import {
  type LogUnderProof,
  type StoreApplication,
  type StoreScenarioOptions,
  smallLimits,
  storeScenario,
} from '../store/scenario.ts';
import { createPrimaryBackupInvariants, lossGoals, primaryBackupGoals } from './invariants.ts';

/** Which replicas are simulated, and under which name. */
export interface ReplicasOptions extends Pick<PrimaryBackupOptions, 'mode' | 'server'> {
  readonly name?: string;
  readonly maxLoss?: number;
}

/** Replicas as the log of a store. */
export const primaryBackupLog = (
  { name = 'primary-backup', ...options }: ReplicasOptions = {},
  limits: Partial<Limits> = {},
): LogUnderProof<ReplicaContext> => ({
  name,
  serverName: (options.server ?? primaryBackupReplica).name,
  goals: options.maxLoss === undefined ? primaryBackupGoals : [...primaryBackupGoals, ...lossGoals],
  ...(options.maxLoss === undefined ? {} : { maxLoss: options.maxLoss }),
  replacementGoals: [],
  // A majority that is well can do nothing where the in-sync set is the rest: the set alone has what was acknowledged.
  heals: 'all',
  start: ({ voters }) => primaryBackup({ voters, limits, ...options }),
  invariants: createPrimaryBackupInvariants,
});

/** The scenario of a store whose replicas are `options.server`: the true one, or a broken twin that must be found out. */
export const primaryBackupScenario = (
  options: ReplicasOptions = {},
  scenario: StoreScenarioOptions = {},
): Scenario<StoreApplication> => storeScenario(primaryBackupLog(options, smallLimits), scenario);
