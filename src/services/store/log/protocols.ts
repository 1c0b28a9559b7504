/** The protocols that can keep the log of a store, by name: the one list that is edited when there is another. */

import { addressOf, QuorateError } from '../../../../statecharts/actor.ts';
import { paxosServer } from '../../../../statecharts/paxos/server.ts';
import { raftServer } from '../../../../statecharts/raft/server.ts';
import type { Journal } from '../../../journal/journal.ts';
import { paxos } from './paxos.ts';
import { type LogProtocolName, logProtocolNames } from './protocol-names.ts';
import { raft } from './raft.ts';
import type { LogStarter } from './replicated-log.ts';
import type { ServerLogOptions } from './server-log.ts';

interface LogProtocol {
  /** The actor that keeps the log, and so has the records in a node's journal. */
  readonly serverName: string;
  start(options: ServerLogOptions): LogStarter;
}

/** How each is started. */
export const logProtocols: Readonly<Record<LogProtocolName, LogProtocol>> = {
  raft: { serverName: raftServer.name, start: raft },
  paxos: { serverName: paxosServer.name, start: paxos },
};

/** The log in a journal was begun by another protocol than the one that is to go on with it. */
export class OtherProtocolError extends QuorateError {
  readonly code = 'OTHER_PROTOCOL';
}

/**
 * The protocol whose records of log `key` the journal of a node has.
 *
 * @param journal the log's records were not taken from it yet
 */
export function recordedProtocolOf(journal: Journal, key: string): LogProtocolName | undefined {
  const actors = journal.actors();
  return logProtocolNames.find((name) => actors.includes(addressOf(journal.node, logProtocols[name].serverName, key)));
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
