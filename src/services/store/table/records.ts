/**
 * The form of a record in its slab: what a key was set to, or that it was deleted, by one command.
 *
 * ```
 * next      8  the address of the next record of its chain in the index, 0 at the end; of an older record of its key, which
 *              is in no chain, that of the one that came after it
 * previous  8  the address of the record that its key had before, while the table can tell of it; 0 for none
 * version   8  the revision of the command
 * hash      4  of the key
 * gone      4  the number of the first view that has it no more; 0 while it is there
 * lengths   8  of key and value, 4 each; the latter is `deletedLength` for a deletion
 * place     4  of the key in the order of all
 * older     4  1 once its key has another record
 * key          UTF-8
 * value        and up to 7 bytes, so that the next one begins at a multiple of 8
 * ```
 *
 * Key, value, version and hash never change.
 */

import type { RecordAddress, Slab } from './slabs.ts';

const previousAt = 8;
const versionAt = 16;
const hashAt = 24;
const goneAt = 28;
const keyLengthAt = 32;
const valueLengthAt = 36;
const placeAt = 40;
const olderAt = 44;
const headerBytes = 48;
const deletedLength = 0xffff_ffff;

/** What a record takes. */
export const recordBytes = (keyLength: number, valueLength: number): number =>
  (headerBytes + keyLength + valueLength + 7) & ~7;

export const nextOf = ({ fields }: Slab, at: number): RecordAddress => fields.getFloat64(at, true);
export const previousOf = ({ fields }: Slab, at: number): RecordAddress => fields.getFloat64(at + previousAt, true);
export const versionOf = ({ fields }: Slab, at: number): number => fields.getFloat64(at + versionAt, true);
export const hashOf = ({ fields }: Slab, at: number): number => fields.getUint32(at + hashAt, true);
export const goneOf = ({ fields }: Slab, at: number): number => fields.getUint32(at + goneAt, true);
export const keyLengthOf = ({ fields }: Slab, at: number): number => fields.getUint32(at + keyLengthAt, true);
export const placeOf = ({ fields }: Slab, at: number): number => fields.getUint32(at + placeAt, true);
export const isOlder = ({ fields }: Slab, at: number): boolean => fields.getUint32(at + olderAt, true) === 1;
export const isDeletion = ({ fields }: Slab, at: number): boolean =>
  fields.getUint32(at + valueLengthAt, true) === deletedLength;
/** 0 for a deletion. */
export function valueLengthOf({ fields }: Slab, at: number): number {
  const length = fields.getUint32(at + valueLengthAt, true);
  return length === deletedLength ? 0 : length;
}
export const sizeOf = (slab: Slab, at: number): number => recordBytes(keyLengthOf(slab, at), valueLengthOf(slab, at));

export const setNext = ({ fields }: Slab, at: number, next: RecordAddress): void => fields.setFloat64(at, next, true);
export const setPrevious = ({ fields }: Slab, at: number, previous: RecordAddress): void =>
  fields.setFloat64(at + previousAt, previous, true);
export const setGone = ({ fields }: Slab, at: number, view: number): void => fields.setUint32(at + goneAt, view, true);
export const setPlace = ({ fields }: Slab, at: number, place: number): void =>
  fields.setUint32(at + placeAt, place, true);

/** The record is in no chain any more: `next` came after it. */
export function setOlder(slab: Slab, at: number, next: RecordAddress): void {
  slab.fields.setUint32(at + olderAt, 1, true);
  setNext(slab, at, next);
}

/** Where the key of a record begins; its value stands behind it. */
export const keyAtOf = (at: number): number => at + headerBytes;
/** The bytes of the key and of the value, as they stand in the slab. */
export const keyIn = (slab: Slab, at: number): Uint8Array =>
  slab.bytes.subarray(at + headerBytes, at + headerBytes + keyLengthOf(slab, at));
export function valueIn(slab: Slab, at: number): Uint8Array {
  const from = at + headerBytes + keyLengthOf(slab, at);
  return slab.bytes.subarray(from, from + valueLengthOf(slab, at));
}

/** Where key and value begin, one behind the other, and how long they are together. */
export const contentOffsetOf = (at: number): number => at + headerBytes;
export const contentLengthOf = (slab: Slab, at: number): number => keyLengthOf(slab, at) + valueLengthOf(slab, at);

/** How the key of a record stands to other bytes in their order: below 0 where it comes first, 0 where it is the same. */
export function compareKey(slab: Slab, at: number, bytes: Uint8Array, from: number, length: number): number {
  const [own, ownLength] = [at + headerBytes, keyLengthOf(slab, at)];
  const shared = Math.min(ownLength, length);
  for (let place = 0; place < shared; place += 1) {
    const difference = (slab.bytes[own + place] ?? 0) - (bytes[from + place] ?? 0);
    if (difference !== 0) return difference;
  }
  return ownLength - length;
}

/** How the keys of two records stand to each other. */
export const compareKeys = (slab: Slab, at: number, other: Slab, otherAt: number): number =>
  compareKey(slab, at, other.bytes, otherAt + headerBytes, keyLengthOf(other, otherAt));

/** Text as bytes, with its hash; one of each table, used for one key after the other. */
export interface KeyBytes {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly hash: number;
}

/** Whether the record has this key. */
export function hasKey(slab: Slab, at: number, { bytes, length, hash }: KeyBytes): boolean {
  if (hashOf(slab, at) !== hash || keyLengthOf(slab, at) !== length) return false;
  const from = at + headerBytes;
  for (let place = 0; place < length; place += 1) if (slab.bytes[from + place] !== bytes[place]) return false;
  return true;
}

/** Writes a record that is in no chain and has none before it. @param value undefined for a deletion */
export function writeRecord(
  slab: Slab,
  at: number,
  key: KeyBytes,
  version: number,
  value: Uint8Array | undefined,
): void {
  const { fields, bytes } = slab;
  fields.setFloat64(at, 0, true);
  fields.setFloat64(at + previousAt, 0, true);
  fields.setFloat64(at + versionAt, version, true);
  fields.setUint32(at + hashAt, key.hash, true);
  fields.setUint32(at + goneAt, 0, true);
  fields.setUint32(at + keyLengthAt, key.length, true);
  fields.setUint32(at + valueLengthAt, value?.length ?? deletedLength, true);
  fields.setUint32(at + placeAt, 0, true);
  fields.setUint32(at + olderAt, 0, true);
  bytes.set(key.bytes.subarray(0, key.length), at + headerBytes);
  if (value !== undefined) bytes.set(value, at + headerBytes + key.length);
}
