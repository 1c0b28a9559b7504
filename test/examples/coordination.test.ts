import { expect, test } from 'vitest';
import { succession } from '../../examples/election.ts';
import { oneAtATime } from '../../examples/store-lock.ts';
import { played, virtualEnvironment } from './virtual.ts';

test.each([1, 2, 3])('one worker at a time writes, and what comes late is refused (seed %i)', async (seed) => {
  const lines = await played(oneAtATime, virtualEnvironment(seed));
  const [cut, lost, late] = [
    'worker-1 is cut off',
    'worker-1 knows that it has lost the lock',
    'a late line of worker-1 is refused',
  ].map((line) => lines.indexOf(line));
  const [from, to] = [lines.indexOf('worker-2 writes'), lines.lastIndexOf('worker-1 writes')];
  expect(cut).toBeGreaterThan(lines.indexOf('worker-1 writes'));
  expect(lost).toBeGreaterThan(cut ?? lines.length);
  expect(from).toBeGreaterThan(lost ?? lines.length);
  expect(to).toBeLessThan(lost ?? 0);
  expect(late).toBeGreaterThan(from);
});

test.each([1, 2, 3])('one scheduler at a time leads, and others hear of each (seed %i)', async (seed) => {
  const lines = await played(succession, virtualEnvironment(seed));
  const [first, second] = [lines.indexOf('s1 starts a job'), lines.indexOf('s2 starts a job')];
  expect(first).toBeGreaterThanOrEqual(0);
  expect(second).toBeGreaterThan(lines.lastIndexOf('s1 starts a job'));
  // Between two leaders there may be nobody for a moment.
  const leaders = lines.filter((line) => line.startsWith('leader: ') && !line.endsWith('nobody'));
  expect(leaders).toEqual(['leader: s1', 'leader: s2']);
});
