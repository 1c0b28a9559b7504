/** The log of a store, kept by Raft: the only part of a store that knows the protocol. */

import type { SnapshotFrom } from 'xstate';
import { addressOf, type DelayRange } from '../../../../statecharts/actor.ts';
import { configurationIn, settledConfiguration } from '../../../../statecharts/raft/configuration.ts';
import { roles } from '../../../../statecharts/raft/context.ts';
import type { Entry, RaftOutput } from '../../../../statecharts/raft/messages.ts';
import { raftServer } from '../../../../statecharts/raft/server.ts';
import type { Limits } from '../../../../statecharts/replication/limits.ts';
import type { Journal } from '../../../journal/journal.ts';
import type { SnapshotRoom } from '../../../journal/snapshots/room.ts';
import type { LogEntry, LogEvent, LogStarter, LogStatus } from './replicated-log.ts';
import { runOf } from './run.ts';
import { commonEventOf, leaseDetails, type ServerLogOptions, serverLog, serversOn } from './server-log.ts';
import { nodesOf, recoveredFrom, type SurvivingLog } from './surviving.ts';
import { type Delays, leaseIn, raftDelays } from './timing.ts';

/** How to replicate by Raft. */
export interface RaftOptions extends ServerLogOptions {
  /** What differs from Raft's default limits. */
  readonly limits?: Partial<Limits>;
  /** Replaces delays that `timing` makes, and others of `raft.server`, by name. */
  readonly delays?: Readonly<Record<string, DelayRange>>;
  /** The actor that keeps the log; `raftServer` by default. Proofs put variants in its place. */
  readonly server?: typeof raftServer;
}

/**
 * Replicates by Raft.
 *
 * @throws LogTimingError
 *
 * @example
 * const store = startReplicatedStore({ node, machine, log: raft({ voters: ['n1', 'n2', 'n3'] }) });
 */
export function raft(options: RaftOptions): LogStarter {
  const { voters, joins = false, limits, delays, timing = {}, server = raftServer } = options;
  const timed: Delays = { ...raftDelays(timing), ...delays };
  const leaseMs = leaseIn(timing, [timed.minElectionTimeout, timed.electionTimeout]);
  return (place) => {
    const { node, key } = place;
    const handle = node.start(server, {
      key,
      input: {
        voters: serversOn(voters, server.name, key),
        joins,
        ...(limits === undefined ? {} : { limits }),
        ...(leaseMs === undefined ? {} : { leaseMs }),
      },
      delays: timed,
    });
    return serverLog({
      place,
      options,
      serverName: server.name,
      server: handle,
      hasLeases: leaseMs !== undefined,
      known: ({ context }: Shown) => ({
        configuration: context.configuration,
        settled: settledConfiguration(context),
        isCommitted: context.configuration.index <= context.commitIndex,
      }),
      standing: standingOf,
      eventOf,
    });
  };
}

type Shown = SnapshotFrom<typeof raftServer.chart>;

const standingOf = (shown: Shown): Pick<LogStatus, 'role' | 'lastIndex' | 'remark' | 'details'> => {
  const { term, log } = shown.context;
  const role = roles.find((it) => shown.hasTag(it)) ?? 'none';
  return {
    role,
    lastIndex: log.lastIndex,
    remark: `in term ${term}`,
    details: { term, ...leaseDetails(shown.context) },
  };
};

/** Raft §5.3, log matching: index and term name an entry, so the term is the token. */
function eventOf(output: RaftOutput, room: SnapshotRoom): LogEvent {
  switch (output.type) {
    case 'proposed':
      return { type: 'placed', id: output.id, index: output.index, token: output.term };
    case 'committed':
      return { type: 'committed', entries: runOf(output.entries, entryOf) };
    default:
      return commonEventOf(output, room);
  }
}

const entryOf = (entry: Entry): LogEntry => ({
  index: entry.index,
  token: entry.term,
  command: entry.kind === 'command' ? entry.data : undefined,
});

/**
 * What a server's records hold. All that stands in the log is kept: a majority may have had it, of which this server was one.
 * What its last leader had not committed when it fell may be among it (Raft §5.4.2); that, no server knows by itself.
 */
export function survivingRaft(journal: Journal, key: string): SurvivingLog {
  const { term, log, snapshot } = recoveredFrom(raftServer, addressOf(journal.node, raftServer.name, key), journal);
  const committedIndex = snapshot?.index ?? 0;
  return {
    voters: nodesOf(configurationIn(log, snapshot).voters),
    snapshot: snapshot ?? undefined,
    committedIndex,
    entries: runOf(log.between(committedIndex + 1, log.lastIndex), entryOf),
    lastIndex: Math.max(log.lastIndex, committedIndex),
    beyondGap: 0,
    remark: `in term ${term}`,
  };
}
