/**
 * The systems that can be checked, as data: a thread can be sent it, and makes the model of it where it is checked. A
 * protocol that is to be checked from the command line is one more kind here.
 */

import { type CheckOptions, type CheckResult, check } from '../../checker.ts';
import { raftTwins } from '../../proof/raft/broken.ts';
import { type RaftModelOptions, raftModel } from '../../proof/raft/model.ts';
import { brokenTwins } from '../../proof/two-phase-commit/broken.ts';
import { type TwoPhaseCommitOptions, twoPhaseCommitModel } from '../../proof/two-phase-commit/model.ts';

/** What may happen in a Raft cluster. */
export type RaftBounds = Omit<RaftModelOptions, 'broken'>;
/** What may happen to a transaction. */
export type TwoPhaseCommitBounds = Omit<TwoPhaseCommitOptions, 'broken'>;

/** `broken` names a twin to check instead; `bounds` then replace those by which it is found out. */
export type System =
  | { readonly protocol: 'raft'; readonly bounds: RaftBounds; readonly broken?: string }
  | { readonly protocol: '2pc'; readonly bounds: TwoPhaseCommitBounds; readonly broken?: string };

/** The broken twins of each protocol, by name. */
export const twinNames: Readonly<Record<System['protocol'], readonly string[]>> = {
  raft: raftTwins.map(({ name }) => name),
  '2pc': Object.keys(brokenTwins),
};

/** Checks a system here and now. @throws what `check` throws */
export function checkSystem(system: System, how: CheckOptions): CheckResult {
  const { bounds, broken } = system;
  switch (system.protocol) {
    case 'raft': {
      const twin = raftTwins.find(({ name }) => name === broken);
      return check(raftModel({ ...twin?.checker.options, ...bounds, ...(twin && { broken: twin.broken }) }), how);
    }
    case '2pc': {
      const twin = Object.entries(brokenTwins).find(([name]) => name === broken)?.[1];
      return check(twoPhaseCommitModel({ ...twin?.options, ...bounds, ...(twin && { broken: twin.broken }) }), how);
    }
  }
}
