/** A journal whose disk obeys the test: nothing is durable until `flush`, and with `fail` it fails. */

import { ReplaySubject } from 'rxjs';
import {
  type Journal,
  type JournalEntry,
  journalLimits,
  type OnDurable,
  type RecoveredRecord,
} from '../../src/journal/journal.ts';
import { createMemoryDisk } from '../../src/journal/memory-disk.ts';
import { crc32 } from '../../src/journal/segmented/checksum.ts';
import { openSnapshotRoom } from '../../src/journal/snapshots/files.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { Address } from '../../statecharts/actor.ts';

export interface ManualJournal extends Journal {
  /** Atomic writes that are not durable yet. */
  readonly waiting: readonly (readonly JournalEntry[])[];
  /** Makes the oldest `writes` durable; all by default. */
  flush(writes?: number): void;
  /** The disk fails, whatever waits for it. */
  fail(error: Error): void;
  /** What a restart finds. */
  readonly durable: ReadonlyMap<Address, readonly RecoveredRecord[]>;
}

export function createManualJournal(
  node: string,
  durable: ReadonlyMap<Address, readonly RecoveredRecord[]> = new Map(),
): ManualJournal {
  const records = new Map(durable);
  const untaken = new Map(durable);
  const waiting: { entries: readonly JournalEntry[]; onDurable: OnDurable }[] = [];
  const keep = ({ actor, version, record, replaces }: JournalEntry): void => {
    const earlier = replaces === undefined ? (records.get(actor) ?? []) : [];
    if (replaces === 'forget') records.delete(actor);
    else records.set(actor, [...earlier, { version, record }]);
  };
  const failures = new ReplaySubject<Error>(1);
  const clock = createVirtualClock();
  return {
    id: `journal-of-${node}`,
    node,
    isNew: durable.size === 0,
    notices: [],
    snapshots: openSnapshotRoom({ disk: createMemoryDisk(clock, new Map()), clock, crc32 }),
    limits: journalLimits(),
    unflushedSinceMs: undefined,
    failure: undefined,
    failures,
    sizeBytes: 0,
    position: 0,
    actors: () => [...untaken.keys()].sort(),
    take(actor) {
      const taken = untaken.get(actor) ?? [];
      untaken.delete(actor);
      return taken;
    },
    append: (entries, onDurable) => void waiting.push({ entries, onDurable }),
    get unflushedBytes() {
      return waiting.length;
    },
    close: async () => failures.complete(),
    get waiting() {
      return waiting.map(({ entries }) => entries);
    },
    flush(writes = waiting.length) {
      for (const { entries, onDurable } of waiting.splice(0, writes)) {
        for (const entry of entries) keep(entry);
        onDurable();
      }
    },
    fail(error) {
      failures.next(error);
      for (const { onDurable } of waiting.splice(0)) onDurable(error);
    },
    durable: records,
  };
}
