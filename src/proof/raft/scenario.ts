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

/** Servers of Raft as the log of a store. @param limits what differs from the default limits; `timingOf` says what of each machine's differs from default times */
export const raftLog = (
  server: typeof raftServer = raftServer,
  limits: Partial<RaftLimits> = {},
  timingOf: (machine: string) => LogTiming = () => ({}),
): LogUnderProof<ServerContext> => ({
  name: 'raft',
  serverName: server.name,
  goals: raftGoals,
  replacementGoals: raftReplacementGoals,
  start: ({ id, voters, joins }) => raft({ voters, joins, limits, delays: briefDelays, timing: timingOf(id), server }),
  invariants: createRaftInvariants,
});

/** The scenario for `server`: the true one, or a broken twin that must be found out. */
export const raftScenario = (
  server: typeof raftServer = raftServer,
  options: StoreScenarioOptions = {},
): Scenario<StoreApplication> => storeScenario(raftLog(server, smallLimits), options);

/** What a scenario with leases has besides: the bound of clocks, and which machines were told of leases; all by default. */
export type RaftLeaseOptions = StoreScenarioOptions &
  Pick<LogTiming, 'leaseDriftPpm'> & { readonly leased?: (machine: string) => boolean };

/**
 * The same, with leases of leaders that hold as long as clocks keep `leaseDriftPpm`, by default as many as the simulator's do,
 * and with every way of reading that is linearizable.
 */
export function raftLeaseScenario(
  server: typeof raftServer = raftServer,
  { leaseDriftPpm = driftBound * 1e6, leased = () => true, ...options }: RaftLeaseOptions = {},
): Scenario<StoreApplication> {
  const timingOf = (machine: string): LogTiming => (leased(machine) ? { leaseDriftPpm } : {});
  return storeScenario(raftLog(server, smallLimits, timingOf), { readings: true, transfers: true, ...options });
}
