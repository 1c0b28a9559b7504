/** The rules of a server, as its charts call them; the files in `rules/` have one subject each. */

import { refuseNotLeader } from './rules/commitment.ts';
import * as election from './rules/election.ts';
import * as following from './rules/following.ts';
import * as handOver from './rules/hand-over.ts';
import * as leading from './rules/leading.ts';
import * as membership from './rules/membership.ts';
import * as reconfiguring from './rules/reconfiguring.ts';
import * as snapshots from './rules/snapshots.ts';

export const raftRules = {
  ...election,
  ...following,
  ...handOver,
  ...leading,
  ...membership,
  ...reconfiguring,
  ...snapshots,
  refuseNotLeader,
};

/** The rules of a server; a proof replaces one of them to show that it would be missed. */
export type RaftRules = typeof raftRules;
