/** The event log of a run: what happened, in order; kept as lines, or only as a digest that is equal for equal logs. */

import type { Clock } from '../environment/clock.ts';

/** A run's log. */
export interface EventLog {
  add(kind: string, ...details: readonly string[]): void;
  /** Depends on every byte of every line. */
  readonly digest: string;
  /** Empty unless lines are kept. */
  readonly lines: readonly string[];
  readonly count: number;
}

/** Makes an empty log on virtual time. */
export function createEventLog(time: Clock, keepsLines: boolean): EventLog {
  const lines: string[] = [];
  let count = 0;
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  let atMs = Number.NaN;
  let at = '';
  /** The present instant as text: one that is no whole number is written out slowly, and has many lines. */
  const now = (): string => {
    const nowMs = time.nowMs();
    if (nowMs !== atMs) {
      atMs = nowMs;
      at = String(nowMs);
    }
    return at;
  };
  /** Of a line in pieces comes the same as of the whole. */
  const mix = (text: string): void => {
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x85ebca6b);
    }
  };
  return {
    add(kind, ...details) {
      count += 1;
      if (keepsLines) lines.push(`${now()} ${kind} ${details.join(' ')}`);
      mix(now());
      mix(' ');
      mix(kind);
      if (details.length === 0) mix(' ');
      for (const detail of details) {
        mix(' ');
        mix(detail);
      }
    },
    get digest() {
      return `${(high >>> 0).toString(16).padStart(8, '0')}${(low >>> 0).toString(16).padStart(8, '0')}`;
    },
    lines,
    get count() {
      return count;
    },
  };
}
