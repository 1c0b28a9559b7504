import { expect, test } from 'vitest';
import { createJobs } from '../../src/host/jobs.ts';
import { createVirtualClock } from '../../src/simulator/virtual-clock.ts';

test('jobs beyond what one turn takes wait for the next, and are counted', () => {
  const clock = createVirtualClock();
  const jobs = createJobs(clock);
  let done = 0;
  jobs.dispatch(() => {
    for (let number = 1; number < 1_500; number += 1) {
      jobs.dispatch(() => {
        done += 1;
      });
    }
  });
  expect([done, jobs.waiting]).toEqual([999, 500]);
  while (clock.runNext()) {}
  expect([done, jobs.waiting]).toEqual([1_499, 0]);
});
