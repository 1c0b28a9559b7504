import { expect, test } from 'vitest';
import { checkHistory, createHistoryRecorder, type History, keyValue, readHistory } from '../../src/history.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';
import { doubtOf, noteVersion, nothingHeard, withoutLosses, wrongLosses } from './losses.ts';

const epoch = 2 ** 28;

test('the last writes of an epoch may be lost, and no more than so many', () => {
  const isDoubtful = doubtOf([1, 2, epoch + 1]);
  expect(wrongLosses([3, 4], isDoubtful, 2)).toEqual([]);
  expect(wrongLosses([3, 4], isDoubtful, 1)).toEqual(['2 writes of epoch 0 are gone, and at most 1 may be']);
});

test('a write is not lost before another one of its epoch', () => {
  expect(wrongLosses([1], doubtOf([2]), 10)).toEqual([
    'version 1 was acknowledged and is gone, and a later one of its epoch is there',
  ]);
});

/** A client writes v1 and v2, and sees v2; then another one sees what `seen` says. */
function historyEndingIn(seen: string): History {
  const recorder = createHistoryRecorder({ clock: createVirtualClock() });
  recorder.invoke('a', { f: 'put', key: 'x', value: 'v1' }).ok();
  recorder.invoke('a', { f: 'put', key: 'x', value: 'v2' }).ok();
  recorder.invoke('a', { f: 'get', key: 'x' }).ok('v2');
  recorder.invoke('b', { f: 'get', key: 'x' }).ok(seen);
  return readHistory(recorder.lines(), keyValue());
}

test.each([
  ['a write that was lost is left out of a history', [1], 'linearizable'],
  ['a write that is there is not', [1, 2], 'violation'],
])('%s', (_name, kept, verdict) => {
  const heard = nothingHeard();
  noteVersion(heard, 'v1', 1);
  noteVersion(heard, 'v2', 2);
  const clock = createVirtualClock();
  const judged = withoutLosses(historyEndingIn('v1'), heard, doubtOf(kept));
  expect(checkHistory(judged, keyValue(), { clock }).verdict).toBe(verdict);
});
