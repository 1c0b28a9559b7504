/** The log of a store, kept by Raft: the only part of a store that knows the protocol. */

import type { SnapshotFrom } from 'xstate';
import { type Address, addressOf, type DelayRange, nodeOf } from '../../../../statecharts/actor.ts';
import type { Role } from '../../../../statecharts/raft/context.ts';
import type { Entry, RaftLimits, RaftOutput, RaftRequest } from '../../../../statecharts/raft/messages.ts';
import { raftServer } from '../../../../statecharts/raft/server.ts';
import type { Clock } from '../../../environment/clock.ts';
import { NodeOverloadedError, NodeStoppedError } from '../../../host/errors.ts';
import { joined } from '../whole-state.ts';
import { readerOf } from './parts.ts';
import type { LogEntry, LogEvent, LogStarter, LogStatus, SnapshotWriter } from './replicated-log.ts';

/** How to replicate by Raft. */
export interface RaftOptions {
  /** The nodes that vote, this one included; only a node without records asks. */
  readonly voters: readonly string[];
  /** What differs from Raft's default limits. */
  readonly limits?: Partial<RaftLimits>;
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
  const { voters, limits, delays, server = raftServer } = options;
  return ({ node, key, environment: { clock } }) => {
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
    const ask = (request: RaftRequest): void => node.request(address, request);
    return {
      propose: (id, commands) => ask({ type: 'propose', id, commands }),
      read: (id) => ask({ type: 'read', id }),
      snapshot: (index) => snapshotWriter(clock, (snapshot) => ask({ type: 'compact', index, snapshot })),
      listen({ event, changed, ended }) {
        handle.on('*', (emitted) => {
          if (isOutput(emitted)) event(eventOf(emitted, clock));
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
        return leaderIn(shown);
      },
      status: () => statusOf(shown),
    };
  };
}

type Shown = SnapshotFrom<typeof raftServer.chart>;

const leaderIn = ({ context: { leader } }: Shown): string | undefined => (leader === null ? undefined : nodeOf(leader));

const roles: readonly Role[] = ['follower', 'pre-candidate', 'candidate', 'leader'];

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

type Told = Exclude<RaftOutput, { type: 'replacing' | 'notReplaced' }>;

const outputTypes: readonly string[] = [
  'proposed',
  'refused',
  'readable',
  'committed',
  'snapshotInstalled',
  'compactionDue',
] satisfies Told['type'][];

/** Handles emit what the server's chart delivered, which is nothing but this. */
const isOutput = (emitted: { readonly type: string }): emitted is Told => outputTypes.includes(emitted.type);

/** Raft §5.3, log matching: index and term name an entry, so the term is the token. */
function eventOf(output: Told, clock: Clock): LogEvent {
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
      return { type: 'snapshotInstalled', index: output.index, snapshot: readerOf(partsIn(output.snapshot), clock) };
    case 'compactionDue':
      return { type: 'snapshotDue', logSizeBytes: output.logSizeBytes };
  }
}

const entryOf = (entry: Entry): LogEntry => ({
  index: entry.index,
  token: entry.term,
  command: entry.kind === 'command' ? entry.data : undefined,
});

/** Before the parts of a snapshot, each with its length. A snapshot that begins otherwise is one part. */
const partsByte = 0;
const lengthBytes = 4;
/** How long to wait before a node is asked again that was overloaded. */
const againMs = 100;

function snapshotWriter(clock: Clock, compact: (snapshot: Uint8Array) => void): SnapshotWriter {
  const pieces: Uint8Array[] = [Uint8Array.of(partsByte)];
  let isAbandoned = false;
  const handOver = (whole: Uint8Array): void => {
    if (isAbandoned) return;
    try {
      compact(whole);
    } catch (error) {
      if (error instanceof NodeOverloadedError) clock.setTimeout(() => handOver(whole), againMs);
      else if (!(error instanceof NodeStoppedError)) throw error;
    }
  };
  return {
    write(part, onTaken) {
      const length = new Uint8Array(lengthBytes);
      new DataView(length.buffer).setUint32(0, part.length);
      pieces.push(length, part);
      clock.enqueue(() => onTaken());
    },
    finish: () => handOver(joined(pieces)),
    abandon() {
      isAbandoned = true;
    },
  };
}

function* partsIn(snapshot: Uint8Array): Generator<Uint8Array> {
  if (snapshot[0] !== partsByte) {
    yield snapshot;
    return;
  }
  const view = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  for (let at = 1; at < snapshot.length; ) {
    const start = at + lengthBytes;
    at = start + view.getUint32(start - lengthBytes);
    yield snapshot.subarray(start, at);
  }
}
