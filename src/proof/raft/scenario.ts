/** The replicated store over Raft under simulation. */

import { type RaftLimits, raftServer, type ServerContext } from '../../../statecharts/raft.ts';
import { raft } from '../../services/store/log/raft.ts';
import type { LogTiming } from '../../services/store/log/timing.ts';
import { driftBound } from '../../simulator/plan.ts';
import type { Scenario } from '../../simulator/scenario.ts';
import {
  briefDelays,
  type LogUnderProof,
  type StoreApplication,
  type StoreScenarioOptions,
  smallLimits,
  storeScenario,
} from '../store/scenario.ts';
import { createRaftInvariants, raftGoals, raftReplacementGoals } from './invariants.ts';

/** Servers of Raft as the log of a store. @param limits what differs from the default limits; `timing` from default times */
export const raftLog = (
  server: typeof raftServer = raftServer,
  limits: Partial<RaftLimits> = {},
  timing: LogTiming = {},
): LogUnderProof<ServerContext> => ({
  name: 'raft',
  serverName: server.name,
  goals: raftGoals,
  replacementGoals: raftReplacementGoals,
  start: ({ voters, joins }) => raft({ voters, joins, limits, delays: briefDelays, timing, server }),
  invariants: createRaftInvariants,
});

/** The scenario for `server`: the true one, or a broken twin that must be found out. */
export const raftScenario = (
  server: typeof raftServer = raftServer,
  options: StoreScenarioOptions = {},
): Scenario<StoreApplication> => storeScenario(raftLog(server, smallLimits), options);

/**
 * The same, with leases of leaders that hold as long as clocks keep `driftPpm`, by default as many as the simulator's do,
 * and with every way of reading that is linearizable.
 */
export const raftLeaseScenario = (
  server: typeof raftServer = raftServer,
  { leaseDriftPpm = driftBound * 1e6, ...options }: StoreScenarioOptions & Pick<LogTiming, 'leaseDriftPpm'> = {},
): Scenario<StoreApplication> =>
  storeScenario(raftLog(server, smallLimits, { leaseDriftPpm }), { readings: true, transfers: true, ...options });
