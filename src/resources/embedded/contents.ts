/** The committed data of an embedded store, and about the bytes that it takes. */

import { applyWrites, growthOf, type StoreValue, sizeOf, type Write } from './records.ts';

export interface Contents {
  readonly data: ReadonlyMap<string, StoreValue>;
  readonly sizeBytes: number;
  /** How many more bytes the data would take. */
  growthBy(writes: readonly Write[]): number;
  apply(writes: readonly Write[]): void;
}

/** Takes over `data`, which recovery found. */
export function createContents(data: Map<string, StoreValue>): Contents {
  let sizeBytes = 0;
  for (const [key, value] of data) sizeBytes += sizeOf(key) + sizeOf(value);
  return {
    data,
    get sizeBytes() {
      return sizeBytes;
    },
    growthBy: (writes) => growthOf(data, writes),
    apply(writes) {
      sizeBytes += growthOf(data, writes);
      applyWrites(data, writes);
    },
  };
}
