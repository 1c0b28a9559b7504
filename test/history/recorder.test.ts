import { expect, test } from 'vitest';
import { HistoryRecordError } from '../../src/history/errors.ts';
import { casRegister } from '../../src/history/models.ts';
import { readHistory } from '../../src/history/reader.ts';
import { createHistoryRecorder } from '../../src/history/recorder.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

test('what is recorded reads back', () => {
  const clock = createVirtualClock();
  const seen: string[] = [];
  const recorder = createHistoryRecorder({ clock, onLine: (line) => seen.push(line) });
  const write = recorder.invoke(1, { f: 'write', key: 'x', value: 3 });
  clock.advance(1.23456);
  const read = recorder.invoke('reader', { f: 'read', key: 'x' });
  const heal = recorder.fault('partition', 'n1 | n2 n3');
  recorder.moment('clock-jump', 'n2');
  clock.advance(2);
  write.info('connection lost');
  read.ok(null);
  heal();
  recorder.invoke(1, { f: 'cas', key: 'x', value: [1, 2] }).fail();

  expect(recorder.lines()).toEqual(seen);
  expect(seen[1]).toBe('{"process":"reader","type":"invoke","f":"read","key":"x","time":1.235}');
  const history = readHistory(recorder.lines(), casRegister());
  expect(history.operations.map(({ process, outcome, result }) => [process, outcome, result])).toEqual([
    [1, 'unknown', undefined],
    ['reader', 'ok', null],
    [1, 'failed', undefined],
  ]);
  expect(history.faults.map(({ kind, begin, end }) => [kind, begin.timeMs, end?.timeMs])).toEqual([
    ['partition', 1.235, 3.235],
    ['clock-jump', 1.235, 1.235],
  ]);
});

test('the first answer counts: one that comes after a timeout is too late', () => {
  const recorder = createHistoryRecorder({ clock: createVirtualClock() });
  const call = recorder.invoke(1, { f: 'write', value: 1 });
  expect([call.info(), call.ok(), call.fail()]).toEqual([true, false, false]);
  expect(recorder.lines()).toHaveLength(2);
});

test('a process that waits, and a value that JSON would change, are refused', () => {
  const recorder = createHistoryRecorder({ clock: createVirtualClock() });
  recorder.invoke(1, { f: 'read' });
  expect(() => recorder.invoke(1, { f: 'read' })).toThrow(HistoryRecordError);
  for (const value of [Number.NaN, new Uint8Array(1), () => 1, 1n, new Map()]) {
    expect(() => recorder.invoke(2, { f: 'write', value })).toThrow(HistoryRecordError);
  }
});

test('a full recorder takes answers, but no more invocations', () => {
  const recorder = createHistoryRecorder({ clock: createVirtualClock(), limit: 1 });
  const call = recorder.invoke(1, { f: 'read' });
  expect(recorder.isFull).toBe(true);
  expect(() => recorder.invoke(2, { f: 'read' })).toThrow(/at most 1 invocations/);
  expect(call.ok(null)).toBe(true);
});
