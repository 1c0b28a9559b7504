/** What a store needs of a replicated log. The protocol's own form stands beside; tests have one of their own. */

import type { RaftOutput } from '../../../../statecharts/raft/messages.ts';

/** How a server of the log stands. */
export interface ConsensusStatus {
  readonly role: string;
  readonly term: number;
  /** The node that leads, as far as known. */
  readonly leader: string | undefined;
  readonly commitIndex: number;
  readonly lastIndex: number;
  /** The nodes that take part, this one included, sorted. */
  readonly nodes: readonly string[];
}

/** A replicated log, as one of its servers offers it. It speaks by the outputs of Raft, which say what any log must. */
export interface Consensus {
  /**
   * Asks for `commands` to become consecutive entries; answered by `proposed` or `refused`.
   *
   * @throws NodeOverloadedError, NodeStoppedError when the node does not take the request
   */
  propose(id: number, commands: readonly Uint8Array[]): void;
  /** Asks for an index at which a read is linearizable; answered by `readable` or `refused`. Throws like `propose`. */
  read(id: number): void;
  /** Hands over the state as of `index`. Throws like `propose`. */
  compact(index: number, snapshot: Uint8Array): void;
  /** Sets who hears outputs, in order, and who is told when `status()` may have changed. */
  listen(listener: ConsensusListener): void;
  readonly isLeader: boolean;
  /** The node that leads, as far as known. */
  readonly leader: string | undefined;
  status(): ConsensusStatus;
}

export interface ConsensusListener {
  output(output: RaftOutput): void;
  /** Role, term, leader, or anything else may have changed. */
  changed(): void;
  /** The server has ended; no output follows. */
  ended(error?: Error): void;
}
