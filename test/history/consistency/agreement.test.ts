import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HistoryEvent } from '../../../src/history/event.ts';
import { casRegister } from '../../../src/history/models.ts';
import { consistencyModels, consistencyNames, judgeConsistency } from '../../../src/history.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { toHistory } from '../support/workload.ts';
import { satisfies } from './brute-force.ts';

const model = casRegister();
const clock = createVirtualClock();
const ordered = consistencyNames.filter((name) => name !== 'eventual');

const value = fc.integer({ min: 1, max: 3 });
const call = fc.oneof(
  { weight: 5, arbitrary: fc.record({ f: fc.constant('read'), result: fc.option(value) }) },
  { weight: 5, arbitrary: fc.record({ f: fc.constant('write'), value }) },
  { weight: 1, arbitrary: fc.record({ f: fc.constant('cas'), value: fc.tuple(value, value), result: fc.boolean() }) },
);

interface Drawn {
  readonly call: { readonly f: string; readonly value?: unknown; readonly result?: unknown };
  readonly process: number;
  readonly key: string;
  readonly overlaps: boolean;
  readonly end: string;
}

/** Histories of few processes: an operation may begin before that of another process has ended. */
const histories = (count: number, ends: readonly string[]): fc.Arbitrary<HistoryEvent[]> =>
  fc
    .array(
      fc.record({
        call,
        process: fc.integer({ min: 1, max: 3 }),
        key: fc.constantFrom('x', 'x', 'y'),
        overlaps: fc.boolean(),
        end: fc.constantFrom(...ends),
      }),
      { minLength: 1, maxLength: count },
    )
    .map(eventsOf);

function eventsOf(drawn: readonly Drawn[]): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  const open = new Map<number, HistoryEvent>();
  const close = (process: number): void => {
    const answer = open.get(process);
    if (answer !== undefined) events.push(answer);
    open.delete(process);
  };
  for (const { call, process, key, overlaps, end } of drawn) {
    if (!overlaps) for (const other of [...open.keys()]) close(other);
    close(process);
    const { f, value, result } = call;
    events.push({ process, type: 'invoke', f, key, value });
    const type = end === 'info' || end === 'fail' ? end : 'ok';
    open.set(process, { process, type, ...(type === 'ok' && { value: result }) });
  }
  for (const process of [...open.keys()]) close(process);
  return events;
}

describe.each(ordered)('%s', (name) => {
  test('is judged as its definition says, of answered operations', () => {
    fc.assert(
      fc.property(histories(6, ['ok']), (events) => {
        const history = toHistory(events, model);
        const { verdict } = judgeConsistency(history, model, name, { clock, withPart: false });
        expect(verdict).toBe(satisfies(history, model, name) ? 'satisfied' : 'violation');
      }),
      { numRuns: 400 },
    );
  });

  test('is judged as its definition says, of operations that failed or whose outcome is not known', () => {
    fc.assert(
      fc.property(histories(6, ['ok', 'ok', 'info', 'fail']), (events) => {
        const history = toHistory(events, model);
        fc.pre(history.operations.some(({ outcome }) => outcome === 'ok'));
        const { verdict } = judgeConsistency(history, model, name, { clock, withPart: false });
        expect(verdict).toBe(satisfies(history, model, name) ? 'satisfied' : 'violation');
      }),
      { numRuns: 400 },
    );
  });

  test('implies what it is said to imply', () => {
    fc.assert(
      fc.property(histories(7, ['ok', 'ok', 'ok', 'info']), (events) => {
        const history = toHistory(events, model);
        const judge = (asked: typeof name | 'eventual') =>
          judgeConsistency(history, model, asked, { clock, withPart: false }).verdict;
        fc.pre(judge(name) === 'satisfied');
        for (const weaker of consistencyModels[name].implies) expect(judge(weaker)).not.toBe('violation');
      }),
      { numRuns: 200 },
    );
  });

  test('the part that is shown is a violation by itself, and none of its operations can be left out', () => {
    fc.assert(
      fc.property(histories(7, ['ok', 'ok', 'ok', 'info']), (events) => {
        const history = toHistory(events, model);
        const { verdict, part } = judgeConsistency(history, model, name, { clock });
        fc.pre(verdict === 'violation');
        const operations = part?.operations ?? [];
        expect(operations.length).toBeGreaterThan(0);
        expect(satisfies({ ...history, operations }, model, name)).toBe(false);
        expect(part?.isShortest).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
