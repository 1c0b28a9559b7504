/** What becomes of the attempts to replace a server in a run, as the members of the log show it. */

import type { LogMembers } from '../../services/store/log/members.ts';

/** What must happen in some run in which a server is replaced. */
export const replacementGoals = ['a server was replaced', 'a replacement was given up'] as const;

/** Watches the members in one run. */
export interface Replacements {
  /** Looks at what one server knows of them; one that is down knows nothing. */
  look(members: LogMembers | undefined): void;
  readonly reached: ReadonlySet<string>;
}

export function createReplacements(): Replacements {
  const reached = new Set<string>();
  /** The entry with which the first change that was seen began. */
  let begunAt = Infinity;
  return {
    look(members) {
      if (members === undefined) return;
      const { change, index, isSettled, retired } = members;
      if (change !== null) begunAt = Math.min(begunAt, index);
      else if (!isSettled) return;
      else if (retired.length > 0) reached.add('a server was replaced');
      else if (index > begunAt) reached.add('a replacement was given up');
    },
    reached,
  };
}
