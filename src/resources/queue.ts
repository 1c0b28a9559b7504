/** Runs asynchronous jobs one at a time, in the order in which they were asked for. */

import { ResourceBusyError } from './errors.ts';

export interface SerialQueue {
  /** @throws ResourceBusyError when too many jobs wait */
  run<T>(job: () => Promise<T>): Promise<T>;
  /** Whether a job runs or waits. */
  readonly isBusy: boolean;
}

export function createSerialQueue(what: string, maxWaiting: number): SerialQueue {
  let last: Promise<unknown> = Promise.resolve();
  let count = 0;
  return {
    run(job) {
      if (count > maxWaiting) {
        return Promise.reject(
          new ResourceBusyError(`expected at most ${maxWaiting} statements waiting in ${what}; await them one by one`),
        );
      }
      count += 1;
      const result = last.then(job, job);
      const done = (): void => {
        count -= 1;
      };
      last = result.then(done, done);
      return result;
    },
    get isBusy() {
      return count > 0;
    },
  };
}
