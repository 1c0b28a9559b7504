/** The log of a store, kept by Multi-Paxos: all of a store that knows the protocol. */

import type { SnapshotFrom } from 'xstate';
import { type DelayRange, nodeOf } from '../../../../statecharts/actor.ts';
import type { QuorumSizes } from '../../../../statecharts/paxos/acceptors.ts';
import { ballotText } from '../../../../statecharts/paxos/ballot.ts';
import { roles } from '../../../../statecharts/paxos/log/context.ts';
import type { PaxosOutput } from '../../../../statecharts/paxos/log/messages.ts';
import { isWidelyKnown } from '../../../../statecharts/paxos/log/rules/succession.ts';
import { paxosServer } from '../../../../statecharts/paxos/server.ts';
import type { Limits } from '../../../../statecharts/replication/limits.ts';
import type { SnapshotRoom } from '../../../journal/snapshots/room.ts';
import type { LogEvent, LogRun, LogStarter, LogStatus } from './replicated-log.ts';
import { runOf } from './run.ts';
import { commonEventOf, type ServerLogOptions, serverLog, serversOn } from './server-log.ts';
import { paxosDelays } from './timing.ts';

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
  const timed = { ...paxosDelays(timing), ...delays };
  return (place) => {
    const { node, key } = place;
    const handle = node.start(server, {
      key,
      input: {
        voters: serversOn(voters, server.name, key),
        joins,
        ...(quorums === undefined ? {} : { sizes: quorums }),
        ...(limits === undefined ? {} : { limits }),
      },
      delays: timed,
    });
    return serverLog({
      place,
      options,
      serverName: server.name,
      server: handle,
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
    remark: promised === null ? 'without a ballot' : `in round ${round} of ${nodeOf(promised.proposer)}`,
    details: { round },
  };
}

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
  const token = ballotText(ballot);
  return runOf(entries, (entry) => ({
    index: entry.index,
    token: entry.origin === undefined ? token : ballotText(entry.origin),
    command: entry.kind === 'command' ? entry.data : undefined,
  }));
}
