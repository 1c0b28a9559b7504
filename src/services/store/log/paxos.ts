/** The log of a store, kept by Multi-Paxos: all of a store that knows the protocol. */

import type { SnapshotFrom } from 'xstate';
import { addressOf, type DelayRange, nodeOf } from '../../../../statecharts/actor.ts';
import type { QuorumSizes } from '../../../../statecharts/paxos/acceptors.ts';
import { type Ballot, ballotText } from '../../../../statecharts/paxos/ballot.ts';
import { configurationIn } from '../../../../statecharts/paxos/log/configuration.ts';
import { roles } from '../../../../statecharts/paxos/log/context.ts';
import type { Entry, PaxosOutput } from '../../../../statecharts/paxos/log/messages.ts';
import { isWidelyKnown } from '../../../../statecharts/paxos/log/rules/succession.ts';
import { paxosServer } from '../../../../statecharts/paxos/server.ts';
import type { Limits } from '../../../../statecharts/replication/limits.ts';
import type { Journal } from '../../../journal/journal.ts';
import type { SnapshotRoom } from '../../../journal/snapshots/room.ts';
import type { LogEntry, LogEvent, LogRun, LogStarter, LogStatus } from './replicated-log.ts';
import { runOf } from './run.ts';
import { commonEventOf, leaseDetails, type ServerLogOptions, serverLog, serversOn } from './server-log.ts';
import { nodesOf, recoveredFrom, type SurvivingLog } from './surviving.ts';
import { type Delays, leaseIn, paxosDelays } from './timing.ts';

/** How to replicate by Multi-Paxos. */
export interface PaxosOptions extends ServerLogOptions {
  /**
   * How many nodes make a quorum of each phase (Flexible Paxos); only a node without records asks. Any quorum of phase 1
   * must share a node with any of phase 2. Majorities by default.
   */
  readonly quorums?: QuorumSizes;
  /** What differs from the default limits. */
  readonly limits?: Partial<Limits>;
  /** Replaces delays that `timing` makes, and others of `paxos.server`, by name. */
  readonly delays?: Readonly<Record<string, DelayRange>>;
  /** The actor that keeps the log; `paxosServer` by default. Proofs put variants in its place. */
  readonly server?: typeof paxosServer;
}

/**
 * Replicates by Multi-Paxos.
 *
 * @throws PaxosBootstrapError when a node without records is not among the voters
 * @throws LogTimingError
 * @throws AcceptorsError when the voters cannot decide with quorums of such sizes
 *
 * @example
 * const store = startReplicatedStore({ node, machine, log: paxos({ voters: ['n1', 'n2', 'n3'] }) });
 */
export function paxos(options: PaxosOptions): LogStarter {
  const { voters, quorums, joins = false, limits, delays, timing = {}, server = paxosServer } = options;
  const timed: Delays = { ...paxosDelays(timing), ...delays };
  const leaseMs = leaseIn(timing, [timed.leaseGrant]);
  return (place) => {
    const { node, key } = place;
    const handle = node.start(server, {
      key,
      input: {
        voters: serversOn(voters, server.name, key),
        joins,
        ...(quorums === undefined ? {} : { sizes: quorums }),
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
      // A configuration is known once its stop-sign is chosen; those who were replaced may go when others know it, too.
      known: ({ context }: Shown) => ({
        configuration: context.configuration,
        settled: context.configuration,
        isCommitted: isWidelyKnown(context),
      }),
      standing: standingOf,
      eventOf,
    });
  };
}

type Shown = SnapshotFrom<typeof paxosServer.chart>;

function standingOf(shown: Shown): Pick<LogStatus, 'role' | 'lastIndex' | 'remark' | 'details'> {
  const { promised, slots } = shown.context;
  const round = promised?.round ?? 0;
  return {
    role: roles.find((role) => shown.hasTag(role)) ?? 'none',
    lastIndex: slots.lastIndex,
    remark: remarkOf(promised),
    details: { round, ...leaseDetails(shown.context) },
  };
}

const remarkOf = (promised: Ballot | null): string =>
  promised === null ? 'without a ballot' : `in round ${promised.round} of ${nodeOf(promised.proposer)}`;

/**
 * Slot and first ballot name an entry, because a ballot proposes one value in a slot, and no other slot ever gets it: so
 * the ballot at which it was first proposed there is the token.
 */
function eventOf(output: PaxosOutput, room: SnapshotRoom): LogEvent {
  switch (output.type) {
    case 'proposed':
      return { type: 'placed', id: output.id, index: output.index, token: ballotText(output.ballot) };
    case 'committed':
      return { type: 'committed', entries: chosenIn(output) };
    default:
      return commonEventOf(output, room);
  }
}

function chosenIn({ ballot, entries }: Extract<PaxosOutput, { type: 'committed' }>): LogRun {
  return runOf(entries, (entry) => entryOf(entry, ballot));
}

/** @param ballot at which it was accepted */
const entryOf = (entry: Entry, ballot: Ballot): LogEntry => ({
  index: entry.index,
  token: ballotText(entry.origin ?? ballot),
  command: entry.kind === 'command' ? entry.data : undefined,
});

/**
 * What an acceptor's records hold. What it accepted is kept up to the first slot in which it accepted nothing: a quorum of phase 2
 * may have chosen it, of which this server was one. What stands beyond is not, as the state would be one that never was.
 */
export function survivingPaxos(journal: Journal, key: string): SurvivingLog {
  const address = addressOf(journal.node, paxosServer.name, key);
  const { promised, slots, snapshot, chosenIndex } = recoveredFrom(paxosServer, address, journal);
  const compacted = snapshot?.index ?? 0;
  const accepted: LogEntry[] = [];
  for (const entry of slots.between(compacted + 1, slots.lastIndex)) {
    const ballot = slots.ballotAt(entry.index);
    if (entry.kind === 'hole' || ballot === null) break;
    accepted.push(entryOf(entry, ballot));
  }
  const lastIndex = compacted + accepted.length;
  const beyond = slots.between(lastIndex + 1, slots.lastIndex).filter(({ kind }) => kind !== 'hole');
  return {
    voters: nodesOf(configurationIn(slots, snapshot, Math.max(compacted, chosenIndex)).voters),
    snapshot: snapshot ?? undefined,
    committedIndex: Math.max(compacted, chosenIndex),
    entries: accepted,
    lastIndex,
    beyondGap: beyond.length,
    remark: remarkOf(promised),
  };
}
