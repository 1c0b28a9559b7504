/** Primary-backup replication: the chart of its replicas, and all that goes with it. */

export { backupAlone } from './primary-backup/backup.ts';
export { catchingUpAlone } from './primary-backup/catching-up.ts';
export {
  type Change,
  type Configuration,
  decide,
  foundingConfiguration,
  mostLoss,
  type StoreOptions,
} from './primary-backup/configuration.ts';
export { type ReplicaContext, type Role as ReplicaRole, roles as replicaRoles } from './primary-backup/context.ts';
export { ReplicaInvariantError, ReplicasError } from './primary-backup/errors.ts';
export { fencedAlone } from './primary-backup/fenced.ts';
export { Log as ReplicaLog } from './primary-backup/log.ts';
export * from './primary-backup/messages.ts';
export { primaryAlone } from './primary-backup/primary.ts';
export { authorityName, defineReplica, primaryBackupReplica, replicaChart } from './primary-backup/replica.ts';
export { type ReplicaRules, replicaRules } from './primary-backup/rules.ts';
export type { ReplicaView } from './primary-backup/view.ts';
export { type Mode, modes } from './replication/modes.ts';
