/** The protocols of the project: the one list that is edited when there is another. */

import { agree } from './agree/protocol.ts';
import { casPaxos } from './caspaxos/protocol.ts';
import { detector } from './detector/protocol.ts';
import { failover, failoverCharts } from './failover/protocol.ts';
import { paxos, paxosMembers, paxosReplacement } from './paxos/protocol.ts';
import { primaryBackup, primaryBackupAsync } from './primary-backup/protocol.ts';
import type { Protocol } from './protocol.ts';
import { raft, raftMembers, raftReplacement } from './raft/protocol.ts';
import {
  paxosCommit,
  twoPhaseCommit,
  twoPhaseCommitLast,
  twoPhaseCommitRegister,
} from './two-phase-commit/protocol.ts';

export const protocols: readonly Protocol[] = [
  raft,
  raftReplacement,
  raftMembers,
  paxos,
  paxosReplacement,
  paxosMembers,
  primaryBackup,
  primaryBackupAsync,
  agree,
  casPaxos,
  twoPhaseCommit,
  twoPhaseCommitLast,
  twoPhaseCommitRegister,
  paxosCommit,
  detector,
  failover,
  failoverCharts,
];
