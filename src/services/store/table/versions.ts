/** Records read as versions of their keys, each linked to the one before it. */

import type { Change, ScannedKey, Stored } from './contract.ts';
import { isDeletion, keyAtOf, keyIn, keyLengthOf, previousOf, valueIn, valueLengthOf, versionOf } from './records.ts';
import type { RecordAddress, Slab, Slabs } from './slabs.ts';

/** The slab of a record, and where it begins there. */
export const placeOf = (slabs: Slabs, address: RecordAddress): readonly [Slab, number] => [
  slabs.of(address),
  slabs.offsetOf(address),
];

/** What the record at `address` says; undefined for none, and for a deletion. */
export function storedAt(slabs: Slabs, address: RecordAddress): Stored | undefined {
  if (address === 0) return undefined;
  const [slab, at] = placeOf(slabs, address);
  return isDeletion(slab, at) ? undefined : { value: valueIn(slab, at), version: versionOf(slab, at) };
}

/** The last record that is not after `revision`, from the one at `address` backwards; 0 for none. */
export function asOf(slabs: Slabs, address: RecordAddress, revision: number): RecordAddress {
  let found = address;
  while (found !== 0) {
    const [slab, at] = placeOf(slabs, found);
    if (versionOf(slab, at) <= revision) break;
    found = previousOf(slab, at);
  }
  return found;
}

/** The first record of a key, from the one at `address` backwards. */
export function firstOf(slabs: Slabs, address: RecordAddress): RecordAddress {
  let found = address;
  for (let previous = address; previous !== 0; previous = previousOf(...placeOf(slabs, previous))) found = previous;
  return found;
}

/** The record at `address`, of one key, as of `revision`. */
export function scannedAt(slabs: Slabs, address: RecordAddress, revision: number): ScannedKey {
  const found = asOf(slabs, address, revision);
  const [slab, at] = placeOf(slabs, found === 0 ? address : found);
  return {
    bytes: slab.bytes,
    keyAt: keyAtOf(at),
    keyLength: keyLengthOf(slab, at),
    valueLength: found === 0 || isDeletion(slab, at) ? undefined : valueLengthOf(slab, at),
    version: versionOf(slab, at),
  };
}

/** The record at `address` as a change. */
export function changeAt(slabs: Slabs, address: RecordAddress): Change {
  const [slab, at] = placeOf(slabs, address);
  return {
    key: keyIn(slab, at),
    revision: versionOf(slab, at),
    value: storedAt(slabs, address)?.value,
    previousVersion: storedAt(slabs, previousOf(slab, at))?.version,
  };
}
