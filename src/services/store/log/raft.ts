/** The log of a store, kept by Raft. */

import type { SnapshotFrom } from 'xstate';
import { addressOf, type DelayRange, nodeOf } from '../../../../statecharts/actor.ts';
import type { Role } from '../../../../statecharts/raft/context.ts';
import type { RaftLimits, RaftOutput, RaftRequest } from '../../../../statecharts/raft/messages.ts';
import { raftServer } from '../../../../statecharts/raft/server.ts';
import type { Node } from '../../../host/node.ts';
import type { Consensus } from './consensus.ts';

export interface RaftConsensusOptions {
  readonly node: Node;
  /** Tells apart the stores of a cluster. */
  readonly key: string;
  /** The nodes that vote, this one included; only a node without records asks. */
  readonly voters: readonly string[];
  /** What differs from Raft's default limits. */
  readonly limits?: Partial<RaftLimits>;
  /** Replaces delays of `raft.server`, by name. */
  readonly delays?: Readonly<Record<string, DelayRange>>;
  /** The actor that keeps the log; `raftServer` by default. Proofs put variants in its place. */
  readonly server?: typeof raftServer;
}

/**
 * Starts the Raft server of this node.
 *
 * @throws like `node.start`
 */
export function raftConsensus(options: RaftConsensusOptions): Consensus {
  const { node, key, voters, limits, delays, server = raftServer } = options;
  const handle = node.start(server, {
    key,
    input: {
      voters: voters.map((voter) => addressOf(voter, server.name, key)),
      ...(limits === undefined ? {} : { limits }),
    },
    ...(delays === undefined ? {} : { delays }),
  });
  const address = addressOf(node.id, server.name, key);
  let shown: SnapshotFrom<typeof raftServer.chart> = handle.getSnapshot();

  let isLeader = shown.hasTag('leader');
  const leader = (): string | undefined => {
    const known = shown.context.leader;
    return known === null ? undefined : nodeOf(known);
  };
  const ask = (request: RaftRequest): void => node.request(address, request);
  return {
    propose: (id, commands) => ask({ type: 'propose', id, commands }),
    read: (id) => ask({ type: 'read', id }),
    compact: (index, snapshot) => ask({ type: 'compact', index, snapshot }),
    listen({ output, changed, ended }) {
      handle.on('*', (emitted) => {
        if (isOutput(emitted)) output(emitted);
      });
      handle.subscribe({
        next(snapshot) {
          shown = snapshot;
          isLeader = snapshot.hasTag('leader');
          changed();
        },
        error: (error) => ended(error instanceof Error ? error : new Error(String(error))),
        complete: () => ended(),
      });
    },
    get isLeader() {
      return isLeader;
    },
    get leader() {
      return leader();
    },
    status() {
      const { term, commitIndex, log, configuration } = shown.context;
      return {
        role: roles.find((role) => shown.hasTag(role)) ?? 'none',
        term,
        leader: leader(),
        commitIndex,
        lastIndex: log.lastIndex,
        nodes: configuration.voters.map(nodeOf),
      };
    },
  };
}

const roles: readonly Role[] = ['follower', 'pre-candidate', 'candidate', 'leader'];

const outputTypes: readonly string[] = [
  'proposed',
  'refused',
  'readable',
  'committed',
  'snapshotInstalled',
  'compactionDue',
] satisfies RaftOutput['type'][];

/** Handles emit what the server's chart delivered, which is nothing but this. */
const isOutput = (emitted: { readonly type: string }): emitted is RaftOutput => outputTypes.includes(emitted.type);
