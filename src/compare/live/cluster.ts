/**
 * The seam between a live comparison and the processes that it runs on: a cluster of nodes on loopback, each of which can be killed,
 * started again, and made to stand still. Whoever starts processes implements it.
 */

import type { Replication } from '../../services/store/log/protocol-names.ts';

/** The nodes of a method, and how their store is replicated. */
export interface LiveSetup {
  readonly nodes: readonly string[];
  readonly replication: Replication;
}

/** One node: a process that may come and go. */
export interface LiveNode {
  readonly id: string;
  /** Where clients connect, as `host:port`. */
  readonly address: string;
  /** SIGKILL. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again, over the same data. */
  start(): void;
  /** SIGSTOP. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

/** A cluster that runs. */
export interface LiveCluster {
  readonly nodes: readonly LiveNode[];
  /** The node that leads, by what nodes have said last; undefined while none does. */
  leader(): string | undefined;
  /** What nodes did that nothing done to them accounts for; undefined if nothing. */
  problem(): string | undefined;
  /** Ends all processes, and removes what they wrote. Idempotent. */
  close(): Promise<void>;
}

/** Starts clusters. */
export interface LiveClusters {
  /** Resolves when all nodes answer and one of them leads. @throws QuorateError when that takes too long, or a node fails */
  start(setup: LiveSetup): Promise<LiveCluster>;
}
