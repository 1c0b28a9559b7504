/**
 * `ioredis` at the primary of a group, wherever that is. For libraries that want a `Redis` of their own, and for groups in
 * durable mode, connect to the proxy instead: only there is a reply held until standbys have confirmed what it says. WAIT
 * after each write would not do: it counts any replicas, and a deposed primary may still have some.
 */

import { Redis, type RedisOptions } from 'ioredis';
import type { Topology } from '../../../statecharts/failover/topology.ts';
import { DurableNeedsProxyError } from './errors.ts';
import { type FollowingClient, type FollowingOptions, followPrimary } from './following.ts';

export * from './errors.ts';
export type { FollowingClient } from './following.ts';

export interface FollowRedisOptions extends FollowingOptions {
  /** Options of `ioredis`; how connections are made and repeated is decided here. */
  readonly redis?: Pick<
    RedisOptions,
    'username' | 'password' | 'db' | 'tls' | 'keyPrefix' | 'connectionName' | 'connectTimeout' | 'commandTimeout'
  >;
  /** Goes to the primary of a durable group all the same: what it acknowledges a failover may take back. Default false. */
  readonly allowLoss?: boolean;
}

/**
 * Follows the primary of a Redis group.
 *
 * @example
 * const orders = followRedis({ topology: followTopology({ managers }) });
 * await orders.run((redis) => redis.incr('orders'));
 */
export function followRedis({ redis = {}, allowLoss = false, ...options }: FollowRedisOptions): FollowingClient<Redis> {
  const refuse = ({ group, mode }: Topology): Error | undefined =>
    mode === 'durable' && !allowLoss
      ? new DurableNeedsProxyError(
          `group '${group}' is durable, which a client by itself cannot keep; connect to the proxy, or set allowLoss`,
        )
      : undefined;
  return followPrimary(
    options,
    async ({ host, port }) => {
      const client = new Redis({
        ...redis,
        host,
        port,
        lazyConnect: true,
        // A command is sent once or not at all: it is never kept for another connection.
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
        retryStrategy: () => null,
      });
      client.on('error', () => {});
      const lost = new Promise((resolve) => client.once('end', resolve));
      try {
        await client.connect();
      } catch (error) {
        client.disconnect();
        throw error;
      }
      return { client, lost, close: () => client.disconnect() };
    },
    refuse,
  );
}
