import { describe, expect, test } from 'vitest';
import { byConsistency, judge } from '../../src/compare/consistency.ts';
import { type FaultyRun, faultFigures, latencyOf, spreadOf } from '../../src/compare/figures.ts';
import { createTally, type Seen } from '../../src/compare/witness.ts';

describe('quantiles', () => {
  test('are those of the nearest rank', () => {
    const durations = Array.from({ length: 1_000 }, (_, index) => 1_000 - index);
    expect(latencyOf(durations)).toEqual({ samples: 1_000, p50: 500, p99: 990, p999: 999 });
  });

  test('are not told of too few', () => {
    const { p50, p99, p999 } = latencyOf([3, 1, 2]);
    expect(p50).toBe(2);
    expect(p99).toMatchObject({ notApplicable: expect.stringMatching(/100 transfers or more, got 3/) });
    expect(p999).toMatchObject({ notApplicable: expect.stringMatching(/1000 transfers or more, got 3/) });
    expect(latencyOf([]).p50).toMatchObject({ notApplicable: expect.any(String) });
  });

  test('of runs are the middle one and the worst', () => {
    expect(spreadOf([30, 10, 20])).toEqual({ median: 20, worst: 30 });
    expect(spreadOf([10, 20])).toEqual({ median: 10, worst: 20 });
  });
});

describe('the time to recover', () => {
  const tally = createTally();
  /** A run with a fault at 100 ms, after which a transfer that began later succeeds so soon, or never. */
  const runWith = (afterMs: number | undefined): FaultyRun => {
    const end: Seen['end'] = afterMs === undefined ? { type: 'unknown', reason: 'none' } : { type: 'ok', value: null };
    const transfer = { id: 't1', amount: 1 };
    return {
      fault: { victim: 'n1', atMs: 100 },
      noted: {
        seen: [{ node: 'n2', transfer, begunMs: 101, endedMs: 100 + (afterMs ?? 1_000), end }],
        carriedOut: ['t1'],
        messages: tally,
        flushes: tally,
        serving: undefined,
        statements: [],
        isGone: false,
        blocked: undefined,
      },
      judgement: byConsistency(() => 'satisfied' as const),
    };
  };
  const recoveryOf = (...each: readonly (number | undefined)[]) => {
    const { recoveryMs, recovered } = faultFigures(each.map(runWith), undefined);
    return { recoveryMs, recovered };
  };

  test('is longest of runs that never recover, and so in the median too', () => {
    expect(recoveryOf(10, 30, 20)).toEqual({ recoveryMs: { median: 20, worst: 30 }, recovered: 3 });
    const never = { notApplicable: expect.any(String) };
    expect(recoveryOf(10, undefined, 20)).toEqual({ recoveryMs: { median: 20, worst: never }, recovered: 2 });
    expect(recoveryOf(10, undefined, undefined)).toEqual({ recoveryMs: { median: never, worst: never }, recovered: 1 });
    expect(recoveryOf(undefined)).toEqual({ recoveryMs: never, recovered: 0 });
  });
});

describe('what was acknowledged', () => {
  const ok: Seen['end'] = { type: 'ok', value: null };
  const seen = ['t1', 't2', 't3'].map(
    (id): Seen => ({ node: 'n2', transfer: { id, amount: 1 }, begunMs: 1, endedMs: 2, end: ok }),
  );
  const integrityOf = (carriedOut: readonly string[] | undefined, isGone: boolean) =>
    faultFigures(
      [
        {
          fault: { victim: 'n1', atMs: 100 },
          noted: {
            seen,
            carriedOut,
            messages: createTally(),
            flushes: createTally(),
            serving: undefined,
            statements: [],
            isGone,
            blocked: undefined,
          },
          judgement: byConsistency(() => 'satisfied' as const),
        },
      ],
      undefined,
    ).integrity;

  test('is lost where it is missing in the end, and counted where it was carried out twice', () => {
    expect(integrityOf(['t1', 't3', 't3'], false)).toEqual({ acknowledged: 3, lost: 1, unreadable: 0, repeated: 1 });
  });

  test('is unreadable where copies are left and nobody answers, and lost where none is', () => {
    expect(integrityOf(undefined, false)).toEqual({ acknowledged: 3, lost: 0, unreadable: 3, repeated: 0 });
    expect(integrityOf(undefined, true)).toEqual({ acknowledged: 3, lost: 3, unreadable: 0, repeated: 0 });
  });
});

describe('what clients saw of the accounts', () => {
  const left = (moved: number) => ({ a: 1_000_000 - moved, b: 1_000_000 + moved });
  const transfer = (id: string, amount: number, begunMs: number, end: Seen['end']): Seen => ({
    node: 'n1',
    transfer: { id, amount },
    begunMs,
    endedMs: begunMs + 5,
    end,
  });
  const read = (begunMs: number, value: unknown): Seen => ({
    node: 'n1',
    transfer: undefined,
    begunMs,
    endedMs: begunMs + 5,
    end: { type: 'ok', value },
  });
  const ok = (moved: number): Seen['end'] => ({ type: 'ok', value: left(moved) });
  const unknown: Seen['end'] = { type: 'unknown', reason: 'no answer' };

  test('is linearizable where each read shows what was acknowledged before', () => {
    const seen = [transfer('t1', 10, 0, ok(10)), read(10, left(10)), transfer('t2', 5, 20, ok(15))];
    expect(judge(seen, ['t1', 't2']).linearizable).toBe('satisfied');
  });

  test('is not where a read shows less, or half of a transfer', () => {
    expect(judge([transfer('t1', 10, 0, ok(10)), read(10, left(0))], ['t1']).linearizable).toBe('violation');
    const torn = { a: left(10).a, b: left(0).b };
    expect(judge([transfer('t1', 10, 0, ok(10)), read(10, torn)], ['t1']).linearizable).toBe('violation');
  });

  test('is not where what was acknowledged is gone', () => {
    const seen = [transfer('t1', 10, 0, ok(10)), transfer('t2', 5, 10, ok(5)), read(20, left(5))];
    expect(judge(seen, ['t2']).linearizable).toBe('violation');
  });

  test('counts a transfer whose outcome its client does not know exactly where it was carried out', () => {
    const seen = [transfer('t1', 10, 0, unknown), transfer('t2', 5, 10, unknown), read(30, left(10))];
    expect(judge(seen, ['t1']).linearizable).toBe('satisfied');
    expect(judge(seen, ['t2']).linearizable).toBe('violation');
  });

  test('is judged by weaker models too: of clients each of which does one thing after the other', () => {
    const seen = [
      transfer('t1', 10, 0, ok(10)),
      transfer('t2', 5, 10, ok(15)),
      { ...read(20, left(10)), node: 'n2' },
      { ...read(30, left(15)), node: 'n2' },
      { ...read(40, left(15)), node: 'n3' },
    ];
    expect(judge(seen, ['t1', 't2'])).toMatchObject({
      linearizable: 'violation',
      sequential: 'satisfied',
      'monotonic-reads': 'satisfied',
      eventual: 'satisfied',
    });
    const back = [...seen, { ...read(50, left(10)), node: 'n2' }];
    expect(judge(back, ['t1', 't2'])).toMatchObject({ sequential: 'violation', 'monotonic-reads': 'violation' });
  });

  test('is not where a transfer was refused and carried out all the same', () => {
    const seen = [transfer('t1', 10, 0, { type: 'failed', reason: 'refused' }), read(10, left(10))];
    expect(judge(seen, ['t1']).linearizable).toBe('violation');
  });

  test('is undecided where it is not known what was found by a transfer that was acknowledged', () => {
    const seen = [transfer('t1', 10, 0, { type: 'ok', value: undefined }), read(10, left(0))];
    expect(judge(seen, []).linearizable).toBe('undecided');
  });

  test('is undecided where a violation may be for want of what cannot be read any more', () => {
    expect(judge([transfer('t1', 10, 0, unknown), read(30, left(10))], undefined).linearizable).toBe('undecided');
  });
});
