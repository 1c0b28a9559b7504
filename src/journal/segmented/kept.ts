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
    const { actor, replaces, sequence, writtenAs } = record;
    // A copy stands where its original stood, so it replaces nothing that came after that.
    if (replaces !== undefined && writtenAs === sequence) this.#kept.delete(actor);
    if (replaces === 'forget') return;
    const kept = this.#kept.get(actor);
    if (kept === undefined) this.#kept.set(actor, [{ record, segment, offset }]);
    else kept.push({ record, segment, offset });
  }

  /** The live records of each actor in their order, each as its youngest copy. */
  *live(): Generator<readonly [Address, readonly Kept[]]> {
    for (const [actor, kept] of this.#kept) {
      const bySequence = new Map<number, Kept>();
      let since = 0;
      for (const it of kept) {
        bySequence.set(it.record.sequence, it);
        if (it.record.replaces !== undefined) since = Math.max(since, it.record.sequence);
      }
      const records = [...bySequence.values()].filter((it) => it.record.sequence >= since);
      yield [actor, records.sort((a, b) => a.record.sequence - b.record.sequence)];
    }
  }
}
