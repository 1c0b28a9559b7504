/** How a replica stands, in the words of all servers of logs, and in its own. */

import type { SnapshotFrom } from 'xstate';
import { type Address, nodeOf } from '../../../../../statecharts/actor.ts';
import { type Configuration, isEnough } from '../../../../../statecharts/primary-backup/configuration.ts';
import { type ReplicaContext, roles } from '../../../../../statecharts/primary-backup/context.ts';
import type { primaryBackupReplica } from '../../../../../statecharts/primary-backup/replica.ts';
import type { LogStatus } from '../replicated-log.ts';
import type { Discarded } from './report.ts';

/** A replica in the words of all servers. */
export interface Seen {
  readonly role: LogStatus['role'];
  readonly replica: ReplicaContext;
  readonly context: {
    readonly leader: Address | null;
    readonly commitIndex: number;
    readonly configuration: { readonly voters: readonly Address[] };
    readonly snapshot: ReplicaContext['snapshot'];
    readonly incoming: ReplicaContext['incoming'];
  };
  hasTag(tag: 'leader'): boolean;
}

export function seen(shown: SnapshotFrom<typeof primaryBackupReplica.chart>): Seen {
  const replica = shown.context;
  const { commitIndex, configuration, incoming, self, snapshot } = replica;
  const isPrimary = shown.hasTag('primary');
  // One that takes nothing more of its configuration, or was primary itself, does not know whether any replica is.
  const isOver = replica.promised >= configuration.version || configuration.primary === self;
  const leader = isPrimary || !isOver ? configuration.primary : null;
  return {
    role: isPrimary ? 'leader' : (roles.find((role) => shown.hasTag(role)) ?? 'none'),
    replica,
    context: { leader, commitIndex, configuration: { voters: configuration.replicas }, snapshot, incoming },
    hasTag: () => isPrimary,
  };
}

/** What this life of a node has discarded. */
export interface Losses {
  readonly last: Discarded | undefined;
  /** Acknowledged entries, all together. */
  readonly lostEntries: number;
}

export function standingOf(
  { replica, role }: Seen,
  { last, lostEntries }: Losses,
): Pick<LogStatus, 'role' | 'lastIndex' | 'remark' | 'details'> {
  const { configuration, log } = replica;
  const { epoch, inSync, maxLoss, minInSync, mode, replicas } = configuration;
  const missing = replicas.filter((it) => !inSync.includes(it));
  const redundancy = redundancyOf(configuration);
  const alarm = redundancy === 'whole' ? '' : `: ${redundancy}`;
  return {
    role,
    lastIndex: log.lastIndex,
    remark: `in epoch ${epoch}, ${inSync.length} of ${replicas.length} in sync${alarm}`,
    details: {
      epoch,
      mode,
      maxLoss,
      minInSync,
      inSync: inSync.map(nodeOf).join(' '),
      missing: missing.map(nodeOf).join(' '),
      replicasMissing: missing.length,
      redundancy,
      lostEntries,
      ...(last === undefined ? {} : { discardedFrom: last.from, discardedTo: last.to }),
    },
  };
}

/** Whether all replicas hold what is acknowledged, or some are missing, or too many for anything to be. */
function redundancyOf(configuration: Configuration): 'whole' | 'degraded' | 'too-few-in-sync' {
  const { inSync, replicas } = configuration;
  if (!isEnough(configuration, inSync)) return 'too-few-in-sync';
  return inSync.length === replicas.length ? 'whole' : 'degraded';
}
