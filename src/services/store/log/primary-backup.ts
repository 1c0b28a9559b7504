/** The log of a store, kept by primary-backup replication: all of a store that knows the protocol. */

import { addressOf, type DelayRange, nodeOf } from '../../../../statecharts/actor.ts';
import { foundingConfiguration, offers } from '../../../../statecharts/primary-backup/configuration.ts';
import type { Entry, ReplicaOutput } from '../../../../statecharts/primary-backup/messages.ts';
import { primaryBackupReplica } from '../../../../statecharts/primary-backup/replica.ts';
import type { Limits } from '../../../../statecharts/replication/limits.ts';
import type { Journal } from '../../../journal/journal.ts';
import type { SnapshotRoom } from '../../../journal/snapshots/room.ts';
import { authorityAddress, startAuthority } from './primary-backup/configuration-authority.ts';
import { completed, type Durability, differenceBetween, OtherModeError } from './primary-backup/founding.ts';
import type { ReplicaReport } from './primary-backup/report.ts';
import { type Losses, type Seen, seen, standingOf } from './primary-backup/standing.ts';
import { raft } from './raft.ts';
import type { LogEntry, LogEvent, LogStarter } from './replicated-log.ts';
import { runOf } from './run.ts';
import { commonEventOf, serverLog, serversOn } from './server-log.ts';
import { nodesOf, recoveredFrom, type SurvivingLog } from './surviving.ts';
import { type LogTiming, primaryBackupDelays } from './timing.ts';

export { FoundingMismatchError, OtherModeError } from './primary-backup/founding.ts';
export type { ReplicaReport } from './primary-backup/report.ts';

/**
 * How to replicate by primary-backup. What acknowledgements are worth is the same on all nodes; a node with records goes on
 * as they say.
 */
export interface PrimaryBackupOptions extends Durability {
  /** The nodes that replicate, this one included; the same on all of them. They stay the same. */
  readonly voters: readonly string[];
  /** Hears what should alarm an operator. */
  readonly report?: (report: ReplicaReport) => void;
  /** What differs from the default limits. */
  readonly limits?: Partial<Limits>;
  /** How long replicas, and the servers of their configuration's log, wait for each other. */
  readonly timing?: LogTiming;
  /** Replaces delays that `timing` makes, and others of `primary-backup.replica`, by name. */
  readonly delays?: Readonly<Record<string, DelayRange>>;
  /** The actor that keeps the log; `primaryBackupReplica` by default. Proofs put variants in its place. */
  readonly server?: typeof primaryBackupReplica;
}

/** The key of the log in which the configuration of store `key` is kept. */
export const configurationKey = (key: string): string => `${key}-configuration`;

/**
 * So many revisions are passed over where an epoch begins in a store that may lose something: more than the requests in
 * all entries that the epoch before it can have acknowledged and lost, which are `mostLoss` at most, of some thousand each.
 */
const revisionsOfLoss = 2 ** 28;

/**
 * Replicates by primary-backup. The configuration - who is primary, and who is in sync - is kept by Raft on the same nodes,
 * so that a majority of them must be up for it to change. Nodes that were told different replicas, modes or bounds stop
 * with a FoundingMismatchError, all but those that began the store.
 *
 * @throws LogTimingError; ReplicasError when a node without records is not among the voters, or for bounds that cannot be; OtherModeError
 * when a node with records is told another mode, or other bounds
 *
 * @example
 * const store = startReplicatedStore({ node, machine, log: primaryBackup({ voters: ['n1', 'n2', 'n3'] }) });
 */
export function primaryBackup(options: PrimaryBackupOptions): LogStarter {
  const { voters, report = () => undefined, limits, delays, timing = {}, server = primaryBackupReplica } = options;
  const timed = { ...primaryBackupDelays(timing), ...delays };
  return (place) => {
    const { node, key } = place;
    const replicas = serversOn(voters, server.name, key);
    const founding = { replicas, ...completed(options) };
    const handle = node.start(server, {
      key,
      input: {
        ...founding,
        authority: authorityAddress(node.id, key),
        ...(limits === undefined ? {} : { limits }),
      },
      delays: timed,
    });
    const shown = (): Seen => seen(handle.getSnapshot());
    checkRecorded(shown(), options);
    const register = raft({ voters, timing })({ ...place, key: configurationKey(key) });
    let losses: Losses = { last: undefined, lostEntries: 0 };
    const hear = (it: ReplicaReport): void => {
      if (it.type === 'discarded') losses = { last: it, lostEntries: losses.lostEntries + it.acknowledged };
      report(it);
    };
    return serverLog({
      place,
      options,
      serverName: server.name,
      server: {
        getSnapshot: shown,
        on: (type: '*', heard: (output: ReplicaOutput) => void) => handle.on(type, heard),
        subscribe: ({ next, error, complete }) => handle.subscribe({ next: (it) => next(seen(it)), error, complete }),
      },
      begin: (ended) =>
        startAuthority(place, register, { founding: foundingConfiguration(founding), wanted: options }, ended),
      standing: (it) => standingOf(it, losses),
      modes: { offers: (mode) => offers(shown().replica.configuration, mode), startsOver: true },
      namesSnapshots: true,
      eventOf: (output: ReplicaOutput, room) =>
        eventOf(output, room, { report: hear, mayLose: shown().replica.configuration.maxLoss > 0 }),
    });
  };
}

/** @throws OtherModeError */
function checkRecorded({ replica: { self, written } }: Seen, wanted: Durability): void {
  const difference = written === null ? undefined : differenceBetween(wanted, written);
  if (difference === undefined) return;
  throw new OtherModeError(
    `${difference} in the journal of ${nodeOf(self)}; go on with that, or begin a cluster in another directory`,
  );
}

interface Heard {
  report(report: ReplicaReport): void;
  /** Whether a failover may lose what was acknowledged. */
  readonly mayLose: boolean;
}

/** Index and epoch name an entry, so the epoch is the token. */
function eventOf(output: ReplicaOutput, room: SnapshotRoom, { mayLose, report }: Heard): LogEvent | undefined {
  switch (output.type) {
    case 'proposed':
      return { type: 'placed', id: output.id, index: output.index, token: output.epoch };
    case 'committed':
      return { type: 'committed', entries: runOf(output.entries, (entry) => entryOf(entry, mayLose)) };
    case 'startedOver':
      return output;
    case 'inSync': {
      const [nodes, missing] = [output.members.map(nodeOf), output.missing.map(nodeOf)];
      report({ type: 'in-sync', nodes, missing, isEnough: output.isEnough });
      return undefined;
    }
    case 'discarded':
      report(output);
      return undefined;
    default:
      return commonEventOf(output, room);
  }
}

function entryOf(entry: Entry, mayLose: boolean): LogEntry {
  const { epoch, index } = entry;
  if (entry.kind === 'command') return { index, token: epoch, command: entry.data };
  const skips = mayLose && epoch > 1 ? { skips: revisionsOfLoss } : {};
  return { index, token: epoch, command: undefined, ...skips };
}

/**
 * What a replica's records hold. All that stands in the log is kept: its primary may have acknowledged it. Who was in sync
 * is as this replica was told last.
 */
export function survivingReplica(journal: Journal, key: string): SurvivingLog {
  const address = addressOf(journal.node, primaryBackupReplica.name, key);
  const { written, log, snapshot } = recoveredFrom(primaryBackupReplica, address, journal);
  const committedIndex = snapshot?.index ?? 0;
  const mayLose = (written?.maxLoss ?? 0) > 0;
  return {
    voters: nodesOf(written?.replicas ?? []),
    snapshot: snapshot ?? undefined,
    committedIndex,
    entries: runOf(log.between(committedIndex + 1, log.lastIndex), (entry) => entryOf(entry, mayLose)),
    lastIndex: Math.max(log.lastIndex, committedIndex),
    beyondGap: 0,
    remark:
      written === null ? 'in no epoch' : `in epoch ${written.epoch}, in sync ${nodesOf(written.inSync).join(', ')}`,
  };
}
