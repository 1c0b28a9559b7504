/** What the benchmark of stores asks of each store, and how it asks that of a cluster of this package. */

import type { Consistency } from '../src/services/store/requests/reading.ts';
import type { LogCluster, LogDriven } from './log-cluster.ts';

/** A store that can be driven by whatever is measured. */
export interface StoreDriven extends LogDriven {
  /** Reads a key, linearizably. @returns how many values there are */
  get(key: string): Promise<number>;
  /** Reads the keys with a prefix, linearizably. @returns how many they are */
  range(prefix: string, limit: number): Promise<number>;
  /** Puts several keys in one transaction. */
  putAll(keys: readonly string[], value: Uint8Array): Promise<void>;
  /** Begins a watch of each of some ranges, which tells every change there. @returns ends them */
  watchers(ranges: readonly WatchedRange[], told: () => void): Promise<() => Promise<void>>;
}

/** The keys from one on, and before another. */
export interface WatchedRange {
  readonly from: string;
  readonly to: string;
}

const deadlineMs = 20_000;

/** A cluster of this package, which reads in this way. */
export const drivenBy = ({ client, put, nodeCpuMs }: LogCluster, consistency: Consistency): StoreDriven => ({
  put,
  nodeCpuMs,
  get: async (key) => ((await client.get(key, { consistency, deadlineMs })) === undefined ? 0 : 1),
  range: async (prefix, limit) => (await client.range({ prefix }, { limit, consistency, deadlineMs })).entries.length,
  async putAll(keys, value) {
    await client.transaction({ success: keys.map((key) => ({ type: 'put', key, value })) }, { deadlineMs });
  },
  async watchers(ranges, told) {
    const after = await client.revision({ deadlineMs });
    const subscriptions = ranges.map((range) =>
      client.watch(range, { after }).subscribe(({ changes }) => {
        for (const _change of changes) told();
      }),
    );
    return async () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    };
  },
});
