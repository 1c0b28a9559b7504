/**
 * Keys of any bytes, carried by keys of text: each byte is the code point of its number, which is what the Infra Standard (WHATWG,
 * §4.5) calls isomorphic decoding. So it is ASCII as it stands, different bytes are different keys, and the order, the prefixes and
 * the ranges of the keys are those of the bytes. The log, snapshots and earlier releases see text.
 */

import { KeyLimitError } from '../errors.ts';
import { keyLimitBytes } from './commands.ts';

const lastOfAscii = 0x7f;
const lastOfBytes = 0xff;

/**
 * The key that carries bytes: for each method that takes a key, and for how keys begin.
 *
 * @throws KeyLimitError for more than `keyLimitBytes`, where those from 0x80 on count as two
 *
 * @example
 * await store.put(keyOfBytes(digest), value);
 * for await (const { key } of store.entries({ prefix: keyOfBytes(digest.subarray(0, 2)) })) console.log(bytesOfKey(key));
 */
export function keyOfBytes(bytes: Uint8Array): string {
  let [key, sizeBytes] = ['', bytes.length];
  if (sizeBytes <= keyLimitBytes) {
    for (const byte of bytes) {
      key += String.fromCharCode(byte);
      if (byte > lastOfAscii) sizeBytes += 1;
    }
  }
  if (sizeBytes <= keyLimitBytes) return key;
  throw new KeyLimitError(
    `expected a key of at most ${keyLimitBytes} bytes, where those from 0x80 on count as two, got ${sizeBytes}; shorten it`,
  );
}

/** Whether some bytes are carried by `key`. */
export const carriesBytes = (key: string): boolean => {
  for (let place = 0; place < key.length; place += 1) if (key.charCodeAt(place) > lastOfBytes) return false;
  return true;
};

/** The bytes that a key carries. @throws KeyLimitError for one that was written as text, of characters beyond U+00FF */
export function bytesOfKey(key: string): Uint8Array {
  if (carriesBytes(key)) return Uint8Array.from(key, (character) => character.charCodeAt(0));
  throw new KeyLimitError(
    `expected a key that carries bytes, got text, '${key.slice(0, 100)}'; read it as text, or keep such keys under another prefix`,
  );
}
