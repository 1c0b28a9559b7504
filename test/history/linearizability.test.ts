import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHistory } from '../../src/history/check.ts';
import type { HistoryEvent } from '../../src/history/event.ts';
import { acknowledgement, anything, mayReturn, nothing, type SequentialModel } from '../../src/history/model.ts';
import { casRegister, keyValue, queue, register } from '../../src/history/models.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { furthest, isLinearizable, objectOf } from './support/brute-force.ts';
import { compareAndSets, readsAndWrites, simulate, storeCalls, toHistory, withWrongRead } from './support/workload.ts';

/** A counter that can be doubled, and read: calls that neither commute nor overwrite. */
const counter: SequentialModel<number> = {
  name: 'counter',
  stateName: 'count',
  keys: 'optional',
  functions: {
    increment: { value: nothing, result: anything },
    double: { value: nothing, result: acknowledgement },
    read: { value: nothing, result: anything },
  },
  initial: 0,
  isReadOnly: (call) => call.f === 'read',
  step(state, call) {
    if (call.f === 'read') return mayReturn(call, state) ? state : undefined;
    if (call.f === 'double') return state * 2;
    return mayReturn(call, state + 1) ? state + 1 : undefined;
  },
};

const value = fc.integer({ min: 1, max: 3 });
const valueOrNull = fc.option(value);
const letter = fc.constantFrom('a', 'b');
type Answered = { f: string; value?: unknown; result?: unknown };
const reading = (f: string) => fc.record({ f: fc.constant(f), result: valueOrNull });
const writing = (f: string) => fc.record({ f: fc.constant(f), value });
const comparing = fc.record({ f: fc.constant('cas'), value: fc.tuple(value, value), result: fc.boolean() });

const subjects: [SequentialModel<unknown>, fc.Arbitrary<Answered>][] = [
  [register(), fc.oneof(reading('read'), writing('write'))],
  [casRegister(), fc.oneof(reading('read'), writing('write'), comparing)],
  [
    keyValue(),
    fc.oneof(
      fc.record({ f: fc.constant('get'), result: fc.constantFrom(null, 'a', 'b', 'ab', 'ba') }),
      fc.record({ f: fc.constantFrom('put', 'append'), value: letter }),
      fc.constant({ f: 'delete' }),
    ),
  ],
  [queue(), fc.oneof(writing('enqueue'), reading('dequeue'))],
  [
    counter,
    fc.oneof(
      fc.record({ f: fc.constantFrom('increment', 'read'), result: fc.integer({ min: 0, max: 4 }) }),
      fc.constant({ f: 'double' }),
    ),
  ],
];

/**
 * A history of at most `count` operations: each starts and, unless it is left open, ends at a place of its own; whoever
 * is idle then is its process.
 */
const histories = (operation: fc.Arbitrary<Answered>, count: number): fc.Arbitrary<HistoryEvent[]> =>
  fc
    .array(
      fc.record({
        operation,
        key: fc.constantFrom('x', 'x', 'x', 'y'),
        start: fc.integer({ min: 0, max: 20 }),
        length: fc.integer({ min: 1, max: 10 }),
        end: fc.constantFrom('ok', 'ok', 'ok', 'info', 'fail', 'open'),
      }),
      { maxLength: count },
    )
    .map((drawn) =>
      drawn
        .flatMap(({ operation: { f, value, result }, key, start, length, end }, process) => [
          { at: start * 2, event: { process, type: 'invoke', f, key, value } as const },
          ...(end === 'open'
            ? []
            : [
                {
                  at: (start + length) * 2 - 1,
                  event: { process, type: end, value: end === 'ok' ? result : undefined } as const,
                },
              ]),
        ])
        .sort((a, b) => a.at - b.at)
        .map(({ event }) => event),
    );

const check = (events: readonly HistoryEvent[], model: SequentialModel<unknown>) =>
  checkHistory(toHistory(events, model), model, { clock: createVirtualClock() });

describe.each(subjects)('a history of a model, compared with a search by brute force', (model, operation) => {
  test(`the verdict on a ${model.name} is the same`, () => {
    let violations = 0;
    let linearizable = 0;
    fc.assert(
      fc.property(histories(operation, 7), (events) => {
        const history = toHistory(events, model);
        // Without an answer nothing is proven.
        fc.pre(history.operations.some(({ outcome }) => outcome === 'ok'));
        const expected = isLinearizable(history, model) ? 'linearizable' : 'violation';
        if (expected === 'violation') violations += 1;
        else linearizable += 1;
        expect(check(events, model).verdict).toBe(expected);
      }),
      { numRuns: 800, seed: 1 },
    );
    expect(Math.min(violations, linearizable)).toBeGreaterThan(50);
  });

  test(`the first operation of a ${model.name} that cannot be linearized is the same`, () => {
    fc.assert(
      fc.property(histories(operation, 7), (events) => {
        const history = toHistory(events, model);
        const { violation } = check(events, model);
        if (violation === undefined) return;
        expect(violation.stuckAt?.completedAt?.line).toBe(furthest(objectOf(history, violation.key), model));
      }),
      { numRuns: 800, seed: 2 },
    );
  });

  test(`the linearization of a ${model.name} is a run of the model, in an order that the history allows`, () => {
    fc.assert(
      fc.property(histories(operation, 7), (events) => {
        for (const { linearization, stuckAt, explained, key, verdict } of check(events, model).objects) {
          if (verdict === 'unknown') continue;
          let state = model.initial;
          for (const [index, { f, value, outcome, result }] of linearization.entries()) {
            const next = model.step(state, { f, value, known: outcome === 'ok', result });
            expect(next, `step ${index}`).not.toBe(undefined);
            state = next;
          }
          const answered = objectOf(toHistory(events, model), key).filter(({ outcome }) => outcome === 'ok');
          const limit = stuckAt?.completedAt?.line ?? Number.POSITIVE_INFINITY;
          const due = answered.filter(({ completedAt }) => (completedAt?.line ?? 0) < limit);
          const order = linearization.map(({ index }) => index);
          expect(order).toEqual([...new Set(order)]);
          expect(order).toEqual(expect.arrayContaining(due.map(({ index }) => index)));
          expect(explained).toBe(due.length);
          for (const [place, later] of linearization.entries()) {
            for (const earlier of linearization.slice(0, place)) {
              const overtakes = later.outcome === 'ok' && (later.completedAt?.line ?? 0) < earlier.invokedAt.line;
              expect(overtakes).toBe(false);
            }
          }
        }
      }),
      { numRuns: 800, seed: 3 },
    );
  });
});

describe('histories of a real object', () => {
  const objects = [
    ['register', register(), readsAndWrites],
    ['cas-register', casRegister(), compareAndSets],
    ['kv', keyValue(), storeCalls],
  ] as const;

  test.each(objects)(
    'are linearizable, with answers that nobody saw and operations that failed: %s',
    (_, model, call) => {
      for (let seed = 0; seed < 40; seed += 1) {
        const workload = { seed, operations: 300, processes: 8, keys: 3, call, unknown: 0.05, failed: 0.05 };
        expect(check(simulate(model, workload), model).verdict).toBe('linearizable');
      }
    },
  );

  test('are refuted when a read of values written once returns another value', () => {
    const model = register();
    for (let seed = 0; seed < 40; seed += 1) {
      const events = simulate(model, {
        seed,
        operations: 300,
        processes: 8,
        keys: 3,
        call: readsAndWrites,
        unknown: 0.02,
      });
      const result = check(withWrongRead(events, seed), model);
      expect(result.verdict).toBe('violation');
      expect(result.violation?.stuckAt?.f).toBe('read');
    }
  });
});

describe('outcomes', () => {
  const model = casRegister();
  const verdict = (...events: HistoryEvent[]) => check(events, model).verdict;

  test('a history without an answer proves nothing', () => {
    expect(verdict()).toBe('unknown');
    expect(verdict({ process: 1, type: 'invoke', f: 'write', value: 1 }, { process: 1, type: 'info' })).toBe('unknown');
  });

  test('an unknown write may take effect long after its client gave up', () => {
    expect(
      verdict(
        { process: 1, type: 'invoke', f: 'write', value: 1 },
        { process: 1, type: 'info' },
        { process: 2, type: 'invoke', f: 'read' },
        { process: 2, type: 'ok', value: null },
        { process: 2, type: 'invoke', f: 'read' },
        { process: 2, type: 'ok', value: 1 },
      ),
    ).toBe('linearizable');
  });

  test('an unknown write takes effect once', () => {
    expect(
      verdict(
        { process: 1, type: 'invoke', f: 'write', value: 1 },
        { process: 1, type: 'info' },
        { process: 2, type: 'invoke', f: 'read' },
        { process: 2, type: 'ok', value: 1 },
        { process: 2, type: 'invoke', f: 'write', value: 2 },
        { process: 2, type: 'ok' },
        { process: 2, type: 'invoke', f: 'read' },
        { process: 2, type: 'ok', value: 1 },
      ),
    ).toBe('violation');
  });

  test('a failed write did not happen', () => {
    expect(
      verdict(
        { process: 1, type: 'invoke', f: 'write', value: 1 },
        { process: 1, type: 'fail' },
        { process: 2, type: 'invoke', f: 'read' },
        { process: 2, type: 'ok', value: 1 },
      ),
    ).toBe('violation');
  });

  test('a compare-and-set that found another value is an observation', () => {
    const failing: HistoryEvent[] = [
      { process: 1, type: 'invoke', f: 'write', value: 1 },
      { process: 1, type: 'ok' },
      { process: 1, type: 'invoke', f: 'cas', value: [1, 2] },
    ];
    expect(verdict(...failing, { process: 1, type: 'ok', value: false })).toBe('violation');
    expect(verdict(...failing, { process: 1, type: 'ok', value: true })).toBe('linearizable');
    expect(verdict(...failing, { process: 1, type: 'fail' })).toBe('linearizable');
  });
});
