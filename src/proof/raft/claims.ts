/** What Raft claims of entries and logs (Ongaro, Figure 3.2), said once for the checker and the simulator. */

import type { Entry, Log } from '../../../statecharts/raft.ts';

/** An entry as text: equal for equal entries. */
export function entryText(entry: Entry): string {
  if (entry.kind === 'command') return `${entry.term} command ${Array.from(entry.data).join('.')}`;
  return entry.kind === 'noop' ? `${entry.term} noop` : `${entry.term} members ${JSON.stringify(entry.members)}`;
}

/** Whether `log` has the entry, or has compacted it away. */
export function hasEntry(log: Log, index: number, text: string): boolean {
  if (index <= log.baseIndex) return true;
  const entry = log.entryAt(index);
  return entry !== undefined && entryText(entry) === text;
}

/** Figure 3.2, log matching: where two logs agree on a term, they agree on everything up to there. */
export function isMatching(one: Log, other: Log): boolean {
  const first = Math.max(one.baseIndex, other.baseIndex) + 1;
  let index = Math.min(one.lastIndex, other.lastIndex);
  while (index >= first && one.termAt(index) !== other.termAt(index)) index -= 1;
  for (; index >= first; index -= 1) {
    const [a, b] = [one.entryAt(index), other.entryAt(index)];
    if (a === undefined || b === undefined || entryText(a) !== entryText(b)) return false;
  }
  return true;
}

/** Terms ascend along a log (Ongaro, §3.6.1 rests on it). */
export function isAscending(log: Log): boolean {
  for (let index = log.baseIndex + 1; index <= log.lastIndex; index += 1) {
    if ((log.termAt(index - 1) ?? 0) > (log.termAt(index) ?? 0)) return false;
  }
  return true;
}
