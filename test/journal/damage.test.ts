/** What recovery makes of a small journal that was cut, flipped, or robbed of a file. */

import { describe, expect, test } from 'vitest';
import { seededIds } from '../../src/environment/ids.ts';
import { seededRandomness } from '../../src/environment/random.ts';
import {
  JournalDamagedError,
  JournalDirectoryError,
  JournalFormatError,
  JournalOwnerError,
} from '../../src/journal/errors.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { crc32 } from '../../src/journal/segmented/checksum.ts';
import { openJournalOn } from '../../src/journal/segmented/open.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { a, b, entry, valuesOf } from './conformance.ts';
import { createRamDisk } from './ram-disk.ts';

type Files = Map<string, Uint8Array>;

const segmentBytes = 4096;
const ids = seededIds(seededRandomness(1).stream('ids'));
const copyOf = (files: Files): Files => new Map([...files].map(([name, bytes]) => [name, bytes.slice()]));
const ignore = (): void => {};

function open(files: Files, node = 'n1'): Journal {
  const clock = createVirtualClock();
  return openJournalOn(createRamDisk(clock, files), { node, clock, ids, segmentBytes });
}

/** Runs a journal that starts from `files`: writes each of `flushes` by itself. @returns the files as they are then */
function run(files: Files, flushes: readonly unknown[][], close = false): Files {
  const clock = createVirtualClock();
  const disk = createRamDisk(clock, files);
  const journal = openJournalOn(disk, { node: 'n1', clock, ids, segmentBytes });
  for (const values of flushes) {
    for (const value of values) journal.append([entry(a, value), entry(b, value)], ignore);
    while (clock.runNext());
  }
  if (close) {
    void journal.close();
    while (clock.runNext());
  }
  return files;
}

function segment(files: Files, number = 1): Uint8Array {
  const bytes = files.get(`${String(number).padStart(10, '0')}.segment`);
  if (bytes === undefined) throw new Error(`no segment ${number}`);
  return bytes;
}

function endOfContent(bytes: Uint8Array): number {
  let end = bytes.length;
  while (bytes[end - 1] === 0) end -= 1;
  return end;
}

/** What became of a journal: refused by name, or its records and whether something was reported. */
type Outcome = { refused: Error } | { values: unknown[]; notices: number };

function outcomeOf(files: Files): Outcome {
  try {
    const journal = open(files);
    const values = valuesOf(journal.take(a));
    expect(valuesOf(journal.take(b))).toEqual(values);
    return { values, notices: journal.notices.length };
  } catch (error) {
    if (error instanceof JournalDamagedError || error instanceof JournalFormatError) return { refused: error };
    throw error;
  }
}

const flushes = [[1], ['two', 'zwei'], [3], ['four', 'vier', 'quatre']];
const all = flushes.flat();
const small = (): Files => run(new Map(), flushes);
const offsets = (): { last: number; end: number } => ({
  last: endOfContent(segment(run(new Map(), flushes.slice(0, -1)))),
  end: endOfContent(segment(small())),
});

describe('a write that a crash interrupted', () => {
  test('is cut wherever it ended, with a notice that names the records, and nothing before it is lost', () => {
    const files = small();
    const { last, end } = offsets();
    for (let cut = last + 1; cut < end; cut += 1) {
      const torn = copyOf(files);
      segment(torn).fill(0, cut);
      const journal = open(torn);
      const values = valuesOf(journal.take(a));
      const hasAll = values.length === all.length;
      // Only padding and the end mark may be missing from what is read in full.
      expect(values).toEqual(hasAll ? all : all.slice(0, -3));
      if (hasAll) expect(cut).toBeGreaterThan(end - 16);
      expect(journal.notices.map((it) => it.kind)).toEqual(['torn-end']);
      if (cut >= last + 40 && !hasAll) expect(journal.notices[0]?.detail).toContain('sequence numbers 9 to 14');
    }
  });

  test('is cut durably: the next opening has nothing to say, and new records follow the good ones', () => {
    const files = small();
    segment(files).fill(0, offsets().end - 20);
    run(files, [['new']]);
    expect(outcomeOf(files)).toEqual({ values: [...all.slice(0, -3), 'new'], notices: 0 });
  });

  test('is cut when sectors within it are missing', () => {
    const values = Array.from({ length: 12 }, (_, index) => 'x'.repeat(80 + index));
    const files = run(new Map(), [[1], values]);
    const end = endOfContent(segment(files));
    expect(end).toBeGreaterThan(5 * 512);
    const first = Math.ceil(endOfContent(segment(run(new Map(), [[1]]))) / 512);
    for (let sector = first - 1; sector * 512 < end; sector += 1) {
      const torn = copyOf(files);
      const from = Math.max(sector * 512, endOfContent(segment(run(new Map(), [[1]]))));
      segment(torn).fill(0, from, (sector + 1) * 512);
      expect(outcomeOf(torn)).toEqual({ values: [1], notices: 1 });
    }
  });

  test('leaves nothing to be found when nothing of it was written', () => {
    const files = small();
    segment(files).fill(0, offsets().last);
    expect(outcomeOf(files)).toEqual({ values: all.slice(0, -3), notices: 0 });
  });

  test('may be the first one of a journal', () => {
    const files = run(new Map(), [[1]]);
    const bytes = segment(files);
    bytes.fill(0, endOfContent(bytes) - 30);
    expect(outcomeOf(files)).toEqual({ values: [], notices: 1 });
  });
});

describe('damage', () => {
  test.each([
    ['an open journal', false],
    ['a journal that was closed in order', true],
  ])('every flipped bit of %s is refused by name or reported, and loses nothing', (_, closed) => {
    const files = run(new Map(), flushes, closed);
    const { length } = segment(files);
    let refused = 0;
    for (let bit = 0; bit < length * 8; bit += 1) {
      const flipped = copyOf(files);
      const bytes = segment(flipped);
      const index = Math.floor(bit / 8);
      bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit % 8));
      const outcome = outcomeOf(flipped);
      if ('refused' in outcome) refused += 1;
      else expect([bit, outcome]).toEqual([bit, { values: all, notices: 1 }]);
    }
    // All of the header and of the frames, but for the end marks, which are restored.
    const frames = flushes.length + (closed ? 1 : 0);
    expect(refused).toBe((endOfContent(segment(files)) - 8 * frames) * 8);
  });

  test('a flip in a last flush that looks half written, because it holds zeros, is reported with what was cut', () => {
    const files = run(new Map(), [[1], [new Uint8Array(1000)]]);
    const bytes = segment(files);
    bytes[endOfContent(bytes) - 600] = 1;
    const journal = open(files);
    expect(valuesOf(journal.take(a))).toEqual([1]);
    expect(journal.notices).toEqual([
      { kind: 'torn-end', detail: expect.stringContaining('with the sequence numbers 3 to 4') },
    ]);
  });

  test('a file that was cut is refused at every length', () => {
    const files = small();
    const { length } = segment(files);
    for (let size = 0; size < length; size += 1) {
      const cut = copyOf(files);
      cut.set('0000000001.segment', segment(cut).slice(0, size));
      expect(outcomeOf(cut)).toEqual({ refused: expect.any(JournalDamagedError) });
    }
  });

  test('a record that a later one follows is never cut, however much of it is gone', () => {
    const files = small();
    const { last } = offsets();
    for (let from = 256; from < last - 8; from += 8) {
      const damaged = copyOf(files);
      segment(damaged).fill(0, from, last);
      expect(outcomeOf(damaged)).toEqual({ refused: expect.any(JournalDamagedError) });
    }
  });

  test('names the file, the place, and what to do', () => {
    const files = small();
    segment(files)[300] = 0xff;
    const outcome = outcomeOf(files);
    expect('refused' in outcome && outcome.refused).toMatchObject({
      code: 'JOURNAL_DAMAGED',
      file: '0000000001.segment',
      offsetBytes: 256,
      message: expect.stringMatching(/byte 256 of '0000000001\.segment'.*new id and an empty directory/s),
    });
  });

  test('a frame of the same journal at another place is never taken for one', () => {
    const files = small();
    const { last, end } = offsets();
    segment(files).copyWithin(end, last, end);
    expect(outcomeOf(files)).toEqual({ refused: expect.any(JournalDamagedError) });
  });

  const long = (): Files =>
    run(
      new Map(),
      Array.from({ length: 60 }, (_, index) => [`${index}`.repeat(40)]),
    );

  test('a missing segment is refused, whichever it is', () => {
    const files = long();
    expect(files.size).toBeGreaterThanOrEqual(4);
    const numbers = [...files.keys()].sort();
    const prepared = numbers.filter((name) => endOfContent(files.get(name) ?? new Uint8Array()) <= 256);
    for (const name of numbers.filter((it) => !prepared.includes(it))) {
      const robbed = copyOf(files);
      robbed.delete(name);
      expect(outcomeOf(robbed)).toEqual({ refused: expect.any(JournalDamagedError) });
    }
  });

  test('a missing seal is refused when the next segment holds records', () => {
    const files = long();
    const bytes = segment(files, 1);
    bytes.fill(0, endOfContent(bytes) - 48);
    expect(outcomeOf(files)).toEqual({ refused: expect.any(JournalDamagedError) });
  });

  test('bytes behind a seal are cleared with a notice', () => {
    const files = long();
    segment(files, 1)[segmentBytes - 1] = 1;
    const outcome = outcomeOf(files);
    expect('notices' in outcome && outcome.notices).toBe(1);
    expect(outcomeOf(files)).toMatchObject({ notices: 0 });
  });

  test('a segment of another journal is refused', () => {
    const files = long();
    const other = run(new Map(), [[1]]);
    files.set('0000000001.segment', segment(other));
    expect(outcomeOf(files)).toEqual({ refused: expect.any(JournalDamagedError) });
  });

  test('a segment under a wrong name is refused', () => {
    const files = small();
    files.set('0000000002.segment', segment(files));
    files.delete('0000000001.segment');
    expect(outcomeOf(files)).toEqual({ refused: expect.any(JournalDamagedError) });
  });
});

describe('opening', () => {
  test("another node's journal is refused by name", () => {
    const files = small();
    expect(() => open(files, 'n2')).toThrow(JournalOwnerError);
    expect(() => open(files, 'n2')).toThrow(/'n2'.*'n1'/);
  });

  test('a later format is refused by name', () => {
    const files = small();
    const bytes = segment(files);
    new DataView(bytes.buffer).setUint32(8, 3, true);
    new DataView(bytes.buffer).setUint32(12, crc32(bytes.subarray(0, 12), 0), true);
    expect(() => open(files)).toThrow(JournalFormatError);
  });

  test('a directory of other things is refused, and left alone', () => {
    const files: Files = new Map([['holiday.jpg', Uint8Array.of(1)]]);
    expect(() => open(files)).toThrow(JournalDirectoryError);
    expect([...files.keys()]).toEqual(['holiday.jpg']);
  });

  test('a segment that was being made is removed with a notice', () => {
    const files = small();
    files.set('0000000002.segment.tmp', new Uint8Array(100));
    expect(open(files).notices).toEqual([expect.objectContaining({ kind: 'leftover-file' })]);
    expect([...files.keys()]).toEqual(['0000000001.segment']);
    expect(outcomeOf(files)).toEqual({ values: all, notices: 0 });
  });

  test('a segment that was made ahead and not used is no trouble', () => {
    const files = run(new Map(), [['x'.repeat(1000)]]);
    expect(files.size).toBe(2);
    run(files, [['y'.repeat(1000)], ['z'.repeat(1000)]]);
    expect(outcomeOf(files)).toMatchObject({ notices: 0 });
  });

  test('a released segment that was not removed yet is removed with a notice', () => {
    const files = run(new Map(), []);
    const first = segment(files).slice();
    const clock = createVirtualClock();
    const journal = openJournalOn(createRamDisk(clock, files), { node: 'n1', clock, ids, segmentBytes });
    for (let index = 0; index < 100; index += 1) {
      journal.append([entry(a, 'x'.repeat(100), 'checkpoint'), entry(b, 'x'.repeat(100), 'checkpoint')], ignore);
      while (clock.runNext());
    }
    expect(files.has('0000000001.segment')).toBe(false);
    files.set('0000000001.segment', first);
    expect(outcomeOf(files)).toEqual({ values: ['x'.repeat(100)], notices: 1 });
    expect(files.has('0000000001.segment')).toBe(false);
  });
});
