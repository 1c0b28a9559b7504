/** Readers of snapshots whose parts are in memory. */

import type { Clock } from '../../../environment/clock.ts';
import type { SnapshotReader } from './replicated-log.ts';

/** Reads `parts` one after the other. */
export function readerOf(parts: Iterable<Uint8Array>, clock: Clock): SnapshotReader {
  const rest = parts[Symbol.iterator]();
  let isReleased = false;
  return {
    next(onPart) {
      clock.enqueue(() => {
        if (!isReleased) onPart(rest.next().value);
      });
    },
    release() {
      isReleased = true;
    },
  };
}
