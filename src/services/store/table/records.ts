/**
 * The form of a record in its slab:
 *
 * ```
 * next      8  the address of the next record of its chain in the index; 0 at the end
 * version   8
 * hash      4  of the key
 * gone      4  the number of the first view that has it no more; 0 while it is there
 * lengths   8  of key and value, 4 each
 * key          UTF-8
 * value        and up to 7 bytes, so that the next one begins at a multiple of 8
 * ```
 *
 * Key, value, version and hash never change.
 */

import type { Slab } from './slabs.ts';

const versionAt = 8;
const hashAt = 16;
const goneAt = 20;
const keyLengthAt = 24;
const valueLengthAt = 28;
const headerBytes = 32;

/** What a record takes. */
export const recordBytes = (keyLength: number, valueLength: number): number =>
  (headerBytes + keyLength + valueLength + 7) & ~7;

export const nextOf = ({ fields }: Slab, at: number): number => fields.getFloat64(at, true);
export const versionOf = ({ fields }: Slab, at: number): number => fields.getFloat64(at + versionAt, true);
export const hashOf = ({ fields }: Slab, at: number): number => fields.getUint32(at + hashAt, true);
export const goneOf = ({ fields }: Slab, at: number): number => fields.getUint32(at + goneAt, true);
export const keyLengthOf = ({ fields }: Slab, at: number): number => fields.getUint32(at + keyLengthAt, true);
export const valueLengthOf = ({ fields }: Slab, at: number): number => fields.getUint32(at + valueLengthAt, true);
export const sizeOf = (slab: Slab, at: number): number => recordBytes(keyLengthOf(slab, at), valueLengthOf(slab, at));

export const setNext = ({ fields }: Slab, at: number, next: number): void => fields.setFloat64(at, next, true);
export const setGone = ({ fields }: Slab, at: number, view: number): void => fields.setUint32(at + goneAt, view, true);

/** The bytes of the key and of the value, as they stand in the slab. */
export const keyIn = (slab: Slab, at: number): Uint8Array =>
  slab.bytes.subarray(at + headerBytes, at + headerBytes + keyLengthOf(slab, at));
export function valueIn(slab: Slab, at: number): Uint8Array {
  const from = at + headerBytes + keyLengthOf(slab, at);
  return slab.bytes.subarray(from, from + valueLengthOf(slab, at));
}

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

/** Writes a record that is there, and in no chain. */
export function writeRecord(slab: Slab, at: number, key: KeyBytes, version: number, value: Uint8Array): void {
  const { fields, bytes } = slab;
  fields.setFloat64(at, 0, true);
  fields.setFloat64(at + versionAt, version, true);
  fields.setUint32(at + hashAt, key.hash, true);
  fields.setUint32(at + goneAt, 0, true);
  fields.setUint32(at + keyLengthAt, key.length, true);
  fields.setUint32(at + valueLengthAt, value.length, true);
  bytes.set(key.bytes.subarray(0, key.length), at + headerBytes);
  bytes.set(value, at + headerBytes + key.length);
}
