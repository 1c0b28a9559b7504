/**
 * The entries of a page as one run of bytes: a page of 100 entries is otherwise some hundred objects, each of which is made,
 * written, read, checked and copied by itself. For each entry stand, one behind the other:
 *
 * ```
 * version  8  a float, as all numbers least significant byte first
 * lengths  8  of key and value, 4 each; the latter is `noValue` where values are not told
 * key         UTF-8
 * value
 * ```
 */

import { type ScannedKey, textOf } from '../table/contract.ts';
import type { Entry } from './questions.ts';

const keyLengthAt = 8;
const valueLengthAt = 12;
const headBytes = 16;
const noValue = 0xffff_ffff;
const firstBytes = 4_096;

/** Entries in the making; one for each state, whose memory serves one page after the other. */
export class PackedEntries {
  #bytes = new Uint8Array();
  #fields = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Adds a key that has a value, with it or without. */
  add({ bytes, keyAt, keyLength, valueLength = 0, version }: ScannedKey, withValue: boolean): void {
    const at = this.#length;
    const copied = keyLength + (withValue ? valueLength : 0);
    this.#makeRoom(headBytes + copied);
    this.#length += headBytes + copied;
    this.#fields.setFloat64(at, version, true);
    this.#fields.setUint32(at + keyLengthAt, keyLength, true);
    this.#fields.setUint32(at + valueLengthAt, withValue ? valueLength : noValue, true);
    this.#bytes.set(bytes.subarray(keyAt, keyAt + copied), at + headBytes);
  }

  /** All that were added since the last time. */
  take(): Uint8Array {
    const length = this.#length;
    this.#length = 0;
    return this.#bytes.slice(0, length);
  }

  #makeRoom(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(firstBytes, needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#fields = new DataView(grown.buffer);
  }
}

/**
 * The entries, whose values are views of `bytes`: to make memory for each of them takes longer than all else.
 *
 * @throws RangeError for bytes that are none
 */
export function unpackedEntries({ buffer, byteOffset, byteLength }: Uint8Array): readonly Entry[] {
  const fields = new DataView(buffer, byteOffset, byteLength);
  // What comes off a wire is a `Buffer`, which is none of what callers expect of a value.
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const entries: Entry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const version = fields.getFloat64(at, true);
    const keyAt = at + headBytes;
    const valueAt = keyAt + fields.getUint32(at + keyLengthAt, true);
    const valueLength = fields.getUint32(at + valueLengthAt, true);
    at = valueAt + (valueLength === noValue ? 0 : valueLength);
    if (at > bytes.length || !Number.isSafeInteger(version) || version < 0) {
      throw new RangeError(`expected packed entries, got ${bytes.length} bytes that are none`);
    }
    const key = textOf(bytes.subarray(keyAt, valueAt));
    entries.push(valueLength === noValue ? { key, version } : { key, version, value: bytes.subarray(valueAt, at) });
  }
  return entries;
}
