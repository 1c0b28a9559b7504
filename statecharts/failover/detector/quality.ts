/**
 * The quality of a detector (Chen, Toueg & Aguilera 2002, §2), from what it has told: how long it takes to detect a crash, how
 * often it is mistaken and for how long, and how likely it is right when it is asked. Whether a suspicion was a mistake
 * shows only as it ends: the node answers in the same life, or in a later one.
 */

import type { OpinionChange } from './messages.ts';

/** What a report is made of. Instants are of the detector's clock. */
export interface Observed {
  readonly startedMs: number;
  /** The suspicion that goes on, and when the node was last heard before it; null while there is none. */
  readonly suspicion: { readonly atMs: number; readonly heardMs: number } | null;
  readonly mistakes: number;
  readonly mistakenMs: number;
  readonly firstMistakeMs: number;
  readonly lastMistakeMs: number;
  readonly detections: number;
  readonly detectingMs: number;
  /** How long it has rightly suspected the node. */
  readonly rightlyMs: number;
}

/** The quality of a detector so far. Means are null before anything was seen of which they could be one. */
export interface DetectorQuality {
  /** Crashes that it has detected, known by the lives that followed. */
  readonly detections: number;
  /** T_D, at most: from the last answer before a crash to the suspicion, on average. */
  readonly detectionMs: number | null;
  readonly mistakes: number;
  /** T_MR: from one mistake to the next, on average. */
  readonly mistakeRecurrenceMs: number | null;
  /** T_M: until a mistake is corrected, on average. */
  readonly mistakeDurationMs: number | null;
  /** P_A: the share of the time in which the node lived, as far as that is known, and was not suspected; null at first. */
  readonly queryAccuracy: number | null;
}

/** Before anything was told. */
export const observedFrom = (atMs: number): Observed => ({
  startedMs: atMs,
  suspicion: null,
  mistakes: 0,
  mistakenMs: 0,
  firstMistakeMs: 0,
  lastMistakeMs: 0,
  detections: 0,
  detectingMs: 0,
  rightlyMs: 0,
});

/** Takes note of a change of opinion. */
export function observed(before: Observed, { opinion, why, atMs, heardMs }: OpinionChange): Observed {
  const { suspicion } = before;
  if (opinion === 'suspected') {
    return { ...before, suspicion: { atMs, heardMs: heardMs ?? before.startedMs } };
  }
  if (opinion === 'confirmed' || suspicion === null) return before;
  const lastedMs = atMs - suspicion.atMs;
  if (why.type === 'restarted') {
    return {
      ...before,
      suspicion: null,
      detections: before.detections + 1,
      detectingMs: before.detectingMs + suspicion.atMs - suspicion.heardMs,
      rightlyMs: before.rightlyMs + lastedMs,
    };
  }
  return {
    ...before,
    suspicion: null,
    mistakes: before.mistakes + 1,
    mistakenMs: before.mistakenMs + lastedMs,
    firstMistakeMs: before.mistakes === 0 ? suspicion.atMs : before.firstMistakeMs,
    lastMistakeMs: suspicion.atMs,
  };
}

/** The quality until `atMs`; a suspicion that goes on is left out. */
export function qualityOf(seen: Observed, atMs: number): DetectorQuality {
  const { mistakes, mistakenMs, detections, detectingMs, suspicion } = seen;
  const livedMs = (suspicion?.atMs ?? atMs) - seen.startedMs - seen.rightlyMs;
  return {
    detections,
    detectionMs: detections === 0 ? null : detectingMs / detections,
    mistakes,
    mistakeRecurrenceMs: mistakes < 2 ? null : (seen.lastMistakeMs - seen.firstMistakeMs) / (mistakes - 1),
    mistakeDurationMs: mistakes === 0 ? null : mistakenMs / mistakes,
    queryAccuracy: livedMs <= 0 ? null : 1 - mistakenMs / livedMs,
  };
}
