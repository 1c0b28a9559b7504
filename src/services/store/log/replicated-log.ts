/**
 * A replicated log, in its own words: what a store needs of any protocol that makes servers agree on a sequence of
 * commands. Each protocol adapts itself to this in a file of its own beside; the log in memory is for tests. What a log
 * promises is tested by one suite that every log passes.
 */

import type { Mode } from '../../../../statecharts/replication/modes.ts';
import type { HandOverRefusal, RequestRefusal } from '../../../../statecharts/replication/refusals.ts';
import type { Environment } from '../../../environment/environment.ts';
import type { Node } from '../../../host/node.ts';
import type { LogMembership, MemberRefusal } from './members.ts';

export type { Mode } from '../../../../statecharts/replication/modes.ts';
export type { HandOverRefusal } from '../../../../statecharts/replication/refusals.ts';

/**
 * Names who put an entry where it stands. It means nothing but this: the entry that commits at an index is the one that
 * was placed there if their tokens are equal, and otherwise what was placed never commits, there or elsewhere.
 */
export type LogToken = string | number;

/** A committed entry. */
export interface LogEntry {
  /** From 1, without gaps. */
  readonly index: number;
  readonly token: LogToken;
  /** What was proposed; undefined in an entry that the log made for itself. */
  readonly command: Uint8Array | undefined;
  /**
   * So many revisions are passed over here: the requests that a log has lost had some of them, and none is used twice.
   * Default none.
   */
  readonly skips?: number;
}

/** Entries one after the other; an array of them is one. */
export interface LogRun extends Iterable<LogEntry> {
  readonly length: number;
  /** The one at a place, from 0; undefined beyond the last. */
  at(place: number): LogEntry | undefined;
}

/** Why a request was refused. Nothing of it has happened or will happen. */
export type LogRefusal =
  | RequestRefusal
  /** The log has no such mode, or not in this store. */
  | 'mode-not-offered'
  /** Fewer replicas are in sync than the store asks for. */
  | 'too-few-in-sync';

/** What a log tells, in order. */
export type LogEvent =
  /** The change of members `id` begins with entry `index`. */
  | { readonly type: 'reconfiguring'; readonly id: number; readonly index: number }
  | {
      readonly type: 'notReconfigured';
      readonly id: number;
      readonly reason: MemberRefusal;
      /** Entries that a learner lacks which should vote. */
      readonly behind?: number;
      readonly leader?: string;
    }
  /** Hand-over `id` is done: this server leads no more, and `leader` does, which is nearly always the one that was named. */
  | { readonly type: 'handedOver'; readonly id: number; readonly leader: string }
  | { readonly type: 'notHandedOver'; readonly id: number; readonly reason: HandOverRefusal; readonly leader?: string }
  /**
   * The commands of proposal `id` stand at `index`, `index + 1`, ... of this server's log, under `token`. Told before
   * any of them is committed. Whatever was placed at these indexes before has left this server's log.
   */
  | { readonly type: 'placed'; readonly id: number; readonly index: number; readonly token: LogToken }
  /** `leader` is the node that is taken for the leader. */
  | { readonly type: 'refused'; readonly id: number; readonly reason: LogRefusal; readonly leader?: string }
  /** Read `id` is linearizable once the state has everything up to `index`. */
  | { readonly type: 'readable'; readonly id: number; readonly index: number }
  /**
   * All that was committed is void, as a failover has lost some of it, which acknowledgements had allowed for: the state
   * begins anew, from the snapshot that is told next, or from entry 1.
   */
  | { readonly type: 'startedOver' }
  /** The next committed entries, in the order of their indexes, without gaps, each once in a life. */
  | { readonly type: 'committed'; readonly entries: LogRun }
  /** The state as of `index` is what `snapshot` holds; `committed` goes on after it. */
  | { readonly type: 'snapshotInstalled'; readonly index: number; readonly snapshot: SnapshotReader }
  /** The log has grown beyond its limit: answer with `snapshot`. Told once until that is done. */
  | { readonly type: 'snapshotDue'; readonly logSizeBytes: number };

/** A snapshot of the log, read part by part, in the parts in which it was written. */
export interface SnapshotReader {
  /**
   * Reads the next part, which is undefined at the end. To be called again only when the part has come; `onPart` is
   * called in a later turn. An error is final.
   */
  next(onPart: (part: Uint8Array | undefined | Error) => void): void;
  /** Nothing more is read. Idempotent. */
  release(): void;
}

/** A snapshot of the state, written part by part. */
export interface SnapshotWriter {
  /**
   * Adds a part, which belongs to the log from now on. `onTaken` is called in a later turn, when the next may come: the
   * log sees to it that its disk has time for other things. After an error nothing may come but `abandon`.
   */
  write(part: Uint8Array, onTaken: (error?: Error) => void): void;
  /** All parts were written, and taken. `onDone` is called when the snapshot is durable, or with what went wrong. */
  finish(onDone: (error?: Error) => void): void;
  /** There will be no snapshot; the log asks for another when it is time. */
  abandon(): void;
}

/** How a server of the log stands. */
export interface LogStatus {
  /** A word of the protocol; `leader` for the one that takes proposals. */
  readonly role: string;
  /** The node that leads, as far as known. */
  readonly leader: string | undefined;
  readonly commitIndex: number;
  readonly lastIndex: number;
  /** The nodes that take part, this one included, sorted. */
  readonly nodes: readonly string[];
  /** What the protocol adds about itself, for people, to stand behind the role: `in term 3`. */
  readonly remark: string;
  /** The same as fields, for programs that know the protocol: `{ term: 3 }`. */
  readonly details: Readonly<Record<string, number | string>>;
}

/** Hears what a log tells. */
export interface LogListener {
  event(event: LogEvent): void;
  /** Who leads, or anything else in `status()`, may have changed. */
  changed(): void;
  /** The server has ended, by itself or because of an error; no event follows. */
  ended(error?: unknown): void;
}

/** A replicated log, as one of its servers offers it. Requests are answered by events, in later turns. */
export interface ReplicatedLog {
  /**
   * Asks for `commands` to become consecutive entries; answered by `placed` or `refused`, once, unless the server ends.
   *
   * @param id chosen by the asker, new for each request of this life
   * @param mode one that the log offers; by default that of the store
   * @throws NodeOverloadedError, NodeStoppedError when the node does not take the request
   */
  propose(id: number, commands: readonly Uint8Array[], mode?: Mode): void;
  /** Whether writes of `mode` may be asked for. Left out by a log that has one way to acknowledge. */
  offers?(mode: Mode): boolean;
  /**
   * Asks for an index at which a read is linearizable; answered by `readable` or `refused`. Throws like `propose`.
   *
   * @param byLease whether the lease of this server suffices, where it leads and holds one; a log without leases asks the others
   */
  read(id: number, byLease?: boolean): void;
  /**
   * Asks this server, which leads, to let `to` lead in its place; without `to`, the voter that has most of the log. From
   * then on it refuses proposals as `handing-over`, while reads go on; what it has placed stays. Answered by `handedOver`
   * or `notHandedOver`, once, unless the server ends, and within a few election timeouts. Throws like `propose`.
   */
  handOver(id: number, to?: string): void;
  /**
   * Begins a snapshot of the state as of the committed entry `index`, which takes the place of the entries up to it once
   * it is whole. One at a time. Throws like `propose`.
   *
   * @param token of that entry
   */
  snapshot(index: number, token: LogToken): SnapshotWriter;
  /** Sets who hears; called once, in the turn in which the log was started. */
  listen(listener: LogListener): void;
  /** Left out by a log whose members stay those it began with. */
  readonly membership?: LogMembership;
  /** Whether it may tell `startedOver`. Default false. */
  readonly startsOver?: boolean;
  readonly isLeader: boolean;
  /** The node that leads, as far as known. */
  readonly leader: string | undefined;
  status(): LogStatus;
}

/** Where a log is started. */
export interface LogPlace {
  readonly node: Node;
  /** Tells apart the logs of a cluster. */
  readonly key: string;
  /** The same as the node's. */
  readonly environment: Environment;
}

/** Starts this node's server of a log: what `raft({ voters })` gives. @throws like `node.start` */
export type LogStarter = (place: LogPlace) => ReplicatedLog;
