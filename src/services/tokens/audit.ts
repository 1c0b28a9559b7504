/** What an audit log has: who has changed what, and who was refused. */

import type { Clock } from '../../environment/clock.ts';

/** One entry, without its time. */
export interface AuditEntry {
  /** The name of the token; `clients` for that of all clients, `open` where none was needed; left out where none was known. */
  readonly who?: string;
  /** The address of the connection. */
  readonly from: string;
  /** That of HTTP; `TCP` for what came over the bus. */
  readonly method: string;
  /** The path of the route, such as `/kv/*`; over the bus what was asked, such as `put`. */
  readonly route: string;
  /** The keys that it names: some of them, where they are many, and the beginnings of those that are long. */
  readonly keys?: readonly string[];
  /** The lease that it names, as it was written. */
  readonly lease?: string;
  /** The namespace that it names. */
  readonly namespace?: string;
  /** The nodes that a change of members, or of the leader, names. */
  readonly nodes?: readonly string[];
  /** As HTTP answers, or would. */
  readonly status: number;
  /** What was wrong. */
  readonly code?: string;
  /** How many more were refused before this one, and are not told, as there were too many at once. */
  readonly untold?: number;
}

/** Takes entries. */
export type Audit = (entry: AuditEntry) => void;

/** Strangers could fill the log: so many of those refused are told within a second. */
const refusedPerSecond = 20;
const keysLimit = 16;
const textLength = 256;

/** A text as an entry has it. */
export const cut = (text: string): string => text.slice(0, textLength);

/** Keys as an entry has them. */
export const toldKeys = (keys: readonly string[]): Pick<AuditEntry, 'keys'> =>
  keys.length === 0 ? {} : { keys: keys.slice(0, keysLimit).map(cut) };

/** @returns how many were not told since the last one that was; undefined for one that is not told */
export function createRefusalBudget({ nowMs }: Clock): () => number | undefined {
  let sinceMs = -Infinity;
  let told = 0;
  let untold = 0;
  return () => {
    const now = nowMs();
    if (now - sinceMs >= 1_000) {
      sinceMs = now;
      told = 0;
    }
    if (told >= refusedPerSecond) {
      untold += 1;
      return undefined;
    }
    told += 1;
    const before = untold;
    untold = 0;
    return before;
  };
}
