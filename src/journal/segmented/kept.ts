/** What recovery keeps while it reads: of each actor, the records that no later one has replaced so far. */

import type { Address } from '../../../statecharts/actor.ts';
import type { FramedRecord } from './frames.ts';

/** A record that may turn out to be live, and where it was read. Its payload is still in the memory of its segment. */
export interface Kept {
  readonly record: FramedRecord;
  readonly segment: number;
  readonly offset: number;
}

export class KeptRecords {
  readonly #kept = new Map<Address, Kept[]>();

  /** Takes the next record of the journal, in the order in which they were written. */
  add(record: FramedRecord, segment: number, offset: number): void {
    const { actor, replaces, keepsAbove, sequence, writtenAs } = record;
    // A copy stands where its original stood, so it replaces nothing that came after that. What a checkpoint keeps is
    // known only when all copies were read.
    if (replaces !== undefined && keepsAbove === undefined && writtenAs === sequence) this.#kept.delete(actor);
    if (replaces === 'forget') return;
    const kept = this.#kept.get(actor);
    if (kept === undefined) this.#kept.set(actor, [{ record, segment, offset }]);
    else kept.push({ record, segment, offset });
  }

  /** The live records of each actor in their order, each as its youngest copy. */
  *live(): Generator<readonly [Address, readonly Kept[]]> {
    for (const [actor, kept] of this.#kept) {
      const bySequence = new Map(kept.map((it) => [it.record.sequence, it]));
      const ordered = [...bySequence.values()].sort((a, b) => a.record.sequence - b.record.sequence);
      let records: Kept[] = [];
      for (const it of ordered) {
        if (it.record.replaces !== undefined) records = records.slice(keptSince(records, it.record.keepsAbove));
        records.push(it);
      }
      yield [actor, records];
    }
  }
}

/** Where the records begin that a checkpoint keeps. */
function keptSince(records: readonly Kept[], keepsAbove: number | undefined): number {
  const since =
    keepsAbove === undefined
      ? -1
      : records.findIndex(({ record: { mark } }) => mark !== undefined && mark > keepsAbove);
  return since < 0 ? records.length : since;
}
