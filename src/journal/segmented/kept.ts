/** What recovery keeps while it reads: of each actor, the records that no later one has replaced so far. */

import type { Address } from '../../../statecharts/actor.ts';
import type { Written } from './live.ts';

/** A record that may turn out to be live, and where it was read. */
export interface Kept extends Written {
  readonly version: number;
  readonly payload: Uint8Array;
  readonly segment: number;
  readonly file: string;
  readonly offset: number;
}

export class KeptRecords {
  readonly #kept = new Map<Address, Kept[]>();

  /** Takes the next record of the journal, in the order in which they were written. */
  add(record: Kept): void {
    const { actor, replaces, sequence, writtenAs } = record;
    // A copy stands where its original stood, so it replaces nothing that came after that.
    if (replaces !== undefined && writtenAs === sequence) this.#kept.delete(actor);
    if (replaces === 'forget') return;
    const kept = this.#kept.get(actor);
    if (kept === undefined) this.#kept.set(actor, [record]);
    else kept.push(record);
  }

  /** The live records of each actor in their order, each as its youngest copy. */
  *live(): Generator<readonly [Address, readonly Kept[]]> {
    for (const [actor, kept] of this.#kept) {
      const bySequence = new Map<number, Kept>();
      let since = 0;
      for (const record of kept) {
        bySequence.set(record.sequence, record);
        if (record.replaces !== undefined) since = Math.max(since, record.sequence);
      }
      const records = [...bySequence.values()].filter((it) => it.sequence >= since);
      yield [actor, records.sort((a, b) => a.sequence - b.sequence)];
    }
  }
}
