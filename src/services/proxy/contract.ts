/** What a proxy is given, and what it offers. */

import type { Observable } from 'rxjs';
import type { Topology } from '../../../statecharts/failover.ts';
import type { Environment } from '../../environment/environment.ts';
import type { Node } from '../../host/node.ts';
import type { RedisLogin } from '../../resources/managed/redis/connection.ts';
import type { DoorStanding, HostPort } from './door.ts';
import type { ProxyMetrics } from './metrics.ts';
import type { ProxyNotice } from './notices.ts';
import type { ProxyLimits, ServerKind } from './settings.ts';

/** Where a proxy listens, and for whom. */
export interface ProxyOptions {
  readonly group: string;
  readonly kind: ServerKind;
  /** What is heard of the group, each time: what is earlier than what is known is left out here. */
  readonly topology: Observable<Topology>;
  /** Where clients come in that go to the primary; port 0 for any that is free. */
  readonly listen: HostPort;
  /** Where readers come in, who take what standbys have: it may be behind, and of Redis it may be taken back by a failover. */
  readonly reads?: HostPort;
  /** How far behind the primary a standby may be for readers. Default 1 MiB. */
  readonly maxReadLagBytes?: number;
  /**
   * How the proxy's own connections to Redis servers are let in. With `tls`, clients' connections go on to the servers under TLS
   * as well, and clients speak to the proxy without it: let it listen where nothing else comes between.
   */
  readonly redis?: RedisLogin;
  /** How long no news of the group are bearable, in milliseconds. Default 15,000. */
  readonly unheardAfterMs?: number;
  readonly limits?: Partial<ProxyLimits>;
  readonly environment?: Environment;
  /** The node that the route lives on, as inspectors call it. Default `proxy`. */
  readonly id?: string;
  /** Called before the route starts, so that an inspector sees it from its first moment on. */
  readonly inspect?: (node: Node) => void;
}

/** How a proxy stands. */
export interface ProxyStatus {
  readonly group: string;
  readonly kind: ServerKind;
  /** `routeless`, `routed` or `cutting`. */
  readonly route: string | undefined;
  /** Whether new clients are sent to the primary now; in durable mode that takes a control session. */
  readonly isOpen: boolean;
  readonly known: Topology | null;
  readonly newsAgeMs: number | null;
  readonly doors: Readonly<Record<string, DoorStanding>>;
}

/** A proxy that runs. */
export interface GroupProxy {
  readonly address: HostPort;
  readonly readsAddress: HostPort | undefined;
  readonly notices: Observable<ProxyNotice>;
  readonly node: Node;
  readonly metrics: Pick<ProxyMetrics, 'contentType' | 'render'>;
  status(): ProxyStatus;
  /** Refuses new clients, lets the others finish for a while, and ends. Idempotent. */
  stop(): Promise<void>;
}
