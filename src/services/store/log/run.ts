/**
 * A run of committed entries. A log that starts again tells all that it holds as one run, so a run is made an entry at a
 * time, as it is gone through: telling one takes no longer the more there are.
 */

import type { LogEntry, LogRun } from './replicated-log.ts';

/** The run that a protocol's own entries are to a store. */
export function runOf<Entry>(entries: readonly Entry[], entryOf: (entry: Entry) => LogEntry): LogRun {
  return {
    length: entries.length,
    at(place) {
      const entry = entries[place];
      return entry === undefined ? undefined : entryOf(entry);
    },
    *[Symbol.iterator]() {
      for (const entry of entries) yield entryOf(entry);
    },
  };
}
