/** The parts in which a view of a table is told. */

import type { KeptRecord } from './changes.ts';
import { type KeptChange, type TableEntry, type TablePart, textOf } from './contract.ts';
import type { SlabPlace } from './memory.ts';
import { isDeletion, keyIn, sizeOf, valueIn, versionOf } from './records.ts';
import type { Slabs } from './slabs.ts';
import { changeAt, placeOf } from './versions.ts';

/** The next changes; undefined when all were told. */
export function changesIn(
  slabs: Slabs,
  kept: Iterator<KeptRecord, undefined>,
  limitBytes: number,
): TablePart | undefined {
  const changes: KeptChange[] = [];
  for (let bytes = 0; bytes < limitBytes; ) {
    const next = kept.next();
    if (next.done === true) break;
    const { address, sizeBytes } = next.value;
    const { key, revision, value } = changeAt(slabs, address);
    changes.push({ key: textOf(key), revision, value, sizeBytes });
    bytes += sizeOf(...placeOf(slabs, address));
  }
  return changes.length === 0 ? undefined : { type: 'changes', changes };
}

/** What of some records is an entry of the state as of `floor`; undefined where there are no more records. */
export function entriesIn(places: readonly SlabPlace[] | undefined, floor: number): TablePart | undefined {
  if (places === undefined) return undefined;
  const entries: TableEntry[] = [];
  for (const [slab, at] of places) {
    if (versionOf(slab, at) > floor || isDeletion(slab, at)) continue;
    entries.push({ key: textOf(keyIn(slab, at)), version: versionOf(slab, at), value: valueIn(slab, at) });
  }
  return { type: 'entries', entries };
}
