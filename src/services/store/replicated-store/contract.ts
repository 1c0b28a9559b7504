/** A replicated store as its node holds it: how it is started, what it tells, and how it ends. */

import type { Observable } from 'rxjs';
import type { Environment } from '../../../environment/environment.ts';
import type { Node } from '../../../host/node.ts';
import type { StoreFailedError } from '../errors.ts';
import type { LogMembership } from '../log/members.ts';
import type { LogStarter } from '../log/replicated-log.ts';
import type { StateCopy } from '../replica.ts';
import type { CallbackExecutor, Executor, MemberAdministration } from '../requests/contract.ts';
import type { Guard } from '../requests/guard.ts';
import type { RouterLimits } from '../requests/router.ts';
import type { RoomLimits } from '../requests/sinks.ts';
import type { ServerLimits } from '../server/limits.ts';
import type { SessionLimits } from '../sessions/entries.ts';
import type { SlicedStateMachine, StateMachine } from '../state-machine.ts';
import type { StateSamples } from '../state-samples.ts';

/** The limits of a store. Those of sessions hold on all nodes alike: the leader's travel with the log. */
export interface StoreLimits {
  readonly sessions?: Partial<SessionLimits>;
  readonly server?: Partial<ServerLimits>;
  readonly router?: Partial<RouterLimits>;
  /** Of answers that wait for slow readers. */
  readonly room?: Partial<RoomLimits>;
  /** Bytes of one command. Default 1 MiB and 8 KiB, so that a value of 1 MiB fits. */
  readonly commandBytes?: number;
}

/** How to start a store on a node. */
export interface ReplicatedStoreOptions {
  readonly node: Node;
  readonly machine: StateMachine | SlicedStateMachine;
  /** What replicates it: `raft({ voters })`. */
  readonly log: LogStarter;
  /** Tells apart the stores of a cluster; `kv` by default. */
  readonly key?: string;
  /** Time and randomness; the system's by default. The same as the node's. */
  readonly environment?: Environment;
  readonly limits?: StoreLimits;
  /** Judges what clients ask; without one they may ask everything, and those with a token nothing. */
  readonly guard?: Guard;
}

/** How a store stands on its node. */
export interface StoreStatus {
  readonly id: string;
  readonly key: string;
  /** A word of the log's protocol; `leader` for the node that takes proposals. */
  readonly role: string;
  /** The node that leads, as far as known. */
  readonly leader: string | undefined;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** Whether it has applied all that its log held when it was started; before, it gives no stale answers. */
  readonly isCaughtUp: boolean;
  readonly lastIndex: number;
  /** What the log's protocol adds about itself, for people, to stand behind the role: `in term 3` with Raft. */
  readonly remark: string;
  /** The same as fields, for programs that know the protocol: `{ term: 3 }` with Raft. */
  readonly details: Readonly<Record<string, number | string>>;
  /** The other nodes that replicate the store, sorted. */
  readonly peers: readonly string[];
  /** Requests that the log has carried so far, applied or refused. */
  readonly revision: number;
  readonly sessions: number;
  /** Results kept for repeated requests. */
  readonly keptResults: number;
  /** About the bytes of the state, where its machine tells. */
  readonly stateBytes: number | undefined;
  /** Requests that wait here for the log. */
  readonly waiting: number;
  /** Requests of this node, and those that it passes on, that are under way. */
  readonly inFlight: number;
  /** Attempts after the first that this node made. */
  readonly repeated: number;
}

/** A store, as its node holds it. */
export interface ReplicatedStore extends Executor, CallbackExecutor, MemberAdministration {
  status(): StoreStatus;
  /**
   * A copy of the state, to be read part by part while the store goes on; undefined while it is in the making, is being
   * copied, or written down.
   */
  copy(): StateCopy | undefined;
  /** What the state was after the last entries, where its machine tells a hash of it. */
  readonly samples: Pick<StateSamples, 'at' | 'lastIndex'>;
  /** Who takes part, as this node knows it. */
  readonly membership: LogMembership;
  /** Emits when that may have changed. */
  readonly changes: Observable<void>;
  /** How long each entry of writes took from its place in the log of this node, which leads, until it was applied here, in milliseconds. */
  readonly commitTimes: Observable<number>;
  /** Emits once when the store cannot go on; its node stops then, because a leader that cannot apply would block all. */
  readonly failure: Observable<StoreFailedError>;
  /**
   * Before this node stops: where it leads, lets another one lead, so that the others need not miss it first. Requests are
   * taken as before.
   *
   * @param patienceMs how long to wait for that at most. Default 1,000 ms, the longest election timeout
   */
  resign(patienceMs?: number): Promise<void>;
  /**
   * Takes no more requests; those under way end as not happened, or as unknown. The node goes on to replicate.
   * Idempotent.
   */
  close(): void;
}
