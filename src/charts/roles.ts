/** The actors whose charts can be asked for by name. */

import type { AnyStateMachine } from 'xstate';
import { failoverManager, faultDetector, heartbeat, probe, route, standby } from '../../statecharts/failover.ts';
import { acceptor, learner, paxosServer, proposer, register } from '../../statecharts/paxos.ts';
import { primaryBackupReplica } from '../../statecharts/primary-backup.ts';
import { raftServer } from '../../statecharts/raft.ts';
import { acceptor as commitAcceptor, coordinator, participant } from '../../statecharts/two-phase-commit.ts';

/** An actor with a chart. */
export interface Role {
  readonly name: string;
  readonly chart: AnyStateMachine;
}

/** Every actor of the protocols here; in the order in which the documents describe them. */
export const roles: readonly Role[] = [
  coordinator,
  participant,
  commitAcceptor,
  proposer,
  acceptor,
  learner,
  register,
  paxosServer,
  raftServer,
  primaryBackupReplica,
  faultDetector,
  heartbeat,
  probe,
  failoverManager,
  route,
  standby,
].map(({ name, chart }) => ({ name, chart }));
