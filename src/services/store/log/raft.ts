/** The log of a store, kept by Raft: the only part of a store that knows the protocol. */

import type { SnapshotFrom } from 'xstate';
import { type Address, addressOf, type DelayRange, nodeOf } from '../../../../statecharts/actor.ts';
import { settledConfiguration } from '../../../../statecharts/raft/configuration.ts';
import { roles } from '../../../../statecharts/raft/context.ts';
import type { Entry, RaftOutput, RaftRequest } from '../../../../statecharts/raft/messages.ts';
import { raftServer } from '../../../../statecharts/raft/server.ts';
import type { Limits } from '../../../../statecharts/replication/limits.ts';
import { snapshotOwner } from '../../../../statecharts/transfer.ts';
import type { SnapshotRoom } from '../../../journal/snapshots/room.ts';
import { checkKey } from './key.ts';
import { type KnownMembers, membershipOf } from './membership.ts';
import type { LogEntry, LogEvent, LogStarter, LogStatus } from './replicated-log.ts';
import { createSnapshots } from './snapshots.ts';

/** How to replicate by Raft. */
export interface RaftOptions {
  /** The nodes that vote, this one included; only a node without records asks. */
  readonly voters: readonly string[];
  /** Whether a node without records waits to be taken into a cluster that runs. Default false. */
  readonly joins?: boolean;
  /** Where nodes listen, `host:port` by id: what a change of members writes into the log, where that does not say yet. */
  readonly places?: Readonly<Record<string, string>>;
  /** Whether no node may be replaced, as nodes without a secret cannot prove who they are. Default false. */
  readonly isFixed?: boolean;
  /** What differs from Raft's default limits. */
  readonly limits?: Partial<Limits>;
  /** Replaces delays of `raft.server`, by name. */
  readonly delays?: Readonly<Record<string, DelayRange>>;
  /** The actor that keeps the log; `raftServer` by default. Proofs put variants in its place. */
  readonly server?: typeof raftServer;
}

/** Where the server of a log lives on a node, and its records in the node's journal. */
export const raftAddress = (node: string, key: string): Address => addressOf(node, raftServer.name, key);

/**
 * Replicates by Raft.
 *
 * @example
 * const store = startReplicatedStore({ node, machine, log: raft({ voters: ['n1', 'n2', 'n3'] }) });
 */
export function raft(options: RaftOptions): LogStarter {
  const { voters, joins = false, places = {}, isFixed = false, limits, delays, server = raftServer } = options;
  return ({ node, key, environment: { clock } }) => {
    checkKey(key);
    const owner = snapshotOwner(raftAddress(node.id, key));
    const room = node.journal.snapshots;
    const files = createSnapshots(room, owner, clock);
    const handle = node.start(server, {
      key,
      input: {
        voters: voters.map((voter) => addressOf(voter, server.name, key)),
        joins,
        ...(limits === undefined ? {} : { limits }),
      },
      ...(delays === undefined ? {} : { delays }),
    });
    const address = addressOf(node.id, server.name, key);
    let shown: SnapshotFrom<typeof raftServer.chart> = handle.getSnapshot();
    let isLeader = shown.hasTag('leader');
    const ask = (request: RaftRequest): void => node.request(address, request);
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
      handOver: (id, to) =>
        ask({ type: 'handOver', id, to: to === undefined ? null : addressOf(to, server.name, key) }),
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

type Shown = SnapshotFrom<typeof raftServer.chart>;

const leaderIn = ({ context: { leader } }: Shown): string | undefined => (leader === null ? undefined : nodeOf(leader));

const knownIn = ({ context }: Shown): KnownMembers => {
  const { commitIndex, configuration } = context;
  return { configuration, settled: settledConfiguration(context), isCommitted: configuration.index <= commitIndex };
};

function statusOf(shown: Shown): LogStatus {
  const { term, commitIndex, log, configuration } = shown.context;
  return {
    role: roles.find((role) => shown.hasTag(role)) ?? 'none',
    leader: leaderIn(shown),
    commitIndex,
    lastIndex: log.lastIndex,
    nodes: configuration.voters.map(nodeOf),
    remark: `in term ${term}`,
    details: { term },
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
  'handedOver',
  'notHandedOver',
] satisfies RaftOutput['type'][];

/** Handles emit what the server's chart delivered, which is nothing but this. */
const isOutput = (emitted: { readonly type: string }): emitted is RaftOutput => outputTypes.includes(emitted.type);

/** Raft §5.3, log matching: index and term name an entry, so the term is the token. */
function eventOf(output: RaftOutput, room: SnapshotRoom): LogEvent {
  switch (output.type) {
    case 'proposed':
      return { type: 'placed', id: output.id, index: output.index, token: output.term };
    case 'refused': {
      const { id, reason, leader } = output;
      return { type: 'refused', id, reason, ...(leader === undefined ? {} : { leader: nodeOf(leader) }) };
    }
    case 'committed':
      return { type: 'committed', entries: output.entries.map(entryOf) };
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
    case 'handedOver':
      return { type: 'handedOver', id: output.id, leader: nodeOf(output.leader) };
    case 'notHandedOver': {
      const { id, reason, leader } = output;
      return { type: 'notHandedOver', id, reason, ...(leader === undefined ? {} : { leader: nodeOf(leader) }) };
    }
    case 'compactionDue':
      return { type: 'snapshotDue', logSizeBytes: output.logSizeBytes };
  }
}

const entryOf = (entry: Entry): LogEntry => ({
  index: entry.index,
  token: entry.term,
  command: entry.kind === 'command' ? entry.data : undefined,
});
