/** Readers and writers of snapshots whose parts are in memory. */

import type { Clock } from '../../../../environment/clock.ts';
import type { SnapshotReader, SnapshotWriter } from '../replicated-log.ts';

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

/** Gathers parts; `onWhole` is told of all of them once they are. */
export function writerOf(clock: Clock, onWhole: (parts: readonly Uint8Array[]) => void): SnapshotWriter {
  const parts: Uint8Array[] = [];
  let isOver = false;
  return {
    write(part, onTaken) {
      parts.push(part);
      clock.enqueue(() => onTaken());
    },
    finish(onDone) {
      clock.enqueue(() => {
        if (isOver) return;
        isOver = true;
        onWhole(parts);
        onDone();
      });
    },
    abandon() {
      isOver = true;
    },
  };
}
