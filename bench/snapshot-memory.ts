/** How much memory a process takes while it writes a snapshot, against what it took just before. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const everyMs = 250;
/** A file that has not grown for so long is whole: a writer rests for a second at most. */
const wholeAfterMs = 2_000;

export interface SnapshotMemory {
  /** How many snapshots were begun since the last time, and the most memory in one, as a multiple of that before it. */
  take(): { readonly begun: number; readonly growth: number };
}

/** Watches the snapshots below `directory` from now on. */
export function watchSnapshotMemory(directory: string): SnapshotMemory {
  const sizes = new Map<string, number>();
  let [beforeBytes, lastBytes] = [0, process.memoryUsage.rss()];
  let quietMs = wholeAfterMs;
  let [begun, growth] = [0, 0];
  const look = (): void => {
    const residentBytes = process.memoryUsage.rss();
    for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.snapshot')) continue;
      const size = statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
      const known = sizes.get(name);
      if (known === size) continue;
      sizes.set(name, size);
      if (known === undefined) {
        begun += 1;
        beforeBytes = lastBytes;
      }
      quietMs = 0;
    }
    if (quietMs < wholeAfterMs) growth = Math.max(growth, residentBytes / beforeBytes);
    quietMs += everyMs;
    lastBytes = residentBytes;
  };
  setInterval(look, everyMs).unref();
  return {
    take() {
      const taken = { begun, growth };
      [begun, growth] = [0, 0];
      return taken;
    },
  };
}
