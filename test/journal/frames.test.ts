import { expect, test } from 'vitest';
import { crc32 } from '../../src/journal/segmented/checksum.ts';
import { FrameWriter, findFrame, recordsOf } from '../../src/journal/segmented/frames.ts';
import { a } from './conformance.ts';

const blank = { version: 1, replaces: undefined, mark: undefined, keepsAbove: undefined } as const;

test('a frame keeps numbers beyond 2 to the 32nd', () => {
  const large = 2 ** 40 + 5;
  const writer = new FrameWriter(256);
  writer.add({ ...blank, actor: a, mark: large + 1, keepsAbove: large + 2, payload: new Uint8Array([7]) }, large + 3);
  const placing = { kind: 'records', offset: 0, salt: 1, firstSequence: large, oldestSegment: 1 } as const;
  const bytes = writer.finish(placing, crc32);
  const frame = findFrame(bytes, 0, 1, crc32);
  expect(frame).toMatchObject({ firstSequence: large, isWhole: true, hasTrailer: true });
  expect(frame && recordsOf(bytes, 0, frame)).toMatchObject([
    { writtenAs: large, sequence: large + 3, mark: large + 1, keepsAbove: large + 2 },
  ]);
});
