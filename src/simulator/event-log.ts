/** The event log of a run: what happened, in order; kept as lines, or only as a digest that is equal for equal logs. */

import type { Clock } from '../environment/clock.ts';

/** A run's log. */
export interface EventLog {
  add(kind: string, ...details: readonly string[]): void;
  /** Depends on every byte of every line, and on every bit of its time. */
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
  /** The present instant, and the same as bits: as text, one that is no whole number is written out slowly. */
  const at = new Float64Array(1);
  const atBits = new Uint32Array(at.buffer);
  const mixCode = (code: number): void => {
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  };
  /** Of a line in pieces comes the same as of the whole. */
  const mix = (text: string): void => {
    for (let index = 0; index < text.length; index += 1) mixCode(text.charCodeAt(index));
  };
  return {
    add(kind, ...details) {
      count += 1;
      const nowMs = time.nowMs();
      if (keepsLines) lines.push(`${nowMs} ${kind} ${details.join(' ')}`);
      at[0] = nowMs;
      for (const bits of atBits) mixCode(bits);
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
