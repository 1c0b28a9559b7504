/** The protocols that can keep the log of a store, by name: the one list that is edited when there is another. */

import { type Address, addressOf, QuorateError } from '../../../../statecharts/actor.ts';
import { paxosServer } from '../../../../statecharts/paxos/server.ts';
import { primaryBackupReplica } from '../../../../statecharts/primary-backup/replica.ts';
import { raftServer } from '../../../../statecharts/raft/server.ts';
import type { Journal } from '../../../journal/journal.ts';
import { paxos } from './paxos.ts';
import { configurationKey, primaryBackup, type ReplicaReport } from './primary-backup.ts';
import { type LogProtocolName, logProtocolNames, type StoreMode, storeModes } from './protocol-names.ts';
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
  /** The actors that write into a node's journal for log `key`: any of them shows that this protocol keeps it. */
  recordedBy(node: string, key: string): readonly Address[];
  start(options: LogOptions): LogStarter;
}

/** How each is started. */
export const logProtocols: Readonly<Record<LogProtocolName, LogProtocol>> = {
  raft: {
    serverName: raftServer.name,
    leadingRole: 'leader',
    recordedBy: (node, key) => [addressOf(node, raftServer.name, key)],
    start: raft,
  },
  paxos: {
    serverName: paxosServer.name,
    leadingRole: 'leader',
    recordedBy: (node, key) => [addressOf(node, paxosServer.name, key)],
    start: paxos,
  },
  'primary-backup': {
    serverName: primaryBackupReplica.name,
    leadingRole: 'primary',
    recordedBy: (node, key) => [
      addressOf(node, primaryBackupReplica.name, key),
      ...storeModes.map((mode) => registerOf(node, key, mode)),
    ],
    start({ joins, ...options }) {
      if (joins === true) throw new MembersFixedError(noNewcomer);
      return primaryBackup(options);
    },
  },
};

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

/**
 * The protocol whose records of log `key` the journal of a node has.
 *
 * @param journal the log's records were not taken from it yet
 */
export function recordedProtocolOf(journal: Journal, key: string): LogProtocolName | undefined {
  const actors = new Set(journal.actors());
  return logProtocolNames.find((name) => logProtocols[name].recordedBy(journal.node, key).some((it) => actors.has(it)));
}

/**
 * The protocol by which a node keeps log `key`: the one whose records its journal has, as one protocol makes nothing of what
 * another wrote down; with none, `wanted`, or else Raft.
 *
 * @param journal the log's records were not taken from it yet
 * @throws OtherProtocolError when `wanted` is not the one that was
 */
export function protocolOf(journal: Journal, key: string, wanted?: LogProtocolName): LogProtocolName {
  const known = recordedProtocolOf(journal, key);
  if (known !== undefined && wanted !== undefined && known !== wanted) {
    throw new OtherProtocolError(
      `expected a log that is replicated by ${wanted}, but the journal of ${journal.node} has one by ${known}; go on with ${known}, or begin a cluster in another directory`,
    );
  }
  return known ?? wanted ?? 'raft';
}

/**
 * The mode in which a node keeps log `key` by `protocol`: the one that its journal knows, else `wanted`, or else the default;
 * undefined where the protocol has none.
 *
 * @param journal the log's records were not taken from it yet
 * @throws OtherModeError when `wanted` is not the one that was, or the protocol has none
 */
export function modeOf(
  journal: Journal,
  key: string,
  protocol: LogProtocolName,
  wanted?: StoreMode,
): StoreMode | undefined {
  if (protocol !== 'primary-backup') {
    if (wanted === undefined) return undefined;
    throw new OtherModeError(
      `expected no mode for a log that is replicated by ${protocol}, got ${wanted}; leave it out, or begin a cluster by primary-backup in another directory`,
    );
  }
  const actors = new Set(journal.actors());
  const known = storeModes.find((mode) => actors.has(registerOf(journal.node, key, mode)));
  if (known !== undefined && wanted !== undefined && known !== wanted) {
    throw new OtherModeError(
      `expected a log in mode ${wanted}, but the journal of ${journal.node} has one in mode ${known}; go on with ${known}, or begin a cluster in another directory`,
    );
  }
  return known ?? wanted ?? storeModes[0];
}
