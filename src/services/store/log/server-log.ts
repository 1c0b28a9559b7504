/**
 * The log of a store, kept by one actor on each node: what is alike whatever protocol that actor follows. The adapter of a
 * protocol says what its server has in store, and what its own outputs mean.
 */

import { type Address, addressOf, nodeOf } from '../../../../statecharts/actor.ts';
import type { HandOverOutput } from '../../../../statecharts/replication/hand-over.ts';
import { grantorsAt, type Lease } from '../../../../statecharts/replication/lease.ts';
import type { Mode } from '../../../../statecharts/replication/modes.ts';
import type { ReconfigurationRefusal, ReplacementRefusal } from '../../../../statecharts/replication/refusals.ts';
import { type SnapshotFile, snapshotOwner } from '../../../../statecharts/transfer.ts';
import type { SnapshotRoom } from '../../../journal/snapshots/room.ts';
import { checkKey } from './key.ts';
import { type KnownMembers, type MembersRequest, membershipOf } from './members/changing.ts';
import type {
  LogEvent,
  LogListener,
  LogPlace,
  LogRefusal,
  LogStatus,
  LogToken,
  ReplicatedLog,
} from './replicated-log.ts';
import { createSnapshots } from './snapshots.ts';
import type { LogTiming } from './timing.ts';

/** How a log is replicated by servers on the nodes of a cluster. */
export interface ServerLogOptions {
  /** The nodes that vote, this one included; only a node without records asks. */
  readonly voters: readonly string[];
  /** Whether a node without records waits to be taken into a cluster that runs. Default false. */
  readonly joins?: boolean;
  /** Where nodes listen, `host:port` by id: what a change of members writes into the log, where that does not say yet. */
  readonly places?: Readonly<Record<string, string>>;
  /** Whether no node may be replaced, as nodes without a secret cannot prove who they are. Default false. */
  readonly isFixed?: boolean;
  /** How long the servers wait for each other. */
  readonly timing?: LogTiming;
}

/** What all servers are asked. */
export type ServerRequest =
  | { readonly type: 'propose'; readonly id: number; readonly commands: readonly Uint8Array[]; readonly mode?: Mode }
  | { readonly type: 'read'; readonly id: number; readonly byLease?: true }
  | { readonly type: 'handOver'; readonly id: number; readonly to: Address | null }
  | { readonly type: 'compact'; readonly index: number; readonly epoch?: LogToken; readonly file: SnapshotFile }
  | MembersRequest;

/** What all servers tell in the same words. */
export type ServerOutput =
  | { readonly type: 'refused'; readonly id: number; readonly reason: LogRefusal; readonly leader?: Address }
  | { readonly type: 'readable'; readonly id: number; readonly index: number }
  | { readonly type: 'snapshotInstalled'; readonly index: number; readonly file: SnapshotFile }
  | { readonly type: 'reconfiguring'; readonly id: number; readonly index: number }
  | {
      readonly type: 'notReconfigured';
      readonly id: number;
      readonly reason: ReplacementRefusal | ReconfigurationRefusal;
      readonly behind?: number;
      readonly leader?: Address;
    }
  | HandOverOutput
  | { readonly type: 'compactionDue'; readonly index: number; readonly logSizeBytes: number };

/** A server as it durably stands. */
interface Standing {
  readonly context: {
    readonly leader: Address | null;
    readonly commitIndex: number;
    readonly configuration: { readonly voters: readonly Address[] };
    readonly snapshot: { readonly file: SnapshotFile } | null;
    readonly incoming: { readonly snapshot: { readonly file: SnapshotFile } } | null;
  };
  hasTag(tag: 'leader'): boolean;
}

/** Where leaders have leases: how many other servers grant this one its lease now; none while it does not lead. */
export function leaseDetails({
  leaseMs,
  leadership,
}: {
  readonly leaseMs: number | null;
  readonly leadership: { readonly lease: Lease | null; readonly round: number } | null;
}): { readonly leaseGrantors?: number } {
  if (leaseMs === null) return {};
  const { lease = null, round = 0 } = leadership ?? {};
  return { leaseGrantors: lease === null ? 0 : grantorsAt(lease, round) };
}

/** The handle of a server. */
interface Server<Shown, Output> {
  getSnapshot(): Shown;
  on(type: '*', heard: (output: Output) => void): unknown;
  subscribe(observer: { next(shown: Shown): void; error(error: unknown): void; complete(): void }): unknown;
}

export interface ServerLogParts<Shown extends Standing, Output> {
  readonly place: LogPlace;
  readonly options: ServerLogOptions;
  /** The name of the protocol's servers. */
  readonly serverName: string;
  readonly server: Server<Shown, Output>;
  /** What the server knows of its members; left out where they stay those that the log began with. */
  known?(shown: Shown): KnownMembers;
  /** Begins what the log stands on besides its server, and ends with; called as the log is listened to. */
  begin?(ended: LogListener['ended']): void;
  /** What only the protocol can say of the server. */
  standing(shown: Shown): Pick<LogStatus, 'role' | 'lastIndex' | 'remark' | 'details'>;
  /** What the log offers besides: by default one way to acknowledge, and no loss. */
  readonly modes?: Pick<ReplicatedLog, 'offers' | 'startsOver'>;
  /** Whether leaders may hold leases. Default false. */
  readonly hasLeases?: boolean;
  /** Whether a snapshot must name the entry that it ends with, token and all. Default false. */
  readonly namesSnapshots?: boolean;
  /** What an output of the server means; undefined where it is none of the log's business. */
  eventOf(output: Output, room: SnapshotRoom): LogEvent | undefined;
}

/** The addresses of `nodes`' servers. @throws MalformedRequestError when no file could be named after `key` */
export function serversOn(nodes: readonly string[], serverName: string, key: string): readonly Address[] {
  checkKey(key);
  return nodes.map((node) => addressOf(node, serverName, key));
}

/** The log that a server keeps, which has been started. */
export function serverLog<Shown extends Standing, Output>(parts: ServerLogParts<Shown, Output>): ReplicatedLog {
  const { place, options, serverName, server, known } = parts;
  const { node, key, environment } = place;
  const { places = {}, isFixed = false } = options;
  const address = addressOf(node.id, serverName, key);
  const owner = snapshotOwner(address);
  const room = node.journal.snapshots;
  const files = createSnapshots(room, owner, environment.clock);
  let shown = server.getSnapshot();
  let isLeader = shown.hasTag('leader');
  const ask = (request: ServerRequest): void => node.request(address, request);
  const leader = (): string | undefined => (shown.context.leader === null ? undefined : nodeOf(shown.context.leader));
  return {
    ...parts.modes,
    propose: (id, commands, mode) => ask({ type: 'propose', id, commands, ...(mode === undefined ? {} : { mode }) }),
    read: (id, byLease = false) =>
      ask({ type: 'read', id, ...(byLease && parts.hasLeases === true ? { byLease } : {}) }),
    handOver: (id, to) => ask({ type: 'handOver', id, to: to === undefined ? null : addressOf(to, serverName, key) }),
    snapshot: (index, token) => {
      const named = parts.namesSnapshots === true ? { epoch: token } : {};
      return files.write(`${owner}/${index}-${node.id}`, (file) => ask({ type: 'compact', index, ...named, file }));
    },
    listen({ event, changed, ended: tellEnded }) {
      let hasEnded = false;
      const ended = (error?: unknown): void => {
        if (hasEnded) return;
        hasEnded = true;
        tellEnded(error);
      };
      parts.begin?.(ended);
      server.on('*', (output) => {
        const meant = parts.eventOf(output, room);
        if (meant !== undefined) event(meant);
      });
      server.subscribe({
        next(next) {
          shown = next;
          const { snapshot: latest, incoming } = next.context;
          files.keep(latest?.file.name, incoming?.snapshot.file.name);
          isLeader = next.hasTag('leader');
          changed();
        },
        error: ended,
        complete: () => ended(),
      });
    },
    ...(known === undefined
      ? {}
      : {
          membership: membershipOf({
            node: node.id,
            server: serverName,
            key,
            places,
            isFixed,
            ask,
            known: () => known(shown),
          }),
        }),
    get isLeader() {
      return isLeader;
    },
    get leader() {
      return leader();
    },
    status() {
      const { commitIndex, configuration } = shown.context;
      return { leader: leader(), commitIndex, nodes: configuration.voters.map(nodeOf), ...parts.standing(shown) };
    },
  };
}

/** The leader that a refusal names, by its node. */
const ledBy = ({ leader }: { readonly leader?: Address }): { readonly leader?: string } =>
  leader === undefined ? {} : { leader: nodeOf(leader) };

/** What an output means that all servers have in the same words. */
export function commonEventOf(output: ServerOutput, room: SnapshotRoom): LogEvent {
  switch (output.type) {
    case 'refused':
      return { type: 'refused', id: output.id, reason: output.reason, ...ledBy(output) };
    case 'notReconfigured':
      return {
        type: 'notReconfigured',
        id: output.id,
        reason: output.reason,
        ...(output.behind === undefined ? {} : { behind: output.behind }),
        ...ledBy(output),
      };
    case 'handedOver':
      return { type: 'handedOver', id: output.id, leader: nodeOf(output.leader) };
    case 'notHandedOver':
      return { type: 'notHandedOver', id: output.id, reason: output.reason, ...ledBy(output) };
    case 'readable':
      return output;
    case 'snapshotInstalled':
      return { type: 'snapshotInstalled', index: output.index, snapshot: room.open(output.file) };
    case 'reconfiguring':
      return { type: 'reconfiguring', id: output.id, index: output.index };
    case 'compactionDue':
      return { type: 'snapshotDue', logSizeBytes: output.logSizeBytes };
  }
}
