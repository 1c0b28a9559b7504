/** The replicated store over Multi-Paxos under simulation. */

import type { ServerContext } from '../../../statecharts/paxos/log/context.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import type { Limits } from '../../../statecharts/replication/limits.ts';
import { paxos } from '../../services/store/log/paxos.ts';
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
import { createPaxosInvariants, paxosGoals } from './invariants.ts';

/** Servers of Multi-Paxos as the log of a store. @param limits what differs from the default limits; `timing` from default times */
export const paxosLog = (
  server: typeof paxosServer = paxosServer,
  limits: Partial<Limits> = {},
  timing: LogTiming = {},
): LogUnderProof<ServerContext> => ({
  name: 'paxos',
  serverName: server.name,
  goals: paxosGoals,
  replacementGoals: [],
  start: ({ voters, joins }) => paxos({ voters, joins, limits, delays: briefDelays, timing, server }),
  invariants: createPaxosInvariants,
});

/** The scenario for `server`: the true one, or a broken twin that must be found out. */
export const paxosScenario = (
  server: typeof paxosServer = paxosServer,
  options: StoreScenarioOptions = {},
): Scenario<StoreApplication> => storeScenario(paxosLog(server, smallLimits), options);

/**
 * The same, with leases of leaders that hold as long as clocks keep `driftPpm`, by default as many as the simulator's do,
 * and with every way of reading that is linearizable.
 */
export const paxosLeaseScenario = (
  server: typeof paxosServer = paxosServer,
  { leaseDriftPpm = driftBound * 1e6, ...options }: StoreScenarioOptions & Pick<LogTiming, 'leaseDriftPpm'> = {},
): Scenario<StoreApplication> =>
  storeScenario(paxosLog(server, smallLimits, { leaseDriftPpm }), { readings: true, transfers: true, ...options });
