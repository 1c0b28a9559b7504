/** The rules of a server, as its charts call them; the files in `rules/` have one subject each. */

import { refuseNotLeader } from './rules/choosing.ts';
import * as election from './rules/election.ts';
import * as following from './rules/following.ts';
import * as handOver from './rules/hand-over.ts';
import * as leading from './rules/leading.ts';
import * as membership from './rules/membership.ts';
import * as phase1 from './rules/phase1.ts';
import * as reconfiguring from './rules/reconfiguring.ts';
import {
  begin,
  compact,
  endTransfer,
  forgetIncoming,
  isIncoming,
  isSnapshotNews,
  takeSnapshot,
} from './rules/snapshots.ts';

export const paxosRules = {
  ...election,
  ...following,
  ...handOver,
  ...leading,
  ...membership,
  ...phase1,
  ...reconfiguring,
  begin,
  compact,
  endTransfer,
  forgetIncoming,
  isIncoming,
  isSnapshotNews,
  refuseNotLeader,
  takeSnapshot,
};

/** The rules of a server; a proof replaces one of them to show that it would be missed. */
export type PaxosRules = typeof paxosRules;
