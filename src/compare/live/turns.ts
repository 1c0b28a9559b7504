/**
 * Turns of one client: one operation at a time, and of those that wait the latest first. After a time in which nothing was done those
 * that wait longest are about to be given up; with them first, none would be done in time any more.
 */

import type { Clock } from '../../environment/clock.ts';
import type { OperationEnd } from '../../simulator/scenario.ts';

export interface Turns {
  /** Does `act`, which never rejects, once it is its turn; one whose turn has not come at `untilMs` has not happened, and never will. */
  take(act: () => Promise<OperationEnd>, untilMs: number): Promise<OperationEnd>;
}

/** Makes the turns of a client. */
export function createTurns(clock: Clock): Turns {
  const waiting = new Set<() => void>();
  let isTaken = false;
  const next = (): void => {
    const latest = [...waiting].at(-1);
    isTaken = latest !== undefined;
    latest?.();
  };
  return {
    take: (act, untilMs) =>
      new Promise((resolve) => {
        const begin = (): void => {
          isTaken = true;
          waiting.delete(begin);
          clock.clearTimeout(timeout);
          void act().then(resolve).finally(next);
        };
        const timeout = clock.setTimeout(() => {
          waiting.delete(begin);
          resolve({ type: 'failed', reason: 'its turn did not come in time' });
        }, untilMs - clock.nowMs());
        if (isTaken) waiting.add(begin);
        else begin();
      }),
  };
}
