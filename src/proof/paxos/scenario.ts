/** The replicated store over Multi-Paxos under simulation. */

import { fixed } from '../../../statecharts/actor.ts';
import type { ServerContext } from '../../../statecharts/paxos/log/context.ts';
import { paxosServer } from '../../../statecharts/paxos/server.ts';
import type { Limits } from '../../../statecharts/replication/limits.ts';
import { paxos } from '../../services/store/log/paxos.ts';
import type { Scenario } from '../../simulator/scenario.ts';
import {
  type LogUnderProof,
  type StoreApplication,
  type StoreScenarioOptions,
  storeScenario,
} from '../store/scenario.ts';
import { createPaxosInvariants, paxosGoals } from './invariants.ts';

/** Small, so that logs are compacted and snapshots travel in chunks within seconds of virtual time. */
const smallLimits = { compactBeyondBytes: 700, retainBytes: 0, maxAppendBytes: 600 };

/** Short, so that a server that cannot be reached for a while is given up as a newcomer. */
const delays = { catchUpPatience: fixed(1_000) };

/** Servers of Multi-Paxos as the log of a store. @param limits what differs from the default limits */
export const paxosLog = (
  server: typeof paxosServer = paxosServer,
  limits: Partial<Limits> = {},
): LogUnderProof<ServerContext> => ({
  name: 'paxos',
  serverName: server.name,
  goals: paxosGoals,
  replacementGoals: [],
  start: ({ voters, joins }) => paxos({ voters, joins, limits, delays, server }),
  invariants: createPaxosInvariants,
});

/** The scenario for `server`: the true one, or a broken twin that must be found out. */
export const paxosScenario = (
  server: typeof paxosServer = paxosServer,
  options: StoreScenarioOptions = {},
): Scenario<StoreApplication> => storeScenario(paxosLog(server, smallLimits), options);
