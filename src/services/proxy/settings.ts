/** How a proxy works: its limits, with units and defaults. */

import type { GroupMode } from '../../../statecharts/failover.ts';

/** What kind of servers a group has; clients are refused in its protocol. */
export type ServerKind = 'redis' | 'postgres' | 'script';

/** A server, as a connection is opened to it. */
export interface Destination {
  readonly server: string;
  readonly host: string;
  readonly port: number;
}

/** Bounds of what a proxy holds, and of how long it does. */
export interface ProxyLimits {
  /** Clients of one port, those that wait included. Default 10,000. */
  readonly connections: number;
  /** Clients of one port that wait for a server. Default 1,000. */
  readonly waiting: number;
  /** How long a client waits for a server before it is refused. Default 10,000. */
  readonly waitMs: number;
  /** How long a server may take to accept a connection. Default 2,000. */
  readonly connectTimeoutMs: number;
  /** A connection without a byte either way for so long is ended; 0, the default, for never. */
  readonly idleTimeoutMs: number;
  /** How long one side may go on after the other one has ended. Default 30,000. */
  readonly halfOpenMs: number;
  /** Bytes of replies that may wait for confirmation, per client; beyond, its server is not read. Default 1 MiB. */
  readonly heldBytesPerClient: number;
  /** The same, of all clients; one read of each may come on top. Default 256 MiB. */
  readonly heldBytes: number;
  /** A client whose replies stay unconfirmed for longer than this is cut, and does not learn the outcome. Default 5,000. */
  readonly confirmTimeoutMs: number;
  /** How long clients may finish as the proxy stops. Default 5,000. */
  readonly drainMs: number;
}

export const defaultProxyLimits: ProxyLimits = {
  connections: 10_000,
  waiting: 1_000,
  waitMs: 10_000,
  connectTimeoutMs: 2_000,
  idleTimeoutMs: 0,
  halfOpenMs: 30_000,
  heldBytesPerClient: 1024 * 1024,
  heldBytes: 256 * 1024 * 1024,
  confirmTimeoutMs: 5_000,
  drainMs: 5_000,
};

/** Whether replies are held back here: PostgreSQL waits for its standbys by itself, and of others nothing is known. */
export const holdsReplies = (kind: ServerKind, mode: GroupMode): boolean => kind === 'redis' && mode === 'durable';
