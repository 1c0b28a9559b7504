/** What the benchmarks of logs and their node processes tell each other. */

import type { LogProtocolName } from '../src/services/store/log/protocol-names.ts';

/** From the bench to a node. */
export type NodeRequest =
  | {
      readonly type: 'start';
      readonly id: string;
      readonly protocol: LogProtocolName;
      readonly directory: string;
      readonly port: number;
      /** The ports of the other nodes, all on loopback. */
      readonly peers: Readonly<Record<string, number>>;
      /** Whether the delays of its event loop are watched: that wakes the process a thousand times a second. */
      readonly watchesLoop: boolean;
      /** Whether it serves a dashboard. */
      readonly isSeen: boolean;
      /** How far clocks may drift, for reads by lease; left out where its leader takes no lease. */
      readonly leaseDriftPpm?: number;
    }
  /** Makes spans of this share of its commands from now on. */
  | { readonly type: 'trace'; readonly share: number }
  | { readonly type: 'usage' };

/** A node's answer to `start` and `trace`. */
export interface NodeReady {
  readonly type: 'ready';
  readonly dashboardUrl?: string;
}

/** A node's answer to `usage`. */
export interface NodeUsage {
  readonly type: 'usage';
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** Since the last `usage`; 0 where it is not watched. */
  readonly longestLoopDelayMs: number;
  /** The longest pause that V8 made to collect garbage. */
  readonly longestCollectionMs: number;
  /** How long its thread was ready to run and had no processor: what others on the machine took. 0 where nothing tells. */
  readonly waitedForProcessorMs: number;
  readonly roleChanges: number;
  /** Snapshots that were begun. */
  readonly snapshots: number;
  /** The most memory while one was written, as a multiple of what there was just before. 0 without one. */
  readonly snapshotGrowth: number;
  /** What all files of the node take. */
  readonly diskBytes: number;
}
