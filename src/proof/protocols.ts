/** The protocols of the project: the one list that is edited when there is another. */

import { agree } from './agree/protocol.ts';
import { casPaxos } from './caspaxos/protocol.ts';
import { detector } from './detector/protocol.ts';
import { paxos } from './paxos/protocol.ts';
import type { Protocol } from './protocol.ts';
import { raft } from './raft/protocol.ts';
import {
  paxosCommit,
  twoPhaseCommit,
  twoPhaseCommitLast,
  twoPhaseCommitRegister,
} from './two-phase-commit/protocol.ts';

export const protocols: readonly Protocol[] = [
  raft,
  paxos,
  agree,
  casPaxos,
  twoPhaseCommit,
  twoPhaseCommitLast,
  twoPhaseCommitRegister,
  paxosCommit,
  detector,
];
