/** The odds of all protocols, in the order of tables: the one list that is edited when there are others. */

import { paxosOdds } from '../agree/odds.ts';
import { failoverOdds, standbyOdds } from '../failover/odds.ts';
import type { ProtocolOdds } from '../odds.ts';
import { primaryBackupOdds } from '../primary-backup/odds.ts';
import { raftOdds } from '../raft/odds.ts';
import { twoPhaseCommitOdds } from '../two-phase-commit/odds.ts';

export const protocolOdds: readonly ProtocolOdds[] = [
  twoPhaseCommitOdds,
  paxosOdds,
  raftOdds,
  primaryBackupOdds,
  failoverOdds,
  standbyOdds,
];
