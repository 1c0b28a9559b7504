import { describe, expect, test } from 'vitest';
import {
  ancestorsOf,
  forkOf,
  historyFileOf,
  lsnOf,
  offsetOf,
  walFileOf,
} from '../../../src/resources/managed/postgres/positions.ts';
import { namesOf, namesOfNone } from '../../../src/resources/managed/postgres/settings.ts';

describe('places in the log of PostgreSQL', () => {
  test.each([
    ['0/0', 0],
    ['0/3000060', 0x3000060],
    ['16/B374D848', 0x16 * 2 ** 32 + 0xb374d848],
    ['1FFFFF/FFFFFFFF', Number.MAX_SAFE_INTEGER],
  ])('%s is byte %d, and the other way round', (lsn, offset) => {
    expect(offsetOf(lsn)).toBe(offset);
    expect(lsnOf(offset)).toBe(lsn);
  });

  test('are nothing else', () => {
    expect(() => offsetOf('3000060')).toThrow("expected a place in a log such as 0/3000060, got '3000060'");
  });

  test('are in files that are named by timeline and segment', () => {
    expect(historyFileOf(26)).toBe('pg_wal/0000001A.history');
    expect(walFileOf(1, 0x1501120, 2 ** 24)).toBe('pg_wal/000000010000000000000001');
    expect(walFileOf(18, 0x16 * 2 ** 32 + 0xb374d848, 2 ** 24)).toBe('pg_wal/0000001200000016000000B3');
    expect(walFileOf(1, 2 ** 32 + 2 ** 26, 2 ** 26)).toBe('pg_wal/000000010000000100000001');
  });

  test('at which timelines ended are read from history files, and numbers that are given away are none', () => {
    const file = '1\t0/3000060\tno recovery target specified\n\n2\t0/5000000\tbefore 2000-01-01\n';
    expect(ancestorsOf(file)).toEqual([
      { timeline: 1, endOffset: 0x3000060 },
      { timeline: 2, endOffset: 0x5000000 },
    ]);
    expect(ancestorsOf('# given away')).toEqual([]);
  });
});

describe('two servers part', () => {
  const first = { timeline: 1, offset: 100, ancestors: [] };
  test('where the shorter one ends, on one timeline', () => {
    expect(forkOf({ ...first, offset: 80 }, first)).toBe(80);
    expect(forkOf(first, { ...first, offset: 80 })).toBe(80);
  });

  test('where the timeline of one has left that of the other, or before, where the other does not reach that far', () => {
    const promoted = { timeline: 2, offset: 150, ancestors: [{ timeline: 1, endOffset: 90 }] };
    expect(forkOf(first, promoted)).toBe(90);
    expect(forkOf({ ...first, offset: 80 }, promoted)).toBe(80);
  });

  test('where the first of two has left the timeline that they have in common', () => {
    const one = { timeline: 2, offset: 150, ancestors: [{ timeline: 1, endOffset: 90 }] };
    const other = { timeline: 3, offset: 500, ancestors: [{ timeline: 1, endOffset: 200 }] };
    expect([forkOf(one, other), forkOf(other, one)]).toEqual([90, 90]);
  });

  test('nowhere, if they have no timeline in common', () => {
    expect(forkOf(first, { timeline: 2, offset: 10, ancestors: [] })).toBeUndefined();
  });
});

describe('names of standbys', () => {
  test('ask for as many as confirm', () => {
    expect(namesOf(['p2', 'p3'], 1)).toBe('ANY 1 ("p2", "p3")');
    expect(namesOf(['p2', 'p3'], 0)).toBe('');
  });

  test('of none, and of too few, let commits wait for ever, and a fenced server is told from both', () => {
    expect(namesOf([], 1)).toBe('ANY 1 ("no standby")');
    expect(namesOf(['p2'], 2)).toBe('ANY 2 ("p2")');
    expect(namesOfNone).toBe('ANY 1 ("no server")');
  });
});
