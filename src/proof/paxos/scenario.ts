/** The replicated store over Multi-Paxos under simulation. */

import type { ServerContext } from '../../../statecharts/paxos/log/context.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import type { Limits } from '../../../statecharts/replication/limits.ts';
import { type PaxosOptions, paxos } from '../../services/store/log/paxos.ts';
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
import { createPaxosInvariants, paxosGoals } from './invariants.ts';

/** Servers of Multi-Paxos as the log of a store. @param limits what differs from the default limits; `options` from all else, but for `timingOf` */
export const paxosLog = (
  server: typeof paxosServer = paxosServer,
  limits: Partial<Limits> = {},
  options: Pick<PaxosOptions, 'quorums'> = {},
  timingOf: TimingOf = () => ({}),
): LogUnderProof<ServerContext> => ({
  name: 'paxos',
  serverName: server.name,
  goals: paxosGoals,
  replacementGoals: [],
  start: ({ id, randomness, voters, joins }) => {
    const timing = timingOf(id, randomness.stream('timing'));
    return paxos({ voters, joins, limits, delays: briefDelays, timing, server, ...options });
  },
  // Larger quorums than majorities need more machines than these.
  ...(options.quorums === undefined ? {} : { heals: 'all' }),
  invariants: createPaxosInvariants,
});

/** The scenario for `server`: the true one, or a broken twin that must be found out. */
export const paxosScenario = (
  server: typeof paxosServer = paxosServer,
  options: StoreScenarioOptions = {},
): Scenario<StoreApplication> => storeScenario(paxosLog(server, smallLimits), options);

/** What a scenario with leases has besides: what machines are told of times, and quorums of other sizes than majorities. */
export type PaxosLeaseOptions = StoreScenarioOptions & { readonly timingOf?: TimingOf } & Pick<PaxosOptions, 'quorums'>;

/**
 * The same, with leases of leaders that hold as long as clocks drift no more than the simulator's do, unless machines are told
 * otherwise, and with every way of reading that is linearizable.
 */
export function paxosLeaseScenario(
  server: typeof paxosServer = paxosServer,
  { timingOf = () => ({ leaseDriftPpm: driftBound * 1e6 }), quorums, ...options }: PaxosLeaseOptions = {},
): Scenario<StoreApplication> {
  const log = paxosLog(server, smallLimits, quorums === undefined ? {} : { quorums }, timingOf);
  return storeScenario(log, { readings: true, transfers: true, ...options });
}
