/**
 * A failover in closed form. Two detectors suspect the primary alike, and each asks the other, once in every interval, until it hears
 * that it does, too (SWIM, Das, Gupta & Motivala 2002, §4.2); those rounds are independent. What follows takes a standby that can take
 * over: the coverage (Bouricius, Carter & Schneider 1969), with which `failoverAvailability` tells the downtime.
 */

import { availability, failoverAvailability } from '../../../odds.ts';
import { type FormulaAnswers, formulaOf, notGiven } from '../../odds/quantities.ts';
import { roundTrip, yearMs } from '../../odds/quorums.ts';
import type { FailoverOddsParameters } from './group.ts';
import { detecting, lastHeardMs, times } from './times.ts';

/** Detectors ask for the first time after a probe in vain, and twice in all before the deadline. */
const rounds = 2;
/** From when a detector confirms until clients are sent to the next primary: the manager fences, chooses, and promotes. */
const takeoverMs = 2;

/** How probable it is that the manager's detector hears in time that the other one suspects the primary as well. */
export const detectedOf = (loss: number): number => 1 - (1 - roundTrip(loss)) ** rounds;

/** How probable it is that the standby runs, and holds all of the primary's when that dies. */
export const readyOf = ({ loss, mttfMs, mttrMs }: FailoverOddsParameters): number =>
  (1 - loss) * availability({ mttfMs, mttrMs });

/** What is the same whichever factor comes first; `able`: how probable it is that the standby can take over. */
export function takeoverFormulas(
  { loss, mttfMs, mttrMs }: FailoverOddsParameters,
  able: number,
): Omit<FormulaAnswers, 'prepare' | 'commitIfPrepared' | 'commit'> {
  const heard = roundTrip(loss);
  const askedMs = lastHeardMs + times.freshMs + detecting.probeTimeoutMs;
  const firstMs = askedMs + detecting.suspicionMinMs + takeoverMs;
  // As the time to refute is over, it confirms as soon as it has heard.
  const secondMs = askedMs + detecting.intervalMs + 2 * times.messageMs + 1 + takeoverMs;
  const completed = [able * heard, able * (1 - heard) * heard] as const;
  const latencyMs =
    completed[0] * firstMs + completed[1] * secondMs + (1 - completed[0] - completed[1]) * times.deadlineMs;
  /** Of one detector: its question, and the other one's answer. */
  const round = 2 - loss;
  return {
    blocked: notGiven('a run ends before; clients wait for as long as the latency says'),
    latencyMs: formulaOf(latencyMs),
    messages: formulaOf(round * (2 + (1 - heard) * (able * (2 - heard) + 2 * (1 - able)))),
    // Each detector writes down that it has begun a life.
    flushes: formulaOf(2),
    downtimeMsPerYear: formulaOf(
      yearMs *
        (1 -
          failoverAvailability({
            mttfMs,
            mttrMs,
            coverage: completed[0] + completed[1],
            switchMs: firstMs - times.crashMs,
          })),
    ),
  };
}
