import { describe, expect, test } from 'vitest';
import { checkHistory, createHistoryCheck } from '../../src/history/check.ts';
import { HistoryModelError, HistoryOptionError } from '../../src/history/errors.ts';
import type { HistoryEvent } from '../../src/history/event.ts';
import type { SequentialModel } from '../../src/history/model.ts';
import { keyValue, register } from '../../src/history/models.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { readsAndWrites, simulate, storeCalls, toHistory, withWrongRead } from './support/workload.ts';

const model = register();

/** Many concurrent writes, then a read of a value that nobody wrote: every order of the writes has to be refuted. */
const hard = (key: string, writes: number): HistoryEvent[] => {
  const processes = Array.from({ length: writes }, (_, index) => `${key}${index}`);
  return [
    ...processes.map((process, value) => ({ process, type: 'invoke', f: 'write', key, value }) as const),
    { process: key, type: 'invoke', f: 'read', key },
    { process: key, type: 'ok', value: 'never written' },
    ...processes.map((process) => ({ process, type: 'ok' }) as const),
  ];
};
const easyViolation: HistoryEvent[] = [
  { process: 'e', type: 'invoke', f: 'read', key: 'easy' },
  { process: 'e', type: 'ok', value: 1 },
];

/** A clock on which every look takes a while. */
const slowClock = (msPerLook: number) => {
  let nowMs = 0;
  return { ...createVirtualClock(), nowMs: () => (nowMs += msPerLook) };
};

describe('limits', () => {
  test('the verdict is unknown when the budget of time is used up', () => {
    const result = checkHistory(toHistory(hard('x', 40), model), model, { clock: slowClock(10), budgetMs: 100 });
    expect(result.verdict).toBe('unknown');
    expect(result.objects[0]).toMatchObject({ verdict: 'unknown', unfinished: 'time', explained: 0, answers: 41 });
    expect(result.elapsedMs).toBeLessThan(300);
  });

  test('the verdict is unknown when memory is used up, and others go on', () => {
    const good: HistoryEvent[] = [
      { process: 'g', type: 'invoke', f: 'write', key: 'good', value: 1 },
      { process: 'g', type: 'ok' },
    ];
    const options = { clock: createVirtualClock(), memoryLimitBytes: 200_000 };
    const result = checkHistory(toHistory([...hard('x', 40), ...good], model), model, options);
    expect(result.verdict).toBe('unknown');
    expect(result.objects.map(({ verdict, unfinished }) => [verdict, unfinished])).toEqual([
      ['unknown', 'memory'],
      ['linearizable', undefined],
    ]);
    expect(result.peakBytes).toBeLessThanOrEqual(200_000);
  });

  test('the verdict is unknown after a number of steps, at the same place each time', () => {
    const run = () =>
      checkHistory(toHistory(hard('x', 40), model), model, { clock: createVirtualClock(), stepLimit: 20_000 });
    expect(run()).toMatchObject({ verdict: 'unknown', objects: [{ unfinished: 'steps' }] });
    expect(run()).toEqual(run());
  });

  test('a hard object does not hide that another one is easily refuted', () => {
    const events = [...hard('x', 40), ...hard('y', 40), ...easyViolation];
    const options = { clock: createVirtualClock(), stepLimit: 200_000 };
    const result = checkHistory(toHistory(events, model), model, options);
    expect(result.verdict).toBe('violation');
    expect(result.violation?.key).toBe('easy');
    expect(result.objects.map(({ unfinished }) => unfinished)).toEqual([
      'settled-elsewhere',
      'settled-elsewhere',
      undefined,
    ]);
  });

  test('what is hard is refuted all the same, where the limits allow it', () => {
    const result = checkHistory(toHistory(hard('x', 10), model), model, { clock: createVirtualClock() });
    expect(result.violation?.stuckAt).toMatchObject({ f: 'read', result: 'never written' });
    // Ten writes, each done or not, the last one of those done last: 10 * 2^9 configurations, and the empty one.
    expect(result.violation?.configurations).toBe(5_121);
    expect(result.violation?.stuckStatesInAll).toBe(11);
  });

  test('a check can be run a slice at a time', () => {
    const check = createHistoryCheck(toHistory(hard('x', 12), model), model, { clock: createVirtualClock() });
    let slices = 1;
    while (check.advance() === undefined) slices += 1;
    expect(slices).toBeGreaterThan(3);
    expect(check.advance()?.verdict).toBe('violation');
    expect(check.progress()).toMatchObject({ objects: 1, linearizable: 0, configurations: 24_577 });
  });

  test.each([{ budgetMs: 0 }, { memoryLimitBytes: Number.NaN }, { stepLimit: -1 }])(
    'options like %o are refused',
    (options) => {
      expect(() => checkHistory(toHistory([], model), model, { clock: createVirtualClock(), ...options })).toThrow(
        HistoryOptionError,
      );
    },
  );

  test('a model that breaks its word about read-only calls is refused', () => {
    const liar: SequentialModel<unknown> = { ...model, isReadOnly: () => true };
    const events: HistoryEvent[] = [
      { process: 1, type: 'invoke', f: 'write', value: 1 },
      { process: 1, type: 'ok' },
    ];
    expect(() => checkHistory(toHistory(events, liar), liar, { clock: createVirtualClock() })).toThrow(
      HistoryModelError,
    );
  });
});

describe('speed', () => {
  const usual = { seed: 5, operations: 2_000, processes: 50, keys: 10 };

  test('2,000 operations by 50 processes on 10 keys take few steps, right or wrong', () => {
    const store = keyValue();
    const right = simulate(store, { ...usual, call: storeCalls });
    for (const [events, verdict] of [
      [right, 'linearizable'],
      [withWrongRead(right, 1), 'violation'],
    ] as const) {
      // A step takes well below a microsecond; the bench measures how long all of it takes.
      const options = { clock: createVirtualClock(), stepLimit: 1_000_000 };
      expect(checkHistory(toHistory(events, store), store, options).verdict).toBe(verdict);
    }
  });

  test('one key under ten processes is judged in few configurations', () => {
    const events = simulate(model, { ...usual, processes: 10, keys: 1, call: readsAndWrites, unknown: 0.03 });
    const options = { clock: createVirtualClock(), stepLimit: 20_000_000 };
    expect(checkHistory(toHistory(events, model), model, options).verdict).toBe('linearizable');
    expect(checkHistory(toHistory(withWrongRead(events, 2), model), model, options).verdict).toBe('violation');
  });
});
