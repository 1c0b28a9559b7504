/** The jobs of one node: each runs to its end before the next one starts, however they come about. */

import type { Clock } from '../environment/clock.ts';

/** Runs a job now, or after the jobs at hand. */
export type Dispatch = (job: () => void) => void;

/** The queue of one node's jobs. */
export interface Jobs {
  readonly dispatch: Dispatch;
  /** How many wait, or are being done in this turn. */
  readonly waiting: number;
}

/** Jobs done in one turn before the rest of the process gets its own. */
const jobsPerTurn = 1_000;

/** Makes the queue of one node's jobs. What a job throws surfaces where it ran; the rest are done next. */
export function createJobs(clock: Clock): Jobs {
  const jobs: (() => void)[] = [];
  let isWorking = false;
  const work = (): void => {
    isWorking = true;
    let done = 0;
    try {
      while (done < jobs.length && done < jobsPerTurn) {
        done += 1;
        jobs[done - 1]?.();
      }
    } finally {
      jobs.splice(0, done);
      isWorking = jobs.length > 0;
      if (isWorking) clock.enqueue(work);
    }
  };
  return {
    dispatch(job) {
      jobs.push(job);
      if (!isWorking) work();
    },
    get waiting() {
      return jobs.length;
    },
  };
}
