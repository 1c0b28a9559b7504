/**
 * Virtual time: a clock that moves only when told to, from one due callback to the next, in the order of their times
 * and, at the same time, in the order in which they were asked for.
 */

import TinyQueue from 'tinyqueue';
import type { Clock, TimeoutHandle } from '../environment/clock.ts';

interface Due {
  readonly atMs: number;
  readonly handle: number;
  run: (() => void) | undefined;
}

/** A clock and the hand that moves it. */
export interface VirtualClock extends Clock {
  /** Runs the next due callback, moving time to it. @returns false when nothing is pending */
  runNext(): boolean;
  /** Runs everything that falls due within the next `ms` milliseconds, and moves time by exactly that. */
  advance(ms: number): void;
  /**
   * Runs callbacks until `condition` holds.
   *
   * @param limitMs virtual milliseconds after which it gives up
   * @throws Error when the limit is reached, or nothing is pending any more
   */
  runUntil(condition: () => boolean, limitMs: number): void;
  /** When the next callback is due, in milliseconds; undefined when nothing is pending. */
  nextAtMs(): number | undefined;
  /** Callbacks run so far. */
  readonly runs: number;
}

/**
 * No timeout but 0 is shorter than this, in milliseconds: what rounding has left of a span would otherwise be waited for
 * again and again, while no time passes.
 */
const shortestMs = 1e-6;

/** Makes a virtual clock that starts at 0 ms. */
export function createVirtualClock(): VirtualClock {
  const queue = new TinyQueue<Due>([], (a, b) => a.atMs - b.atMs || a.handle - b.handle);
  const pending = new Map<TimeoutHandle, Due>();
  let nowMs = 0;
  let lastHandle = 0;
  let runs = 0;

  const head = (): Due | undefined => {
    let due = queue.peek();
    while (due !== undefined && due.run === undefined) {
      queue.pop();
      due = queue.peek();
    }
    return due;
  };
  const schedule = (run: () => void, ms: number): TimeoutHandle => {
    if (!(ms >= 0 && Number.isFinite(ms))) throw new RangeError(`expected a delay of 0 ms or more, got ${ms}`);
    lastHandle += 1;
    const due: Due = { atMs: nowMs + (ms === 0 ? 0 : Math.max(ms, shortestMs)), handle: lastHandle, run };
    pending.set(due.handle, due);
    queue.push(due);
    return due.handle;
  };
  const runNext = (): boolean => {
    const due = head();
    if (due?.run === undefined) return false;
    queue.pop();
    pending.delete(due.handle);
    nowMs = due.atMs;
    runs += 1;
    due.run();
    return true;
  };

  return {
    nowMs: () => nowMs,
    setTimeout: schedule,
    clearTimeout(handle) {
      const due = pending.get(handle);
      if (due === undefined) return;
      due.run = undefined;
      pending.delete(handle);
    },
    enqueue: (run) => void schedule(run, 0),
    runNext,
    nextAtMs: () => head()?.atMs,
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let due = head(); due !== undefined && due.atMs <= untilMs; due = head()) runNext();
      nowMs = untilMs;
    },
    runUntil(condition, limitMs) {
      const untilMs = nowMs + limitMs;
      while (!condition()) {
        const due = head();
        if (due === undefined) throw new Error(`nothing is pending at ${nowMs} ms, and the condition does not hold`);
        if (due.atMs > untilMs) throw new Error(`the condition did not come true within ${limitMs} virtual ms`);
        runNext();
      }
    },
    get runs() {
      return runs;
    },
  };
}
