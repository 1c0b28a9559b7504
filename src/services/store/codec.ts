/**
 * Bytes of what the log and snapshots hold. The configuration is part of their format: plain MessagePack, without
 * msgpackr's own extension for records, so that each byte string reads by itself.
 */

import { Packr } from 'msgpackr';
import { UnreadableStateError } from './errors.ts';

const packr = new Packr({ useRecords: false, mapsAsObjects: true });

/** Encodes plain data. */
export const encode = (value: unknown): Uint8Array => packr.pack(value);

/**
 * Decodes one value, which must fill `bytes`. Byte strings in it are views of `bytes`.
 *
 * @throws UnreadableStateError
 */
export function decode(bytes: Uint8Array): unknown {
  try {
    const value: unknown = packr.unpack(bytes);
    return value;
  } catch (cause) {
    throw new UnreadableStateError(`expected MessagePack data, got ${bytes.length} bytes that are none`, { cause });
  }
}

/** Whether `value` is an integer of 0 or more. */
export const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** A copy that shares no memory with `bytes`, so that a small part does not keep a large buffer alive. */
export const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

/** About how many bytes `value` takes on a wire; exact for what is large. */
export function approximateBytes(value: unknown): number {
  if (value instanceof Uint8Array) return value.length + 5;
  if (typeof value === 'string') return value.length + 5;
  if (typeof value !== 'object' || value === null) return 9;
  let size = 5;
  if (Array.isArray(value)) {
    for (const item of value) size += approximateBytes(item);
  } else {
    for (const [key, item] of Object.entries(value)) size += key.length + 1 + approximateBytes(item);
  }
  return size;
}
