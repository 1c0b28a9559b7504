/** The protocols that can keep the log of a store, by name: the one list that is edited when there is another. */

import { type Address, addressOf, QuorateError } from '../../../../statecharts/actor.ts';
import { paxosServer } from '../../../../statecharts/paxos/server.ts';
import { primaryBackupReplica } from '../../../../statecharts/primary-backup/replica.ts';
import { raftServer } from '../../../../statecharts/raft/server.ts';
import type { Journal } from '../../../journal/journal.ts';
import { paxos } from './paxos.ts';
import { configurationKey, primaryBackup, type ReplicaReport } from './primary-backup.ts';
import {
  defaultLogProtocol,
  type LogProtocolName,
  logProtocolNames,
  modesOf,
  type Replication,
  replicationFrom,
  type StoreMode,
  storeModes,
  type WantedReplication,
} from './protocol-names.ts';
import { raft } from './raft.ts';
import type { LogStarter } from './replicated-log.ts';
import type { ServerLogOptions } from './server-log.ts';

/** What a log is started with, whichever protocol keeps it. */
export interface LogOptions extends ServerLogOptions {
  /** Of primary-backup alone. Default synchronous. */
  readonly mode?: StoreMode;
  /** Hears what replicas of primary-backup report. */
  readonly report?: (report: ReplicaReport) => void;
}

interface LogProtocol {
  /** The actor that keeps the log. */
  readonly serverName: string;
  /** The role of it that `LogStatus` calls `leader`. */
  readonly leadingRole: string;
  /**
   * The actors that write into a node's journal for log `key`: any of them shows that this protocol keeps it. With `mode`,
   * those of which any shows that it is kept in this mode.
   */
  recordedBy(node: string, key: string, mode?: StoreMode): readonly Address[];
  start(options: LogOptions): LogStarter;
}

/** How each is started. */
export const logProtocols: Readonly<Record<LogProtocolName, LogProtocol>> = {
  raft: withoutModes(raftServer.name, raft),
  paxos: withoutModes(paxosServer.name, paxos),
  'primary-backup': {
    serverName: primaryBackupReplica.name,
    leadingRole: 'primary',
    recordedBy: (node, key, mode) =>
      mode === undefined
        ? [addressOf(node, primaryBackupReplica.name, key), ...storeModes.map((it) => registerOf(node, key, it))]
        : [registerOf(node, key, mode)],
    start({ joins, ...options }) {
      if (joins === true) throw new MembersFixedError(noNewcomer);
      return primaryBackup(options);
    },
  },
};

/** A protocol without modes, whose servers write down all that there is of a log. */
function withoutModes(serverName: string, start: LogProtocol['start']): LogProtocol {
  return {
    serverName,
    leadingRole: 'leader',
    recordedBy: (node, key) => [addressOf(node, serverName, key)],
    start,
  };
}

/** Where the configuration of a store by primary-backup is kept on a node. */
const registerOf = (node: string, key: string, mode: StoreMode): Address =>
  addressOf(node, raftServer.name, configurationKey(key, mode));

const noNewcomer =
  'expected a node that begins the cluster with the others, got one that joins, and the replicas of primary-backup stay those with which it began; start it without --join, with all others as --peer';

/** The protocol takes no node into a cluster that runs. */
export class MembersFixedError extends QuorateError {
  readonly code = 'MEMBERS_FIXED';
}

/** The log in a journal was begun by another protocol than the one that is to go on with it. */
export class OtherProtocolError extends QuorateError {
  readonly code = 'OTHER_PROTOCOL';
}

/** The log in a journal was begun in another mode than the one that is to go on with it, or its protocol has none. */
export class OtherModeError extends QuorateError {
  readonly code = 'OTHER_MODE';
}

/** What the journal of a node says of a log. */
interface Recorded {
  readonly protocol: LogProtocolName | undefined;
  readonly mode: StoreMode | undefined;
}

function recordedIn(journal: Journal, key: string): Recorded {
  const actors = new Set(journal.actors());
  const isRecorded = (protocol: LogProtocolName, mode?: StoreMode): boolean =>
    logProtocols[protocol].recordedBy(journal.node, key, mode).some((it) => actors.has(it));
  const protocol = logProtocolNames.find((name) => isRecorded(name));
  const mode = protocol === undefined ? undefined : modesOf[protocol].find((it) => isRecorded(protocol, it));
  return { protocol, mode };
}

/**
 * Whether the journal of a node has records of log `key`.
 *
 * @param journal the log's records were not taken from it yet
 */
export const hasRecordsOf = (journal: Journal, key: string): boolean => recordedIn(journal, key).protocol !== undefined;

/**
 * How a node keeps log `key`: by the protocol whose records its journal has, as one protocol makes nothing of what another
 * wrote down, and in the mode that those show; what the journal does not say is as wanted, or else the default.
 *
 * @param journal the log's records were not taken from it yet
 * @throws OtherProtocolError, OtherModeError when that is not what is wanted, or the protocol has no such mode
 */
export function replicationOf(journal: Journal, key: string, wanted: WantedReplication = {}): Replication {
  const known = recordedIn(journal, key);
  if (known.protocol !== undefined && wanted.protocol !== undefined && known.protocol !== wanted.protocol) {
    throw new OtherProtocolError(
      `expected a log that is replicated by ${wanted.protocol}, but the journal of ${journal.node} has one by ${known.protocol}; go on with ${known.protocol}, or begin a cluster in another directory`,
    );
  }
  const protocol = known.protocol ?? wanted.protocol ?? defaultLogProtocol;
  const begun = replicationFrom({ protocol, mode: wanted.mode });
  if (begun === undefined) {
    throw new OtherModeError(
      `expected no mode for a log that is replicated by ${protocol}, got ${wanted.mode}; leave it out, or begin a cluster by primary-backup in another directory`,
    );
  }
  if (known.mode === undefined) return begun;
  if (wanted.mode !== undefined && known.mode !== wanted.mode) {
    throw new OtherModeError(
      `expected a log in mode ${wanted.mode}, but the journal of ${journal.node} has one in mode ${known.mode}; go on with ${known.mode}, or begin a cluster in another directory`,
    );
  }
  return { protocol, mode: known.mode };
}
