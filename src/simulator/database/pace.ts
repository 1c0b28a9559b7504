/** How long a simulated database takes: for what it is asked, for its disk, and to notice that a client is gone. */

import { chance, type Random } from '../../environment/random.ts';
import type { ServerCondition } from '../scenario.ts';

/** How long a server takes to notice that the other side of a connection is gone: a reset, or silence. */
const resetMs = 50;
const silenceMs = 5_000;
const stallProbability = 0.2;
/** The longest stall, to which comes a multiple of the longest way to the server. */
const stallMs = 250;
const stallFactor = 4;

/** Draws what takes time, in milliseconds, under the condition in which a server is. */
export interface Pace {
  workMs(condition: ServerCondition): number;
  /** What has to be flushed waits for a slow disk or a standby now and then. */
  flushMs(condition: ServerCondition): number;
  /** Sooner or later, the server notices that the other side of a session's connection is gone. */
  noticeMs(): number;
}

/** @param kind as `ServerOptions` has it; some databases are quick and others far away or busy, for a whole run */
export function createPace(random: Random, kind: 'drawn' | 'steady'): Pace {
  const paceMs = kind === 'steady' || chance(random, 0.5) ? 2 : 2 + random.next() * 100;
  const workMs = ({ maxDelayMs }: ServerCondition): number => 0.1 + random.next() * Math.max(paceMs, maxDelayMs / 2);
  return {
    workMs,
    flushMs(condition) {
      const workedMs = workMs(condition);
      const isStalled = kind === 'drawn' && chance(random, stallProbability);
      return workedMs + (isStalled ? random.next() * (stallMs + stallFactor * condition.maxDelayMs) : 0);
    },
    noticeMs: () => (chance(random, 0.7) ? random.next() * resetMs : silenceMs),
  };
}
