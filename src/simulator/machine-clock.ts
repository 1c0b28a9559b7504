/**
 * The clock of one simulated machine, on top of the virtual time that all share: it may run too fast or too slow, stand
 * still while the machine is paused, and dies with it.
 */

import type { Clock, TimeoutHandle } from '../environment/clock.ts';

/** A machine's clock and its faults. */
export interface MachineClock extends Clock {
  /** Stands still: what falls due waits. */
  pause(): void;
  /** Runs what fell due meanwhile, in order, and goes on. */
  resume(): void;
  /** Runs at `rate` times the true speed from now on; 1 is true. */
  setRate(rate: number): void;
  /** Never calls anybody again. */
  kill(): void;
}

/** Makes a machine's clock over the shared virtual `time`. */
export function createMachineClock(time: Clock): MachineClock {
  const pending = new Set<TimeoutHandle>();
  let held: { readonly handle: TimeoutHandle; readonly run: () => void }[] = [];
  let isPaused = false;
  let isDead = false;
  let rate = 1;
  let anchorMs = time.nowMs();
  let anchorLocalMs = anchorMs;

  const schedule = (run: () => void, ms: number): TimeoutHandle => {
    if (isDead) return 0;
    const handle = time.setTimeout(() => {
      pending.delete(handle);
      // What falls due while a resumed machine catches up waits for its turn.
      if (isPaused || held.length > 0) held.push({ handle, run });
      else run();
    }, ms / rate);
    pending.add(handle);
    return handle;
  };
  const nowMs = (): number => anchorLocalMs + (time.nowMs() - anchorMs) * rate;
  const releaseNext = (): void => {
    if (isPaused || isDead) return;
    const next = held.shift();
    if (next === undefined) return;
    next.run();
    if (held.length > 0) time.enqueue(releaseNext);
  };

  return {
    nowMs,
    setTimeout: schedule,
    enqueue: (run) => void schedule(run, 0),
    clearTimeout(handle) {
      if (pending.delete(handle)) time.clearTimeout(handle);
      else if (held.length > 0) held = held.filter((it) => it.handle !== handle);
    },
    pause() {
      isPaused = true;
    },
    resume() {
      if (!isPaused) return;
      isPaused = false;
      time.enqueue(releaseNext);
    },
    setRate(next) {
      anchorLocalMs = nowMs();
      anchorMs = time.nowMs();
      rate = next;
    },
    kill() {
      isDead = true;
      held = [];
      for (const handle of pending) time.clearTimeout(handle);
      pending.clear();
    },
  };
}
