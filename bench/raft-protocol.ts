/** What `bench/raft.ts` and its node processes tell each other. */

/** From the bench to a node. */
export type NodeRequest =
  | {
      readonly type: 'start';
      readonly id: string;
      readonly directory: string;
      readonly port: number;
      /** The ports of the other nodes, all on loopback. */
      readonly peers: Readonly<Record<string, number>>;
    }
  | { readonly type: 'usage' };

/** A node's answer to `usage`. */
export interface NodeUsage {
  readonly type: 'usage';
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** Since the last `usage`. */
  readonly longestLoopDelayMs: number;
  readonly roleChanges: number;
  readonly snapshots: number;
  /** What all files of the node take. */
  readonly diskBytes: number;
}
