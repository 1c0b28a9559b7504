/**
 * Time. Everything that waits, or asks how late it is, does so through a `Clock` that was passed in: the system's in
 * production, a virtual one in tests and under simulation.
 */

/** Names a pending timeout of the clock that gave it out. */
export type TimeoutHandle = number;

/** A source of time; XState takes it as it is. */
export interface Clock {
  /** Monotonic milliseconds since some moment in the past; says nothing about the time of day. */
  nowMs(): number;
  /** Calls `run` once, `ms` milliseconds from now. */
  setTimeout(run: () => void, ms: number): TimeoutHandle;
  /** Cancels a timeout; one that has fired or was cancelled is ignored. */
  clearTimeout(handle: TimeoutHandle): void;
  /** Calls `run` in a later turn of the queue, after what was enqueued before it, without waiting for time to pass. */
  enqueue(run: () => void): void;
}

/** The system's monotonic clock. `setTimeout` keeps the process alive while it is pending. */
export function systemClock(): Clock {
  const pending = new Map<TimeoutHandle, ReturnType<typeof setTimeout>>();
  let lastHandle = 0;
  let queue: (() => void)[] = [];
  const drain = (): void => {
    const due = queue;
    queue = [];
    for (let index = 0; index < due.length; index += 1) {
      try {
        due[index]?.();
      } catch (error) {
        // The rest of the turn must still run; the error surfaces as an uncaught one, as from any callback.
        queue = [...due.slice(index + 1), ...queue];
        if (queue.length > 0) nextTurn(drain);
        throw error;
      }
    }
  };
  return {
    nowMs: () => performance.now(),
    setTimeout(run, ms) {
      lastHandle += 1;
      const handle = lastHandle;
      const wait = (leftMs: number): void => {
        const stepMs = Math.min(leftMs, longestTimeoutMs);
        const onTimeout = (): void => {
          if (leftMs > stepMs) {
            wait(leftMs - stepMs);
            return;
          }
          pending.delete(handle);
          run();
        };
        pending.set(handle, setTimeout(onTimeout, stepMs));
      };
      wait(ms);
      return handle;
    },
    clearTimeout(handle) {
      clearTimeout(pending.get(handle));
      pending.delete(handle);
    },
    enqueue(run) {
      queue.push(run);
      if (queue.length === 1) nextTurn(drain);
    },
  };
}

/** A longer timeout of the platform would fire at once. */
const longestTimeoutMs = 2 ** 31 - 1;

/** Browsers have no `setImmediate`; there a turn costs a timeout. */
const nextTurn: (run: () => void) => void =
  typeof setImmediate === 'function' ? setImmediate : (run) => void setTimeout(run, 0);
