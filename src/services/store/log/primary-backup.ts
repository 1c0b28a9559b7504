/** The log of a store, kept by primary-backup replication: all of a store that knows the protocol. */

import type { SnapshotFrom } from 'xstate';
import { type Address, type DelayRange, nodeOf } from '../../../../statecharts/actor.ts';
import { foundingConfiguration } from '../../../../statecharts/primary-backup/configuration.ts';
import { type ReplicaContext, roles } from '../../../../statecharts/primary-backup/context.ts';
import { ReplicaInvariantError } from '../../../../statecharts/primary-backup/errors.ts';
import type { Entry, ReplicaOutput } from '../../../../statecharts/primary-backup/messages.ts';
import { primaryBackupReplica } from '../../../../statecharts/primary-backup/replica.ts';
import type { Limits } from '../../../../statecharts/replication/limits.ts';
import type { SnapshotRoom } from '../../../journal/snapshots/room.ts';
import { authorityAddress, startAuthority } from './primary-backup/configuration-authority.ts';
import { defaultStoreMode, type StoreMode } from './protocol-names.ts';
import { raft } from './raft.ts';
import type { LogEntry, LogEvent, LogStarter, LogStatus } from './replicated-log.ts';
import { runOf } from './run.ts';
import { commonEventOf, serverLog, serversOn } from './server-log.ts';

/** What a replica reports besides what every log tells. */
export type ReplicaReport =
  /** This node is primary, and these are in sync; as long as nodes are missing, the store is degraded. */
  | { readonly type: 'in-sync'; readonly nodes: readonly string[]; readonly missing: readonly string[] }
  /** What was never acknowledged, and made in an epoch that is over, is gone from this node's log. */
  | { readonly type: 'discarded'; readonly from: number; readonly to: number };

type Discarded = Extract<ReplicaReport, { type: 'discarded' }>;

/** How to replicate by primary-backup. */
export interface PrimaryBackupOptions {
  /** The nodes that replicate, this one included; only nodes without records ask. They stay the same. */
  readonly voters: readonly string[];
  /**
   * Who holds a write before it is acknowledged: all that are in sync, of which any one may be the last; or a majority of
   * them. Default synchronous.
   */
  readonly mode?: StoreMode;
  /** Hears what should alarm an operator. */
  readonly report?: (report: ReplicaReport) => void;
  /** What differs from the default limits. */
  readonly limits?: Partial<Limits>;
  /** Replaces delays of `primary-backup.replica`, by name. */
  readonly delays?: Readonly<Record<string, DelayRange>>;
  /** The actor that keeps the log; `primaryBackupReplica` by default. Proofs put variants in its place. */
  readonly server?: typeof primaryBackupReplica;
}

/**
 * The key of the log in which the configuration of store `key` is kept. The mode is part of it: nodes that were told
 * different ones have no log in common, so that no two of them acknowledge by one mode and elect by the other.
 */
export const configurationKey = (key: string, mode: StoreMode): string =>
  mode === defaultStoreMode ? `${key}-configuration` : `${key}-configuration-${mode}`;

/**
 * Replicates by primary-backup. The configuration - who is primary, and who is in sync - is kept by Raft on the same nodes,
 * so that a majority of them must be up for it to change.
 *
 * @throws ReplicasError when a node without records is not among the voters
 *
 * @example
 * const store = startReplicatedStore({ node, machine, log: primaryBackup({ voters: ['n1', 'n2', 'n3'] }) });
 */
export function primaryBackup(options: PrimaryBackupOptions): LogStarter {
  const {
    voters,
    mode = defaultStoreMode,
    report = () => undefined,
    limits,
    delays,
    server = primaryBackupReplica,
  } = options;
  return (place) => {
    const { node, key } = place;
    const replicas = serversOn(voters, server.name, key);
    const handle = node.start(server, {
      key,
      input: {
        replicas,
        mode,
        authority: authorityAddress(node.id, key),
        ...(limits === undefined ? {} : { limits }),
      },
      ...(delays === undefined ? {} : { delays }),
    });
    const register = raft({ voters })({ ...place, key: configurationKey(key, mode) });
    let discarded: Discarded | undefined;
    const hear = (it: ReplicaReport): void => {
      if (it.type === 'discarded') discarded = it;
      report(it);
    };
    return serverLog({
      place,
      options,
      serverName: server.name,
      server: {
        getSnapshot: () => seen(handle.getSnapshot()),
        on: (type: '*', heard: (output: ReplicaOutput) => void) => handle.on(type, heard),
        subscribe: ({ next, error, complete }) =>
          handle.subscribe({ next: (shown) => next(seen(shown)), error, complete }),
      },
      begin: (ended) => startAuthority(place, register, foundingConfiguration({ replicas, mode }), ended),
      standing: (shown) => standingOf(shown, discarded),
      eventOf: (output: ReplicaOutput, room) => eventOf(output, room, hear),
    });
  };
}

/** A replica in the words of all servers. */
interface Seen {
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

function seen(shown: SnapshotFrom<typeof primaryBackupReplica.chart>): Seen {
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

/** @param discarded what this life of the node has discarded last */
function standingOf(
  { replica, role }: Seen,
  discarded: Discarded | undefined,
): Pick<LogStatus, 'role' | 'lastIndex' | 'remark' | 'details'> {
  const { configuration, log } = replica;
  const { epoch, inSync, mode, replicas } = configuration;
  const remark = `in epoch ${epoch}, ${inSync.length} of ${replicas.length} in sync`;
  const lost = discarded === undefined ? {} : { discardedFrom: discarded.from, discardedTo: discarded.to };
  const details = { epoch, mode, inSync: inSync.map(nodeOf).join(' '), ...lost };
  return { role, lastIndex: log.lastIndex, remark, details };
}

/** Index and epoch name an entry, so the epoch is the token. */
function eventOf(
  output: ReplicaOutput,
  room: SnapshotRoom,
  report: (report: ReplicaReport) => void,
): LogEvent | undefined {
  switch (output.type) {
    case 'proposed':
      return { type: 'placed', id: output.id, index: output.index, token: output.epoch };
    case 'committed':
      return { type: 'committed', entries: runOf(output.entries, entryOf) };
    case 'inSync':
      report({ type: 'in-sync', nodes: output.members.map(nodeOf), missing: output.missing.map(nodeOf) });
      return undefined;
    case 'discarded':
      report({ type: 'discarded', from: output.from, to: output.to });
      return undefined;
    case 'refused': {
      const { reason } = output;
      if (reason === 'mode-not-offered') throw unasked(output);
      return commonEventOf({ ...output, reason }, room);
    }
    case 'startedOver':
      throw unasked(output);
    default:
      return commonEventOf(output, room);
  }
}

/** Neither a mode per write nor asynchronous writes are asked for here. */
const unasked = ({ type }: ReplicaOutput): ReplicaInvariantError =>
  new ReplicaInvariantError(
    `expected nothing of asynchronous writes, nor of writes in modes of their own, got '${type}'`,
  );

const entryOf = (entry: Entry): LogEntry => ({
  index: entry.index,
  token: entry.epoch,
  command: entry.kind === 'command' ? entry.data : undefined,
});
