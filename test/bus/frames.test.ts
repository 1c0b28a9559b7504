import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrameDecoder, decodePayload, encodeFrame } from '../../src/bus/tcp/frames.ts';

/** Everything that a decoder makes of chunks. */
function decode(chunks: readonly Uint8Array[], limitBytes = 1_000_000): unknown[] {
  const payloads: unknown[] = [];
  const decoder = createFrameDecoder(limitBytes, (bytes, start, end) => {
    payloads.push(decodePayload(bytes, start, end));
    return true;
  });
  for (const chunk of chunks) decoder.push(chunk);
  expect(decoder.partialBytes).toBe(0);
  return payloads;
}

function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => Uint8Array.from(bytes.subarray(places[index], end)));
}

const payload = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.integer(),
    fc.double({ noNaN: true }).map((number) => number + 0),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 20, noNullPrototype: true },
    ),
  ),
})).value;

test('however a stream is cut into chunks, the same frames come out', () => {
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (payloads, cuts) => {
      const bytes = Uint8Array.from(Buffer.concat(payloads.map((it) => Uint8Array.from(encodeFrame(it)))));
      expect(decode(split(bytes, cuts))).toEqual(decode([bytes]));
      expect(decode([bytes])).toEqual(payloads);
    }),
  );
});

test('a stream that comes byte by byte gives the same frames', () => {
  const payloads = [1, 'two', { three: [3, 3, 3] }, 'x'.repeat(1_000), Uint8Array.of(1, 2, 3)];
  const bytes = Uint8Array.from(Buffer.concat(payloads.map((it) => Uint8Array.from(encodeFrame(it)))));
  expect(decode([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(payloads);
});

test('whatever bytes come, a decoder gives payloads or a named error', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 20 }), (bodies) => {
      for (const body of bodies) {
        const frame = new Uint8Array(4 + body.length);
        new DataView(frame.buffer).setUint32(0, body.length);
        frame.set(body, 4);
        try {
          decode([frame]);
        } catch (error) {
          expect(error).toMatchObject({ code: 'MALFORMED_FRAME' });
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('a frame never reads beyond its end into the next one', () => {
  const lying = Uint8Array.of(0, 0, 0, 2, 0xc4, 40, ...encodeFrame('a text of more than forty characters, so it is'));
  expect(() => decode([lying])).toThrow(expect.objectContaining({ code: 'MALFORMED_FRAME' }));
});

test('bytes are copied out of the chunk that they came in', () => {
  const chunk = Uint8Array.from(encodeFrame({ bytes: Uint8Array.of(1, 2, 3) }));
  const [first] = decode([chunk]);
  chunk.fill(0);
  expect(first).toEqual({ bytes: Uint8Array.of(1, 2, 3) });
});

test('a length beyond the limit is refused as soon as it is read, in whatever chunks', () => {
  const header = Uint8Array.of(0, 0, 0x10, 1);
  for (const chunks of [
    [header],
    [...header].map((byte) => Uint8Array.of(byte)),
    [Uint8Array.of(...header, 1, 2, 3)],
  ]) {
    const decoder = createFrameDecoder(4_096, () => true);
    expect(() => {
      for (const chunk of chunks) decoder.push(chunk);
      decoder.push(Uint8Array.of(0));
    }).toThrow(expect.objectContaining({ code: 'FRAME_TOO_LARGE' }));
  }
});

test('a length that is only announced costs no memory', () => {
  const decoder = createFrameDecoder(2 ** 31, () => true);
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 10; round += 1)
    decoder.push(Uint8Array.of(...(round === 0 ? [0x7f, 0xff, 0xff, 0xff] : []), 1));
  expect(decoder.partialBytes).toBe(14);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
});

test('a decoder that is told to stop leaves the rest alone', () => {
  const seen: unknown[] = [];
  const decoder = createFrameDecoder(1_000, (bytes, start, end) => {
    seen.push(decodePayload(bytes, start, end));
    return false;
  });
  decoder.push(Uint8Array.from(Buffer.concat([encodeFrame(1), encodeFrame(2)])));
  expect(seen).toEqual([1]);
});
