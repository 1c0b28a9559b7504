import { expect, test } from 'vitest';
import { sampling } from '../../src/host/sampling.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

test('one write at a time is timed, none that failed, and each is told what became of it', () => {
  const clock = createVirtualClock();
  const taken: number[] = [];
  const told: unknown[] = [];
  const timed = sampling(clock, (ms) => taken.push(ms));
  const write = (name: string) => timed((error) => told.push(error?.message ?? name));
  const [first, second] = [write('first'), write('second')];
  clock.advance(3);
  first();
  second();
  expect(taken).toEqual([3]);
  const failing = write('failing');
  clock.advance(5);
  failing(new Error('full'));
  const third = write('third');
  clock.advance(2);
  third();
  expect(taken).toEqual([3, 2]);
  expect(told).toEqual(['first', 'second', 'full', 'third']);
});
