/** What is durable of a journal in memory: the records of each actor that are in force, encoded. */

import type { Address } from '../../../statecharts/actor.ts';
import type { JournalEntry, RecoveredRecord } from '../journal.ts';
import { decodeRecord, encodeRecord } from '../records.ts';

/** A record as it is stored. */
export interface Stored {
  readonly actor: Address;
  readonly version: number;
  readonly bytes: Uint8Array;
  readonly replaces?: 'checkpoint' | 'forget';
  readonly mark?: number;
  readonly keepsAbove?: number;
}

export const write = ({ actor, version, record, replaces, mark, keepsAbove }: JournalEntry): Stored => ({
  actor,
  version,
  bytes: replaces === 'forget' ? new Uint8Array() : Uint8Array.from(encodeRecord(record)),
  ...(replaces !== undefined && { replaces }),
  ...(mark !== undefined && { mark }),
  ...(keepsAbove !== undefined && { keepsAbove }),
});

function read({ actor, version, bytes }: Stored): RecoveredRecord {
  const record = decodeRecord(bytes);
  if (record === undefined) throw new Error(`a record of ${actor} does not decode, although it was encoded`);
  return { version, record };
}

export class DurableRecords {
  readonly #records = new Map<Address, Stored[]>();
  #position = 0;

  /** How many were ever stored. */
  get position(): number {
    return this.#position;
  }

  get sizeBytes(): number {
    let sum = 0;
    for (const records of this.#records.values()) for (const record of records) sum += record.bytes.length;
    return sum;
  }

  /** Decodes all that are in force. */
  read(): Map<Address, readonly RecoveredRecord[]> {
    return new Map([...this.#records].map(([actor, records]) => [actor, records.map(read)]));
  }

  store(record: Stored): void {
    const { actor, replaces, keepsAbove } = record;
    const before = this.#records.get(actor) ?? [];
    const since = replaces === undefined ? 0 : keptSince(before, keepsAbove);
    const kept = since === 0 ? before : before.slice(since);
    if (replaces !== 'forget') kept.push(record);
    if (kept.length === 0) this.#records.delete(actor);
    else this.#records.set(actor, kept);
    this.#position += 1;
  }
}

/** Where the records begin that a checkpoint keeps. */
function keptSince(records: readonly Stored[], keepsAbove: number | undefined): number {
  const since =
    keepsAbove === undefined ? -1 : records.findIndex(({ mark }) => mark !== undefined && mark > keepsAbove);
  return since < 0 ? records.length : since;
}
