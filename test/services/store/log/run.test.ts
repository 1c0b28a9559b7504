import { expect, test } from 'vitest';
import { Backlog } from '../../../../src/services/store/backlog.ts';
import { runOf } from '../../../../src/services/store/log/run.ts';

test('an entry of a run is made when it is taken, and no sooner', () => {
  const made: number[] = [];
  const entryOf = (index: number) => {
    made.push(index);
    return { index, token: 1, command: undefined };
  };
  const backlog = new Backlog();
  backlog.add(runOf([1, 2, 3], entryOf));
  expect(made).toEqual([]);
  expect(backlog.next()?.index).toBe(1);
  expect(made).toEqual([1]);
  expect([backlog.next()?.index, backlog.next()?.index, backlog.next()]).toEqual([2, 3, undefined]);
  expect(made).toEqual([1, 2, 3]);
});

test('a run is gone through in order, and ends', () => {
  const run = runOf(['a', 'b'], (token) => ({ index: 7, token, command: undefined }));
  expect(run.length).toBe(2);
  expect([...run].map(({ token }) => token)).toEqual(['a', 'b']);
  expect(run.at(2)).toBeUndefined();
});
