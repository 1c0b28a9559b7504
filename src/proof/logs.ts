/** The logs that a store can stand on, as their proofs know them: the one list that is edited when there is another. */

import { delays as paxosDelays } from '../../statecharts/paxos/log/vocabulary.ts';
import { delays as primaryBackupDelays } from '../../statecharts/primary-backup/vocabulary.ts';
import { delays as raftDelays } from '../../statecharts/raft/vocabulary.ts';
import type { LogProtocolName } from '../services/store/log/protocol-names.ts';
import type { Scenario } from '../simulator/scenario.ts';
import { paxosLog } from './paxos/scenario.ts';
import { primaryBackupLog } from './primary-backup/scenario.ts';
import { raftLog } from './raft/scenario.ts';
import { type StoreApplication, storeScenario } from './store/scenario.ts';

/** One of them. */
export interface ProvenLog {
  /** What it is called in tables. */
  readonly title: string;
  /** The time after which its servers look for another leader: the least of Raft and of primary-backup, on average of Multi-Paxos. */
  readonly electionTimeoutMs: number;
  /** The store over it, with the limits that it has by default. */
  scenario(): Scenario<StoreApplication>;
}

export const provenLogs: Readonly<Record<LogProtocolName, ProvenLog>> = {
  raft: {
    title: 'Raft',
    electionTimeoutMs: raftDelays.electionTimeout.minMs,
    scenario: () => storeScenario(raftLog()),
  },
  paxos: {
    title: 'Multi-Paxos',
    electionTimeoutMs: (paxosDelays.electionRound.minMs + paxosDelays.electionRound.maxMs) / 2,
    scenario: () => storeScenario(paxosLog()),
  },
  'primary-backup': {
    title: 'Primary-backup',
    electionTimeoutMs: primaryBackupDelays.electionTimeout.minMs,
    scenario: () => storeScenario(primaryBackupLog()),
  },
};
