/** A manager of a group as an application has it: what it is given, and what it shows. */

import type { Observable } from 'rxjs';
import type {
  DetectorSettings,
  EstimatorConfig,
  GivenGroupPlan,
  ManagerOutput,
  OpinionChange,
  Topology,
  Transition,
} from '../../../../statecharts/failover.ts';
import type { NatsServer } from '../../../bus/nats.ts';
import type { ClusterSecret, HostPort, OpenClients, TlsIdentity } from '../../../bus/tcp.ts';
import type { Environment } from '../../../environment/environment.ts';
import type { Node } from '../../../host/node.ts';
import type { ManagedServer } from '../../../resources/managed/server.ts';
import type { RunningNode } from '../../start-node.ts';
import type { Hook } from '../hooks.ts';
import type { ManagerHttpOptions } from '../http/server.ts';
import type { OperatorRequest } from '../operator.ts';
import type { FailoverStatus } from '../status.ts';

export interface ManagerNodeOptions {
  /** The manager's name; it stays the same for all its lives. */
  readonly id: string;
  /** All managers of the group, this one included, and where they listen. */
  readonly managers: Readonly<Record<string, HostPort>>;
  /** Reaches other managers over this NATS server in place of TCP; where they listen is then a name of a place and no more. */
  readonly nats?: NatsServer;
  /** Its durable data; made when it is not there, and given to no other node. */
  readonly dataDirectory: string;
  /** What the managers share; needed as soon as there are others. */
  readonly secret?: ClusterSecret;
  /**
   * Secures TCP and HTTP by TLS: managers show each other certificates that name them in cluster `failover-GROUP` (see
   * `createTcpBus`), and HTTP shows the same to its clients, which need none. Off by default, and alike on all managers. Over
   * NATS it is for HTTP alone.
   */
  readonly tls?: TlsIdentity;
  readonly http: HostPort & Pick<ManagerHttpOptions, 'hostNames' | 'onUnexpected'>;
  /** Which clients of HTTP need no token: those on this machine by default. */
  readonly openClients?: OpenClients;
  /** Its group must stay the same, and its mode. */
  readonly plan: GivenGroupPlan;
  /** Of a durable group; both must stay the same. Default 1, and 3. */
  readonly confirmations?: number;
  readonly maxFlaps?: number;
  /** Each server of the plan: where clients reach it, and how this manager does. */
  readonly servers: Readonly<Record<string, { readonly address: HostPort; readonly server: ManagedServer }>>;
  readonly estimator?: EstimatorConfig;
  readonly detector?: Partial<DetectorSettings>;
  readonly hooks?: readonly Hook[];
  /** The process, for the status; left out, that does not say. */
  readonly pid?: number;
  readonly environment?: Environment;
  /** Called before any actor starts. */
  readonly inspect?: (node: Node) => void;
}

/** What happens at a manager, for its log. */
export type ManagerNews =
  | { readonly type: 'manager'; readonly output: Exclude<ManagerOutput, { type: 'accepted' | 'refused' }> }
  | { readonly type: 'transition'; readonly transition: Transition }
  | { readonly type: 'opinion'; readonly server: string; readonly change: OpinionChange }
  /** Something went wrong that no failover waits for. */
  | { readonly type: 'trouble'; readonly code: 'HOOK_FAILED' | 'AUDIT_LOST'; readonly message: string };

export interface ManagerNode {
  readonly node: Node;
  readonly bus: RunningNode['bus'];
  readonly httpUrl: string;
  readonly topology: Observable<Topology>;
  readonly news: Observable<ManagerNews>;
  status(): FailoverStatus;
  /**
   * Replaces certificate, key and authority for connections that are made from now on.
   *
   * @throws BusOptionsError, TlsIdentityError when it runs without TLS, or these are unusable or another's; the former stay
   */
  setTls(identity: TlsIdentity): void;
  /** As `OperatorDesk.request`. */
  request(asked: OperatorRequest): Promise<void>;
  /** Emits once when the manager has stopped for good, and cannot go on. */
  readonly failure: Observable<Error>;
  /** Stops cleanly: lets another manager be in office, if this one is. Idempotent. */
  stop(): Promise<void>;
}
