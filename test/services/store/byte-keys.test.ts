/** Keys of any bytes: as a function, and over a cluster. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyLimitError } from '../../../src/services/store/errors.ts';
import { bytesOfKey, carriesBytes, keyOfBytes } from '../../../src/services/store/key-value/byte-keys.ts';
import { keyLimitBytes, problemOfKey } from '../../../src/services/store/key-value/commands.ts';
import { createCluster } from './cluster.ts';

const bytes = fc.uint8Array({ minLength: 1, maxLength: 24 });
/** Few different bytes, so that one is often how another one begins. */
const alike = fc
  .array(fc.constantFrom(0x00, 0x7f, 0x80, 0xff), { minLength: 1, maxLength: 4 })
  .map((it) => Uint8Array.from(it));
const utf8 = new TextEncoder();
const order = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);

describe('a key that carries bytes', () => {
  test('gives them back, is a key of the store, and is ASCII as it stands', () => {
    fc.assert(
      fc.property(bytes, (it) => {
        const key = keyOfBytes(it);
        expect(bytesOfKey(key)).toEqual(it);
        expect(problemOfKey(key)).toBeUndefined();
        if (it.every((byte) => byte < 0x80)) expect(utf8.encode(key)).toEqual(it);
      }),
    );
  });

  test('stands to others in the store as the bytes do, in their order and in how they begin', () => {
    const either = fc.oneof(bytes, alike);
    fc.assert(
      fc.property(either, either, (a, b) => {
        const [one, other] = [keyOfBytes(a), keyOfBytes(b)];
        expect(Math.sign(order(utf8.encode(one), utf8.encode(other)))).toBe(Math.sign(order(a, b)));
        const begins = order(b.subarray(0, a.length), a) === 0;
        expect(order(utf8.encode(other).subarray(0, utf8.encode(one).length), utf8.encode(one)) === 0).toBe(begins);
      }),
      { numRuns: 500 },
    );
  });

  test('has a limit in bytes, where those beyond ASCII count twice', () => {
    expect(problemOfKey(keyOfBytes(new Uint8Array(keyLimitBytes)))).toBeUndefined();
    expect(problemOfKey(keyOfBytes(new Uint8Array(keyLimitBytes / 2).fill(0xff)))).toBeUndefined();
    for (const it of [new Uint8Array(keyLimitBytes + 1), new Uint8Array(keyLimitBytes / 2 + 1).fill(0x80)]) {
      expect(() => keyOfBytes(it)).toThrow(KeyLimitError);
    }
    expect(() => keyOfBytes(new Uint8Array(50_000_000))).toThrow('got 50000000');
  });

  test('is told apart from text beyond it', () => {
    expect(carriesBytes('a\u00ff')).toBe(true);
    for (const text of ['a\u0100', '日本', '🙂']) {
      expect(carriesBytes(text)).toBe(false);
      expect(() => bytesOfKey(text)).toThrow(KeyLimitError);
    }
  });
});

test('keys of any bytes are found in the order of the bytes, by ranges, and watched', async () => {
  const cluster = createCluster();
  cluster.elect();
  const client = cluster.client();
  const all = [[0x00], [0x61], [0x61, 0x00], [0x61, 0xff], [0x80], [0xc3, 0xa9], [0xff], [0xff, 0xff]].map((it) =>
    Uint8Array.from(it),
  );
  const seen: Uint8Array[] = [];
  const revision = await cluster.value(client.revision());
  const watching = client
    .watch({ prefix: keyOfBytes(Uint8Array.of(0xff)) }, { after: revision })
    .subscribe(({ changes }) => seen.push(...changes.map(({ key }) => bytesOfKey(key))));
  for (const it of [...all].reverse()) await cluster.value(client.put(keyOfBytes(it), it));
  const found = async (selection: Parameters<typeof client.range>[0]): Promise<readonly Uint8Array[]> =>
    (await cluster.value(client.range(selection))).entries.map(({ key }) => bytesOfKey(key));
  expect(await found({})).toEqual(all);
  expect(await found({ prefix: keyOfBytes(Uint8Array.of(0x61)) })).toEqual(all.slice(1, 4));
  const [from, to] = [Uint8Array.of(0x61, 0x01), Uint8Array.of(0xff)].map(keyOfBytes);
  expect(await found({ from: from ?? '', to: to ?? '' })).toEqual(all.slice(3, 6));
  for (const it of all) expect((await cluster.value(client.get(keyOfBytes(it))))?.value).toEqual(it);
  await cluster.until(() => seen.length === 2);
  expect(seen).toEqual([Uint8Array.of(0xff, 0xff), Uint8Array.of(0xff)]);
  watching.unsubscribe();
});
