/** The protocols that can keep the log of a store, by name: the one list that is edited when there is another. */

import { type Address, addressOf, QuorateError } from '../../../../statecharts/actor.ts';
import { paxosServer } from '../../../../statecharts/paxos/server.ts';
import { primaryBackupReplica } from '../../../../statecharts/primary-backup/replica.ts';
import { raftServer } from '../../../../statecharts/raft/server.ts';
import type { Journal } from '../../../journal/journal.ts';
import { paxos, survivingPaxos } from './paxos.ts';
import type { Durability } from './primary-backup/founding.ts';
import {
  configurationKey,
  OtherModeError,
  primaryBackup,
  type ReplicaReport,
  survivingReplica,
} from './primary-backup.ts';
import {
  bears,
  defaultLogProtocol,
  durabilityIn,
  type LogProtocolName,
  logProtocolNames,
  type Replication,
  type WantedReplication,
} from './protocol-names.ts';
import { raft, survivingRaft } from './raft.ts';
import type { LogStarter } from './replicated-log.ts';
import type { ServerLogOptions } from './server-log.ts';
import type { SurvivingLog } from './surviving.ts';

export { FoundingMismatchError, OtherModeError } from './primary-backup.ts';

/** What a log is started with, whichever protocol keeps it; what acknowledgements are worth is of primary-backup alone. */
export interface LogOptions extends ServerLogOptions, Durability {
  /** Hears what replicas of primary-backup report. */
  readonly report?: (report: ReplicaReport) => void;
}

interface LogProtocol {
  /** The actor that keeps the log. */
  readonly serverName: string;
  /** The role of it that `LogStatus` calls `leader`. */
  readonly leadingRole: string;
  /** The actors that write into a node's journal for log `key`: any of them shows that this protocol keeps it. */
  recordedBy(node: string, key: string): readonly Address[];
  start(options: LogOptions): LogStarter;
  /**
   * What a node's journal, from which the log's records were not taken yet, holds of log `key`.
   *
   * @throws RecordsVersionError, RefusedInputError
   */
  survivingIn(journal: Journal, key: string): SurvivingLog;
}

/** How each is started. */
export const logProtocols: Readonly<Record<LogProtocolName, LogProtocol>> = {
  raft: withoutModes(raftServer.name, raft, survivingRaft),
  paxos: withoutModes(paxosServer.name, paxos, survivingPaxos),
  'primary-backup': {
    serverName: primaryBackupReplica.name,
    leadingRole: 'primary',
    recordedBy: (node, key) => [
      addressOf(node, primaryBackupReplica.name, key),
      addressOf(node, raftServer.name, configurationKey(key)),
    ],
    start({ joins, ...options }) {
      if (joins === true) throw new MembersFixedError(noNewcomer);
      return primaryBackup(options);
    },
    survivingIn: survivingReplica,
  },
};

/** A protocol without modes, whose servers write down all that there is of a log. */
function withoutModes(
  serverName: string,
  start: LogProtocol['start'],
  survivingIn: LogProtocol['survivingIn'],
): LogProtocol {
  return {
    serverName,
    leadingRole: 'leader',
    recordedBy: (node, key) => [addressOf(node, serverName, key)],
    start,
    survivingIn,
  };
}

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

/** The protocol whose records of log `key` the journal has. */
function recordedIn(journal: Journal, key: string): LogProtocolName | undefined {
  const actors = new Set(journal.actors());
  return logProtocolNames.find((name) => logProtocols[name].recordedBy(journal.node, key).some((it) => actors.has(it)));
}

/**
 * Whether the journal of a node has records of log `key`.
 *
 * @param journal the log's records were not taken from it yet
 */
export const hasRecordsOf = (journal: Journal, key: string): boolean => recordedIn(journal, key) !== undefined;

/**
 * How a node keeps log `key`: by the protocol whose records its journal has, as one protocol makes nothing of what another
 * wrote down; what the journal does not say is as wanted, or else the default. What acknowledgements are worth, the records
 * themselves say.
 *
 * @param journal the log's records were not taken from it yet
 * @throws OtherProtocolError when that is not the protocol that is wanted; OtherModeError when it has no modes
 */
export function replicationOf(journal: Journal, key: string, wanted: WantedReplication = {}): Replication {
  const known = recordedIn(journal, key);
  if (known !== undefined && wanted.protocol !== undefined && known !== wanted.protocol) {
    throw new OtherProtocolError(
      `expected a log that is replicated by ${wanted.protocol}, but the journal of ${journal.node} has one by ${known}; go on with ${known}, or begin a cluster in another directory`,
    );
  }
  const protocol = known ?? wanted.protocol ?? defaultLogProtocol;
  if (bears(protocol, wanted)) return { protocol, ...durabilityIn(wanted) };
  throw new OtherModeError(
    `expected no mode and no bounds for a log that is replicated by ${protocol}, got ${textOf(wanted)}; leave them out, or begin a cluster by primary-backup in another directory`,
  );
}

const textOf = (wanted: Durability): string =>
  Object.entries(durabilityIn(wanted))
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
