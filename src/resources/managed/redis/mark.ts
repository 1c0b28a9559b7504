/**
 * The mark of a Redis primary, as it stands in its data: promotion and each other in-sync set write it, and a proxy confirms
 * nothing unless it is the one that it knows.
 */

import * as v from 'valibot';
import { type Mark, mark } from '../../../../statecharts/failover/servers.ts';

/** The key that holds the mark of a group's primary. */
export const markKey = (group: string): string => `quorate:${group}`;

/** How a mark is written. */
export const markText = ({ epoch, version }: Mark): string => JSON.stringify({ epoch, version });

/** Reads a mark; null for what is none. */
export function markIn(text: string | null): Mark | null {
  if (text === null) return null;
  try {
    const parsed = v.safeParse(mark, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}
