/** What a replica reports besides what every log tells. */
export type ReplicaReport =
  /**
   * This node is primary, and these are in sync; as long as nodes are missing, the store is degraded, and unless those that
   * are left are enough, nothing is acknowledged.
   */
  | {
      readonly type: 'in-sync';
      readonly nodes: readonly string[];
      readonly missing: readonly string[];
      readonly isEnough: boolean;
    }
  /**
   * Entries made in an epoch that is over are gone from this node's log. The first `acknowledged` of them had been
   * acknowledged asynchronously, and are lost.
   */
  | { readonly type: 'discarded'; readonly from: number; readonly to: number; readonly acknowledged: number };

export type Discarded = Extract<ReplicaReport, { type: 'discarded' }>;
