import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { crc32 } from '../../src/journal/segmented/checksum.ts';
import { FrameWriter } from '../../src/journal/segmented/frames.ts';
import { LiveRecords, type Written } from '../../src/journal/segmented/live.ts';
import { checkOptions } from '../../src/journal/segmented/options.ts';
import { SegmentCopier } from '../../src/journal/segmented/reclaimer.ts';
import { saltOf, segmentHeaderBytes } from '../../src/journal/segmented/segments.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { a, b } from './conformance.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const record = (sequence: number, more: Partial<Written> = {}): Written => ({
  actor: a,
  sequence,
  writtenAs: sequence,
  sizeBytes: 10,
  replaces: undefined,
  mark: undefined,
  keepsAbove: undefined,
  ...more,
});

/** Something of another actor, so that what was dropped is counted off. */
function settle(live: LiveRecords): void {
  for (let sequence = 1_000_000; !live.isSettled; sequence += 1) {
    live.add(record(sequence, { actor: b, sizeBytes: 0, replaces: 'checkpoint' }), 0);
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('add' as const), mark: fc.option(fc.nat(9)) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('checkpoint' as const), keepsAbove: fc.option(fc.nat(9)) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('move' as const), which: fc.nat() }) },
);

test('bytes and copies are those of the records that no checkpoint has replaced', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const live = new LiveRecords();
      let model: { readonly record: Written; readonly segment: number }[] = [];
      let sequence = 0;
      const dead: Written[] = [];
      steps.forEach((it, place) => {
        const segment = Math.floor(place / 8);
        sequence += 1;
        if (it.type === 'move') {
          const at = it.which % Math.max(1, model.length);
          const moved = model[at];
          if (moved === undefined) return;
          const copy = { ...moved.record, writtenAs: sequence };
          live.move(copy, moved.segment, segment);
          dead.push(moved.record);
          model[at] = { record: copy, segment };
          return;
        }
        const mark = it.type === 'add' ? (it.mark ?? undefined) : undefined;
        const keepsAbove = it.type === 'checkpoint' ? (it.keepsAbove ?? undefined) : undefined;
        const added = record(sequence, {
          mark,
          keepsAbove,
          sizeBytes: sequence,
          replaces: it.type === 'checkpoint' ? 'checkpoint' : undefined,
        });
        if (it.type === 'checkpoint') {
          const from = model.findIndex(
            ({ record: { mark: found } }) => keepsAbove !== undefined && found !== undefined && found > keepsAbove,
          );
          const kept = from < 0 ? [] : model.slice(from);
          dead.push(...model.slice(0, model.length - kept.length).map((gone) => gone.record));
          model = kept;
        }
        live.add(added, segment);
        model.push({ record: added, segment });
      });
      settle(live);
      for (let segment = 0; segment < 8; segment += 1) {
        const bytes = model.reduce((sum, it) => sum + (it.segment === segment ? it.record.sizeBytes : 0), 0);
        expect(live.bytesIn(segment)).toBe(bytes);
      }
      for (const it of model) expect(live.has(it.record)).toBe(true);
      for (const it of dead) expect(live.has(it)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('a checkpoint that replaces a long log counts it off a little with each record', () => {
  const live = new LiveRecords();
  const count = 20_000;
  for (let sequence = 1; sequence <= count; sequence += 1) live.add(record(sequence, { mark: sequence }), 1);
  const set = vi.spyOn(Map.prototype, 'set');
  live.add(record(count + 1, { replaces: 'checkpoint', keepsAbove: count - 5 }), 2);
  const most = set.mock.calls.length;
  expect(most).toBeLessThan(100);
  expect(live.has(record(count - 5))).toBe(false);
  expect(live.has(record(count - 4))).toBe(true);
  expect(live.isSettled).toBe(false);
  for (let sequence = count + 2; !live.isSettled; sequence += 1) {
    set.mockClear();
    live.add(record(sequence, { mark: sequence }), 2);
    expect(set.mock.calls.length).toBeLessThan(100);
  }
  expect(live.bytesIn(1)).toBe(50);
});

test('a segment in which hardly anything is live is gone through in pieces', () => {
  const options = checkOptions({
    node: 'n1',
    clock: createVirtualClock(),
    ids: { next: () => 'id' },
    segmentBytes: 8 * 2 ** 20,
  });
  const live = new LiveRecords();
  const salt = saltOf('journal', 1, crc32);
  const segment = new Uint8Array(4 * 2 ** 20);
  let offset = segmentHeaderBytes;
  for (let sequence = 1; sequence <= 3_000; sequence += 1) {
    const writer = new FrameWriter(2_048);
    const payload = new Uint8Array(1_024);
    const sizeBytes = writer.add({
      actor: a,
      version: 1,
      replaces: undefined,
      mark: undefined,
      keepsAbove: undefined,
      payload,
    });
    const frame = writer.finish({ salt, offset, kind: 'records', firstSequence: sequence, oldestSegment: 1 }, crc32);
    segment.set(frame, offset);
    offset += frame.length;
    if (sequence === 3_000) live.add(record(sequence, { sizeBytes }), 1);
  }
  const copier = new SegmentCopier(1, segment, 'journal', live, options);
  const has = vi.spyOn(live, 'has');
  const writer = new FrameWriter(2_048);
  let copied = 0;
  let turns = 0;
  for (; !copier.isDone; turns += 1) {
    has.mockClear();
    writer.reset();
    copied += copier.fill(writer).length;
    expect(has.mock.calls.length).toBeLessThanOrEqual(512);
  }
  expect(copied).toBe(1);
  expect(turns).toBeGreaterThan(5);
});
