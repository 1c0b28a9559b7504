/** The replicated store over Raft under simulation. */

import { fixed } from '../../../statecharts/actor.ts';
import { type RaftLimits, raftServer, type ServerContext } from '../../../statecharts/raft.ts';
import { raft } from '../../services/store/log/raft.ts';
import type { Scenario } from '../../simulator/scenario.ts';
import {
  type LogUnderProof,
  type StoreApplication,
  type StoreScenarioOptions,
  storeScenario,
} from '../store/scenario.ts';
import { createRaftInvariants, raftGoals, raftReplacementGoals } from './invariants.ts';

/** Small, so that logs are compacted and snapshots travel in chunks within seconds of virtual time. */
const smallLimits = { compactBeyondBytes: 700, retainBytes: 0, maxAppendBytes: 600 };

/** Short, so that a server that cannot be reached for a while is given up as a newcomer. */
const delays = { catchUpPatience: fixed(1_000) };

/** Servers of Raft as the log of a store. @param limits what differs from the default limits */
export const raftLog = (
  server: typeof raftServer = raftServer,
  limits: Partial<RaftLimits> = {},
): LogUnderProof<ServerContext> => ({
  name: 'raft',
  serverName: server.name,
  goals: raftGoals,
  replacementGoals: raftReplacementGoals,
  start: ({ voters, joins }) => raft({ voters, joins, limits, delays, server }),
  invariants: createRaftInvariants,
});

/** The scenario for `server`: the true one, or a broken twin that must be found out. */
export const raftScenario = (
  server: typeof raftServer = raftServer,
  options: StoreScenarioOptions = {},
): Scenario<StoreApplication> => storeScenario(raftLog(server, smallLimits), options);
