/** What may happen to an actor by itself: what it has told itself, what its journal is to write, and its timers. */

import type { Local } from './local.ts';
import { happening } from './outcomes.ts';

/** @param timerNumbers the numbers of its timers, by id. @returns pairs: the kind of what may happen, and its number */
export function ownHappeningsOf(local: Local, timerNumbers: ReadonlyMap<string, number>): readonly number[] {
  const happenings: number[] = [];
  if (local.life === 'running' || local.life === 'absent') {
    if (local.inbox.length > 0) happenings.push(happening.takeLocal, 0);
  }
  if (local.writes.length > 0 && local.life !== 'down') happenings.push(happening.flush, 0);
  if (local.life === 'running') {
    for (const armed of local.state?.armed ?? []) {
      happenings.push(happening.fire, timerNumbers.get(armed) ?? 0);
    }
  }
  return happenings;
}
