import { expect, test } from 'vitest';
import { handOver } from '../../examples/job-runner.ts';
import { played, virtualEnvironment } from './virtual.ts';

test.each([1, 2, 3])('one node works at a time, and another one when it stops (seed %i)', async (seed) => {
  const lines = await played(handOver, virtualEnvironment(seed));
  const stop = lines.findIndex((line) => line.endsWith('is stopped'));
  const workersIn = (part: readonly string[]) => [...new Set(part.map((line) => line.split(' ')[0]))];
  const before = workersIn(lines.slice(0, stop));
  const after = workersIn(lines.slice(stop + 1));
  expect(before).toHaveLength(1);
  expect(lines[stop]).toBe(`${before[0]} is stopped`);
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);
  const termOf = (line: string | undefined) => Number(line?.split(' ').at(-1));
  expect(termOf(lines.at(-1))).toBeGreaterThan(termOf(lines[0]));
});
