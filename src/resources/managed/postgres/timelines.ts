/**
 * Which timeline an epoch is on. PostgreSQL numbers a new timeline by what the promoted server knows: two servers that do
 * not know of each other's promotion would take the same number, and what they wrote would pass for the same, which neither a
 * standby nor pg_rewind would notice. So each epoch has a number of its own: as many after a first one as the epoch is. The
 * numbers in between are given away by empty history files, which is how PostgreSQL knows that a number is taken.
 */

import { ServerRefusedError } from '../errors.ts';
import { historyFileOf } from './positions.ts';
import { type Ask, writingFile } from './session.ts';
import { change } from './settings.ts';

/** So many epochs may go by without a promotion. */
const maxGap = 10_000;

/** Sees to it that a standby on `timeline`, once promoted, is on that of the epoch; for one that takes no more data. */
export async function reserveTimelines(ask: Ask, from: number, epoch: number, timeline: number): Promise<void> {
  const gap = from + epoch - 1 - timeline;
  if (gap <= 0) return;
  if (gap > maxGap) {
    throw new ServerRefusedError(
      'NOT_POSSIBLE',
      `expected at most ${maxGap} epochs since the last promotion, got ${gap}; promote a server by hand, and found the group anew`,
    );
  }
  // A standby that starts would take the last of these files for where it should read on.
  await change(ask, { recovery_target_timeline: 'current' });
  for (let number = timeline + 1; number <= timeline + gap; number += 1) {
    await ask.rows(writingFile(historyFileOf(number), '# given away'));
  }
}
