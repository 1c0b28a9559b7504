/** The log of a store, kept by Multi-Paxos: all of a store that knows the protocol. */

import type { SnapshotFrom } from 'xstate';
import { type Address, addressOf, type DelayRange, nodeOf } from '../../../../statecharts/actor.ts';
import type { QuorumSizes } from '../../../../statecharts/paxos/acceptors.ts';
import { ballotText } from '../../../../statecharts/paxos/ballot.ts';
import { roles } from '../../../../statecharts/paxos/log/context.ts';
import type { PaxosOutput, PaxosRequest } from '../../../../statecharts/paxos/log/messages.ts';
import { paxosServer } from '../../../../statecharts/paxos/server.ts';
import type { Limits } from '../../../../statecharts/replication/limits.ts';
import { snapshotOwner } from '../../../../statecharts/transfer.ts';
import type { SnapshotRoom } from '../../../journal/snapshots/room.ts';
import { checkKey } from './key.ts';
import { type KnownMembers, membershipOf } from './membership.ts';
import type { LogEntry, LogEvent, LogStarter, LogStatus } from './replicated-log.ts';
import { createSnapshots } from './snapshots.ts';

/** How to replicate by Multi-Paxos. */
export interface PaxosOptions {
  /** The nodes that vote, this one included; only a node without records asks. */
  readonly voters: readonly string[];
  /**
   * How many nodes make a quorum of each phase (Flexible Paxos); only a node without records asks. Any quorum of phase 1
   * must share a node with any of phase 2. Majorities by default.
   */
  readonly quorums?: QuorumSizes;
  /** Whether a node without records waits to be taken into a cluster that runs. Default false. */
  readonly joins?: boolean;
  /** Where nodes listen, `host:port` by id: what a change of members writes into the log, where that does not say yet. */
  readonly places?: Readonly<Record<string, string>>;
  /** Whether no node may be replaced, as nodes without a secret cannot prove who they are. Default false. */
  readonly isFixed?: boolean;
  /** What differs from the default limits. */
  readonly limits?: Partial<Limits>;
  /** Replaces delays of `paxos.server`, by name. */
  readonly delays?: Readonly<Record<string, DelayRange>>;
  /** The actor that keeps the log; `paxosServer` by default. Proofs put variants in its place. */
  readonly server?: typeof paxosServer;
}

/** Where the server of a log lives on a node, and its records in the node's journal. */
export const paxosAddress = (node: string, key: string): Address => addressOf(node, paxosServer.name, key);

/**
 * Replicates by Multi-Paxos.
 *
 * @throws PaxosBootstrapError when a node without records is not among the voters
 * @throws AcceptorsError when the voters cannot decide with quorums of such sizes
 *
 * @example
 * const store = startReplicatedStore({ node, machine, log: paxos({ voters: ['n1', 'n2', 'n3'] }) });
 */
export function paxos(options: PaxosOptions): LogStarter {
  const { voters, quorums, joins = false, places = {}, isFixed = false, limits, delays } = options;
  const { server = paxosServer } = options;
  return ({ node, key, environment: { clock } }) => {
    checkKey(key);
    const owner = snapshotOwner(paxosAddress(node.id, key));
    const room = node.journal.snapshots;
    const files = createSnapshots(room, owner, clock);
    const handle = node.start(server, {
      key,
      input: {
        voters: voters.map((voter) => addressOf(voter, server.name, key)),
        joins,
        ...(quorums === undefined ? {} : { sizes: quorums }),
        ...(limits === undefined ? {} : { limits }),
      },
      ...(delays === undefined ? {} : { delays }),
    });
    const address = addressOf(node.id, server.name, key);
    let shown: Shown = handle.getSnapshot();
    let isLeader = shown.hasTag('leader');
    const ask = (request: PaxosRequest): void => node.request(address, request);
    const membership = membershipOf({
      node: node.id,
      server: server.name,
      key,
      places,
      isFixed,
      ask,
      known: () => knownIn(shown),
    });
    return {
      propose: (id, commands) => ask({ type: 'propose', id, commands }),
      read: (id) => ask({ type: 'read', id }),
      snapshot(index) {
        const name = `${owner}/${index}-${node.id}`;
        return files.write(name, (file) => ask({ type: 'compact', index, file }));
      },
      listen({ event, changed, ended }) {
        handle.on('*', (emitted) => {
          if (isOutput(emitted)) event(eventOf(emitted, room));
        });
        handle.subscribe({
          next(snapshot) {
            shown = snapshot;
            const { snapshot: latest, incoming } = snapshot.context;
            files.keep(latest?.file.name, incoming?.snapshot.file.name);
            isLeader = snapshot.hasTag('leader');
            changed();
          },
          error: (error) => ended(error instanceof Error ? error : new Error(String(error))),
          complete: () => ended(),
        });
      },
      membership,
      get isLeader() {
        return isLeader;
      },
      get leader() {
        return leaderIn(shown);
      },
      status: () => statusOf(shown),
    };
  };
}

type Shown = SnapshotFrom<typeof paxosServer.chart>;

const leaderIn = ({ context: { leader } }: Shown): string | undefined => (leader === null ? undefined : nodeOf(leader));

/** A configuration is known once its stop-sign is chosen. */
const knownIn = ({ context: { configuration } }: Shown): KnownMembers => ({
  configuration,
  settled: configuration,
  isCommitted: true,
});

function statusOf(shown: Shown): LogStatus {
  const { promised, commitIndex, slots, configuration } = shown.context;
  const round = promised?.round ?? 0;
  return {
    role: roles.find((role) => shown.hasTag(role)) ?? 'none',
    leader: leaderIn(shown),
    commitIndex,
    lastIndex: slots.lastIndex,
    nodes: configuration.voters.map(nodeOf),
    remark: promised === null ? 'without a ballot' : `in round ${round} of ${nodeOf(promised.proposer)}`,
    details: { round },
  };
}

const outputTypes: readonly string[] = [
  'proposed',
  'refused',
  'readable',
  'committed',
  'snapshotInstalled',
  'compactionDue',
  'replacing',
  'notReplaced',
] satisfies PaxosOutput['type'][];

/** Handles emit what the server's chart delivered, which is nothing but this. */
const isOutput = (emitted: { readonly type: string }): emitted is PaxosOutput => outputTypes.includes(emitted.type);

/**
 * Slot and first ballot name an entry, because a ballot proposes one value in a slot, and no other slot ever gets it: so
 * the ballot at which it was first proposed there is the token.
 */
function eventOf(output: PaxosOutput, room: SnapshotRoom): LogEvent {
  switch (output.type) {
    case 'proposed':
      return { type: 'placed', id: output.id, index: output.index, token: ballotText(output.ballot) };
    case 'refused': {
      const { id, reason, leader } = output;
      return { type: 'refused', id, reason, ...(leader === undefined ? {} : { leader: nodeOf(leader) }) };
    }
    case 'committed':
      return { type: 'committed', entries: entriesOf(output) };
    case 'readable':
      return output;
    case 'snapshotInstalled':
      return { type: 'snapshotInstalled', index: output.index, snapshot: room.open(output.file) };
    case 'replacing':
      return { type: 'replacing', id: output.id, index: output.index };
    case 'notReplaced': {
      const { id, reason, leader } = output;
      return { type: 'notReplaced', id, reason, ...(leader === undefined ? {} : { leader: nodeOf(leader) }) };
    }
    case 'compactionDue':
      return { type: 'snapshotDue', logSizeBytes: output.logSizeBytes };
  }
}

function entriesOf({ ballot, entries }: Extract<PaxosOutput, { type: 'committed' }>): readonly LogEntry[] {
  const token = ballotText(ballot);
  return entries.map((entry) => ({
    index: entry.index,
    token: entry.origin === undefined ? token : ballotText(entry.origin),
    command: entry.kind === 'command' ? entry.data : undefined,
  }));
}
