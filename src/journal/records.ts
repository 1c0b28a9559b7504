/** Records as bytes: MessagePack in which every record stands alone, so that it can be copied and read by itself. */

import { Packr, RESET_BUFFER_MODE } from 'msgpackr';
import { NotPlainDataError, type Tagged } from '../../statecharts/actor.ts';

const packr = new Packr({ useRecords: false, copyBuffers: true });

/**
 * The bytes of a record. They are overwritten by the next call: copy them at once.
 *
 * @throws NotPlainDataError when the record cannot be encoded
 */
export function encodeRecord(record: Tagged): Uint8Array {
  try {
    return packr.pack(record, RESET_BUFFER_MODE);
  } catch (error) {
    throw new NotPlainDataError(`expected a record of plain data, got '${record.type}', which cannot be encoded`, {
      cause: error,
    });
  }
}

/**
 * The record in `bytes`, which share no memory with it. Bytes within it are `Uint8Array`.
 *
 * @param bytes not a Node.js `Buffer`, or the record's bytes would become buffers too
 * @returns undefined when `bytes` are not those of a record
 */
export function decodeRecord(bytes: Uint8Array): Tagged | undefined {
  try {
    const value: unknown = packr.unpack(bytes);
    return isTagged(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isTagged = (value: unknown): value is Tagged =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
