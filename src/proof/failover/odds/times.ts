/**
 * How time is taken apart for the odds of a failover: in milliseconds, with one for every message and for every operation of a
 * server. What detectors wait for is a little less than their defaults, so that no two timers end in the same millisecond.
 */

import type { DetectorSettings } from '../../../../statecharts/failover.ts';

/** Nothing is asked of relays: all detectors watch, and each reaches the server, or none does. */
export const detecting = {
  intervalMs: 100,
  probeTimeoutMs: 80,
  suspicionMinMs: 90,
  relays: 0,
} satisfies Partial<DetectorSettings>;

export const times = {
  messageMs: 1,
  operationMs: 1,
  /** How long a server may be silent before it is probed. */
  freshMs: 400,
  /** When a client writes, which the manager sees at its next look at the primary. */
  writtenMs: 200,
  /** When the primary's machine dies: all is silent from then on. */
  crashMs: 325,
  /** How long a standby waits for a part of the stream that was lost: the least time after which TCP sends it again (RFC 6298; Linux). */
  resentMs: 200,
  /** Until when the detectors must have agreed, and the failover be completed, from the beginning on. */
  deadlineMs: 975,
} as const;

/** When the last ping before the crash is sent that the server answers, and how long its answer takes. */
const lastPingMs = Math.floor((times.crashMs - 1) / detecting.intervalMs) * detecting.intervalMs;
export const lastHeardMs = lastPingMs + 2 * times.operationMs;
