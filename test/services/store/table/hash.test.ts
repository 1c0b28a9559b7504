import { expect, test } from 'vitest';
import { seededRandomness } from '../../../../src/environment/random.ts';
import { drawHashKey, KeyedHash } from '../../../../src/services/store/table/hash.ts';

/** Of the authors' reference: key 00 to 07, the first bytes of 00, 01, ... as text, and the hash as little-endian bytes. */
const vectors = ['a9359f5b', '27475ab8', 'fa62a603', '8afee704', '2a6e4689', 'c5fab669', '5863fc23', '8bcf63c5'];

test('hashes are those of the authors', () => {
  const hash = new KeyedHash([0x03020100, 0x07060504]);
  const bytes = Uint8Array.from({ length: 8 }, (_, place) => place);
  const hex = vectors.map((_, length) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, hash.of(bytes, length), true);
    return [...new Uint8Array(view.buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  });
  expect(hex).toEqual(vectors);
});

test('tables of which each draws a key hash the same text differently', () => {
  const random = seededRandomness(1).stream('hash');
  const text = new TextEncoder().encode('key-1');
  const hashes = Array.from({ length: 20 }, () => new KeyedHash(drawHashKey(random)).of(text, text.length));
  expect(new Set(hashes).size).toBe(20);
});
