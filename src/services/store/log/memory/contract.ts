/** A log in memory, and its servers, as tests see and steer them. */

import type { Clock } from '../../../../environment/clock.ts';
import type { LogEntry, LogEvent, LogRefusal, LogStarter } from '../replicated-log.ts';
import type { HandOverRequest } from './hand-over.ts';

/** How to make a log in memory. */
export interface MemoryLogOptions {
  /** The nodes that take part. The first one leads to begin with. */
  readonly nodes: readonly string[];
  /** When given, the log works by itself, in turns of this clock's queue. */
  readonly clock?: Clock;
  /** Committed entries beyond which servers are asked to compact. Default: never. */
  readonly compactBeyondEntries?: number;
  /** Requests of one server that may wait. Default 1,000. */
  readonly waitingRequests?: number;
}

/** The server of one node, as a test sees it. */
export interface MemoryServer {
  /** Requests that are not answered yet, oldest first. Without a clock, a test answers hand-overs by `tell`. */
  readonly proposals: readonly { readonly id: number; readonly commands: readonly Uint8Array[] }[];
  readonly reads: readonly number[];
  readonly handOvers: readonly HandOverRequest[];
  /** The snapshots that it was given, whole. */
  readonly snapshots: readonly Snapshot[];
  /** Places the oldest proposal at the end of this server's log. @returns its entries; none when there is none */
  place(): readonly LogEntry[];
  /** Refuses the oldest proposal, or else the oldest read. */
  refuse(reason: LogRefusal): void;
  /** Answers the oldest read. */
  answerRead(): void;
  /** Tells `event`, whatever it is. */
  tell(event: LogEvent): void;
  /** The next request throws `error`. */
  failNext(error: Error): void;
  /** It leads, or does not, as it takes it. */
  lead(leads: boolean): void;
}

/** A log in memory. */
export interface MemoryLog {
  /** Starts the server of a node. One that starts again hears everything again. */
  readonly start: LogStarter;
  /** @throws RangeError for a node that does not take part */
  server(node: string): MemoryServer;
  /** Another leader, who has heard of the first `kept` entries that the last one had placed and not committed. */
  elect(node: string, kept?: number): void;
  /** Commits what the leader has placed, and tells all servers that are not cut off. */
  commit(): void;
  /** Commits an entry of a leader that is not here, in the place of all that is placed and not committed. */
  commitForeign(command?: Uint8Array): LogEntry;
  /** Cuts off `nodes`, and them alone: they hear nothing, and what they place is lost. */
  isolate(...nodes: readonly string[]): void;
  /** The server ends, and forgets what it was asked. */
  crash(node: string): void;
  readonly committed: readonly LogEntry[];
}

/** A snapshot, in parts. */
export interface Snapshot {
  readonly index: number;
  readonly parts: readonly Uint8Array[];
}
