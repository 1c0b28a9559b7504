/**
 * Whether the state of a node is worth a stale answer. A node that was started has its log, and does not know how much of it
 * is committed before a leader has told it: until then its state is older than what it had, and lacks keys that exist.
 */

import type { ReplicatedLog } from '../log/replicated-log.ts';
import type { Replica } from '../replica.ts';

export interface CatchingUp {
  /** Whether a leader is known, or was, and all is applied that the log held at the start and still holds. */
  readonly isOver: boolean;
  /** Who leads may have changed. */
  changed(): void;
  /** What was applied is void. */
  startOver(): void;
}

/** @param log of which nothing was followed yet */
export function createCatchingUp(log: ReplicatedLog, replica: Replica): CatchingUp {
  const recoveredIndex = log.status().lastIndex;
  let hasLeader = log.leader !== undefined;
  let isOver = false;
  return {
    get isOver() {
      if (isOver || !hasLeader || replica.isRestoring || replica.appliedIndex === 0) return isOver;
      // Entries that were never committed have given way to fewer others, perhaps.
      isOver = replica.appliedIndex >= Math.min(recoveredIndex, log.status().lastIndex);
      return isOver;
    },
    changed() {
      hasLeader ||= log.leader !== undefined;
    },
    startOver() {
      isOver = false;
    },
  };
}
