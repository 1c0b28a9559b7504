/** The memory that searches may use together, so that a hard history ends in an honest answer and not in a crash. */

export interface MemoryBudget {
  readonly limitBytes: number;
  readonly usedBytes: number;
  /** The most that was used at a time. */
  readonly peakBytes: number;
  /** Takes `bytes` if they are left. @returns whether they were */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createMemoryBudget(limitBytes: number): MemoryBudget {
  let usedBytes = 0;
  let peakBytes = 0;
  return {
    limitBytes,
    get usedBytes() {
      return usedBytes;
    },
    get peakBytes() {
      return peakBytes;
    },
    take(bytes) {
      if (usedBytes + bytes > limitBytes) return false;
      usedBytes += bytes;
      if (usedBytes > peakBytes) peakBytes = usedBytes;
      return true;
    },
    give(bytes) {
      usedBytes -= bytes;
    },
  };
}
