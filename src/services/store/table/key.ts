/** Keys of a table as bytes with their hash, in memory that is used for one after the other. */

import type { KeyedHash } from './hash.ts';
import type { KeyBytes } from './records.ts';

const utf8 = new TextEncoder();
const lastAscii = 0x7f;
/** A code unit of UTF-16 takes at most so many bytes in UTF-8. */
const bytesPerUnit = 3;

export class EncodedKey implements KeyBytes {
  readonly #hash: KeyedHash;
  #bytes = new Uint8Array(1_024);
  #length = 0;
  #hashed = 0;

  constructor(hash: KeyedHash) {
    this.#hash = hash;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  get hash(): number {
    return this.#hashed;
  }

  /** Becomes `key`. */
  set(key: string): void {
    if (key.length * bytesPerUnit > this.#bytes.length) this.#bytes = new Uint8Array(key.length * bytesPerUnit);
    this.#length = this.#setAscii(key) ? key.length : utf8.encodeInto(key, this.#bytes).written;
    this.#hashed = this.#hash.of(this.#bytes, this.#length);
  }

  /** Most keys are short and have nothing but ASCII, which takes less time than the call of an encoder. */
  #setAscii(key: string): boolean {
    const bytes = this.#bytes;
    for (let place = 0; place < key.length; place += 1) {
      const unit = key.charCodeAt(place);
      if (unit > lastAscii) return false;
      bytes[place] = unit;
    }
    return true;
  }
}
