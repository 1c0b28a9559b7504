/**
 * Time. Everything that waits, or asks how late it is, does so through a `Clock` that was passed in: the system's in
 * production, a virtual one in tests and under simulation.
 */

/** Names a pending timeout; only the clock that gave it out knows what it is. */
export type TimeoutHandle = object | number;

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

/** When the system's clock was at 0, in milliseconds of the epoch: for what people are shown, and for no decision. */
export const systemOriginMs: number = performance.timeOrigin;

/** The time of day, in milliseconds of the epoch, which may jump: for comparisons that people are shown, and for no decision. */
export const timeOfDayMs = (): number => Date.now();

/** Resolves `ms` milliseconds from now. */
export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms));

/** Rounds of a queue within one turn of the platform. */
const roundsPerTurn = 2;
/** A turn that has taken so long already is followed by what else the process has to do. */
const shortTurnMs = 0.5;

/**
 * The system's monotonic clock. `setTimeout` keeps the process alive while it is pending. What was enqueued by a turn that
 * was short follows at once, after the promises that it settled: a turn of the platform's loop costs as much as the work
 * in it, and a server's answer comes about in two.
 */
export function systemClock(): Clock {
  let queue: (() => void)[] = [];
  let isDue = false;
  let roundsLeft = 0;
  let sinceMs = 0;
  const begin = (): void => {
    roundsLeft = roundsPerTurn;
    sinceMs = performance.now();
    drain();
  };
  const drain = (): void => {
    const due = queue;
    queue = [];
    let done = 0;
    try {
      for (; done < due.length; done += 1) due[done]?.();
    } catch (error) {
      // The rest of the turn must still run; the error surfaces as an uncaught one, as from any callback.
      queue = [...due.slice(done + 1), ...queue];
      throw error;
    } finally {
      roundsLeft -= 1;
      isDue = queue.length > 0;
      if (isDue) {
        if (roundsLeft > 0 && performance.now() - sinceMs < shortTurnMs) queueMicrotask(drain);
        else nextTurn(begin);
      }
    }
  };
  return {
    nowMs: () => performance.now(),
    setTimeout(run, ms) {
      const pending = new PendingTimeout();
      pending.wait(run, ms);
      return pending;
    },
    clearTimeout(handle) {
      if (handle instanceof PendingTimeout) handle.cancel();
    },
    enqueue(run) {
      queue.push(run);
      if (isDue) return;
      isDue = true;
      nextTurn(begin);
    },
  };
}

/** A longer timeout of the platform would fire at once. */
const longestTimeoutMs = 2 ** 31 - 1;

/** Holds the platform's timeout itself: a table of all that are pending would cost more than the timeouts. */
class PendingTimeout {
  #timeout: ReturnType<typeof setTimeout> | undefined;

  wait(run: () => void, ms: number): void {
    this.#timeout =
      ms > longestTimeoutMs
        ? setTimeout(() => this.wait(run, ms - longestTimeoutMs), longestTimeoutMs)
        : setTimeout(run, ms);
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}

/** Browsers have no `setImmediate`; there a turn costs a timeout. */
const nextTurn: (run: () => void) => void =
  typeof setImmediate === 'function' ? setImmediate : (run) => void setTimeout(run, 0);
