/** The replicated store over Raft under simulation. */

import { type RaftLimits, raftServer, type ServerContext } from '../../../statecharts/raft.ts';
import { raft } from '../../services/store/log/raft.ts';
import { driftBound } from '../../simulator/plan.ts';
import type { Scenario } from '../../simulator/scenario.ts';
import {
  briefDelays,
  type LogUnderProof,
  type StoreApplication,
  type StoreScenarioOptions,
  smallLimits,
  storeScenario,
  type TimingOf,
} from '../store/scenario.ts';
import { createRaftInvariants, raftGoals, raftReplacementGoals } from './invariants.ts';

/** Servers of Raft as the log of a store. @param limits what differs from the default limits; `timingOf` from default times */
export const raftLog = (
  server: typeof raftServer = raftServer,
  limits: Partial<RaftLimits> = {},
  timingOf: TimingOf = () => ({}),
): LogUnderProof<ServerContext> => ({
  name: 'raft',
  serverName: server.name,
  goals: raftGoals,
  replacementGoals: raftReplacementGoals,
  start: ({ id, randomness, voters, joins }) => {
    const timing = timingOf(id, randomness.stream('timing'));
    return raft({ voters, joins, limits, delays: briefDelays, timing, server });
  },
  invariants: createRaftInvariants,
});

/** The scenario for `server`: the true one, or a broken twin that must be found out. */
export const raftScenario = (
  server: typeof raftServer = raftServer,
  options: StoreScenarioOptions = {},
): Scenario<StoreApplication> => storeScenario(raftLog(server, smallLimits), options);

/** What a scenario with leases has besides: what machines are told of times, where that is not the same for all. */
export type RaftLeaseOptions = StoreScenarioOptions & { readonly timingOf?: TimingOf };

/**
 * The same, with leases of leaders that hold as long as clocks drift no more than the simulator's do, unless machines are told
 * otherwise, and with every way of reading that is linearizable.
 */
export const raftLeaseScenario = (
  server: typeof raftServer = raftServer,
  { timingOf = () => ({ leaseDriftPpm: driftBound * 1e6 }), ...options }: RaftLeaseOptions = {},
): Scenario<StoreApplication> =>
  storeScenario(raftLog(server, smallLimits, timingOf), { readings: true, transfers: true, ...options });
